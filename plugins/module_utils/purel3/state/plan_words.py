# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans in words: one line an object, for diffs and messages."""

from __future__ import annotations

import typing as t

from .kinds.kind import Key, Place, Resource
from .kinds.registry import describe, kind_of
from .kinds.scope import OWN_NAMESPACE
from .plan import CHANGE, Op, Plan


class Change(t.NamedTuple):
    """What becomes of one object, in words: empty before for one that comes, empty after for one that goes."""

    before: str
    after: str
    tells_after_alone: bool = False

    def __str__(self) -> str:
        if not self.before or not self.after:
            return f"+ {self.after}" if self.after else f"- {self.before}"
        return f"~ {self.after}" if self.tells_after_alone else f"~ {self.before} => {self.after}"


class Words(t.NamedTuple):
    """A plan in words.

    operations: one line an object, with + for what comes, ~ for what changes, - for what goes.
    before, after: the objects concerned, as they are and as they will be.
    """

    operations: t.Tuple[str, ...]
    before: str
    after: str


def put_in_words(plan: Plan) -> Words:
    """Describe a plan in sorted lines."""
    found = sorted_changes(plan)
    return Words(tuple(map(str, found)), _join(one.before for one in found), _join(one.after for one in found))


def sorted_changes(plan: Plan) -> t.List[Change]:
    """Say of each object what becomes of it; what comes or goes with a veth pair is told by the pair alone."""
    folded = _places_told_by_others(plan)
    found = []
    for op in _whole(plan):
        kind = kind_of(op.subject)
        if op.before is not None and op.after is not None:
            old, new = (kind.describe_change or _describe_both)(op.before, op.after)
            found.append(Change(old, new, kind.tells_after_alone))
        elif (kind.folds_into or kind.place)(op.subject) not in folded:
            line = kind.describe(op.subject)
            found.append(Change(line, "") if op.after is None else Change("", line))
    return sorted(found, key=lambda change: (str(change)[2:], str(change)))


def _whole(plan: Plan) -> t.Iterator[Op]:
    """The operations, but each object that is changed in several as one."""
    changed: t.Dict[Key, Op] = {}
    for op in plan:
        if op.verb != CHANGE:
            yield op
            continue
        first = changed.get(op.subject.key, op)
        changed[op.subject.key] = op._replace(before=first.before)
    yield from changed.values()


def _places_told_by_others(plan: Plan) -> t.Set[Place]:
    """Interfaces that come or go with an object, and the namespaces that they are in."""
    places: t.Set[Place] = set()
    for op in plan:
        if op.before is None or op.after is None:
            for place in kind_of(op.subject).places(op.subject):
                places.update((place, (place[0], "")))
    places.discard((OWN_NAMESPACE, ""))
    return places


def _describe_both(before: Resource, after: Resource) -> t.Tuple[str, str]:
    return describe(before), describe(after)


def _join(lines: t.Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines) if line)
