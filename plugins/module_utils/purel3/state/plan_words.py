# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans in words: one line an object, for diffs and messages."""

from __future__ import annotations

import typing as t

from .model import OWN_NAMESPACE, End, Guard, Namespace, Place, Resource, Veth, device_place
from .plan import Plan
from .words import describe


class Words(t.NamedTuple):
    """A plan in words.

    Args:
        operations: one line an object, with + for what comes, ~ for what changes, - for what goes.
        before: the objects concerned, as they are.
        after: the objects concerned, as they will be.
    """

    operations: t.Tuple[str, ...]
    before: str
    after: str


def put_in_words(plan: Plan) -> Words:
    """Describe a plan; what comes or goes with a veth pair is told by the pair alone.

    Args:
        plan: the operations.

    Returns:
        Sorted lines.
    """
    folded = _places_told_by_pairs(plan)
    operations, before, after = [], [], []
    for op in plan:
        subject = op.subject
        place: t.Optional[Place] = device_place(subject)
        if isinstance(subject, Namespace):
            place = (subject.name, "")
        if place in folded and (op.before is None or op.after is None):
            continue
        if op.before is not None and op.after is not None:
            old, new = _describe_change(op.before, op.after)
            operations.append(f"~ {old} => {new}" if not isinstance(subject, Veth) else f"~ {new}")
        else:
            old = describe(op.before) if op.before is not None else ""
            new = describe(op.after) if op.after is not None else ""
            operations.append(f"+ {new}" if new else f"- {old}")
        before.extend([old] if old else [])
        after.extend([new] if new else [])
    return Words(tuple(sorted(operations, key=lambda line: (line[2:], line))), _join(before), _join(after))


def _places_told_by_pairs(plan: Plan) -> t.Set[Place]:
    places: t.Set[Place] = set()
    for op in plan:
        if isinstance(op.subject, Veth) and (op.before is None or op.after is None):
            for end in op.subject:
                places.update((end.place, (end.namespace, "")))
    places.discard((OWN_NAMESPACE, ""))
    return places


def _describe_change(before: Resource, after: Resource) -> t.Tuple[str, str]:
    if isinstance(before, Guard) and isinstance(after, Guard):
        return _describe_guards(before, after)
    if not (isinstance(before, Veth) and isinstance(after, Veth)):
        return describe(before), describe(after)
    old, new = describe(before), describe(after)
    for end_before, end_after in zip(before, after):
        for name, was, wanted in zip(End._fields, end_before, end_after):
            if was != wanted:
                old += f"  {end_before.device} {_setting(name, was)}"
                new += f"  {end_after.device} {_setting(name, wanted)}"
    return old, new


def _describe_guards(before: Guard, after: Guard) -> t.Tuple[str, str]:
    gone = [endpoint for endpoint in before.endpoints if endpoint not in after.endpoints]
    come = [endpoint for endpoint in after.endpoints if endpoint not in before.endpoints]
    old, new = ("  ".join((describe(guard), *ends)) for guard, ends in ((before, gone), (after, come)))
    is_altered = (before.frame, before.rules) != (after.frame, after.rules)
    return (f"{old}  with other rules" if is_altered else old), new


def _setting(name: str, value: object) -> str:
    if name == "is_up":
        return "up" if value else "down"
    return f"{name} {value}" if value != "" else f"no {name}"


def _join(lines: t.Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines))
