# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, apply, read again, verify, roll back: the one way in which the kernel's network is changed."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..base.errors import FabricError, KernelError, RolledBack
from ..base.proposal import Proposal
from .kinds.kind import Key, Resource
from .kinds.registry import KINDS, describe, device_place, kind_of
from .plan import Observed, Plan, Request, compare, diff
from .plan_words import Words, put_in_words


class Kernel(t.Protocol):
    """The kernel's network within one scope."""

    def read(self, touched: t.Optional[t.Iterable[Resource]] = None) -> Observed:
        """Read what is there; raises FabricError.

        touched: read at least these objects, as they were or should be; None reads the whole scope.
        """

    def look_at(self, objects: t.Sequence[Resource]) -> Observed:
        """Read some objects, as they were or should be, and no others; raises FabricError.

        What it returns is not enough to plan additions.
        """

    def apply(self, plan: Plan, observed: Observed) -> None:
        """Carry out a plan that was made from what was observed.

        Raises KernelError where an operation is refused; its attribute `done`, where it has one, lists what was done.
        """


def propose(request: Request, kernel: Kernel) -> Proposal:
    """Plan what makes a request true; raises FabricError where it cannot be met."""
    observed = kernel.read()
    plan, obstacles = compare(request, observed)
    words = put_in_words(plan) if plan else Words((), "", "")

    def apply() -> None:
        carry_out(request, kernel, observed, plan)

    def undo() -> None:
        remains = _undo(kernel, observed, plan)
        if remains:
            raise KernelError(remains)

    return Proposal(words.operations, words.before, words.after, apply, undo, obstacles=obstacles)


def carry_out(request: Request, kernel: Kernel, observed: Observed, plan: Plan) -> None:
    """Apply a plan, verify that it took, and undo it if anything fails.

    Raises RolledBack: which object failed, what the kernel said, and what remains changed.
    """
    try:
        kernel.apply(plan, observed)
        left = _still_to_do(request, kernel.look_at(_objects(plan)), _touched(plan))
    except FabricError as error:
        done: Plan = getattr(error, "done", plan)
        raise RolledBack(str(error), _undo(kernel, observed, done)) from error
    if left:
        what = ", ".join(put_in_words(left).operations)
        raise RolledBack(f"the kernel took the change but does not show it: {what}", _undo(kernel, observed, plan))


def _touched(plan: Plan) -> t.FrozenSet[Key]:
    return frozenset(op.subject.key for op in plan)


def _objects(plan: Plan) -> t.List[Resource]:
    return [side for op in plan for side in (op.before, op.after) if side is not None]


def _still_to_do(request: Request, observed: Observed, touched: t.FrozenSet[Key]) -> Plan:
    narrowed = Request(
        present={key: wanted for key, wanted in request.present.items() if key in touched},
        absent=frozenset(key for key in touched if key not in request.present),
        protocols=request.protocols,
        trusted=touched,
    )
    return diff(narrowed, observed)


def _undo(kernel: Kernel, before: Observed, done: Plan) -> str:
    """Plan back to what was, and say in words what remains; empty for nothing."""
    was = _what_was(before, done)
    # What is not made by itself goes with its interface; one that was there before is in `was`.
    made = frozenset(key for key in _touched(done) if key not in was and KINDS[key[0]].is_deletable)
    request = Request(present=was, absent=made, trusted=made | frozenset(was))
    try:
        objects = [*_objects(done), *was.values()]
        now = kernel.read(objects)
        kernel.apply(compare(replace(request, present=_possible(was, now)), now).plan, now)
        left = compare(request, kernel.read(objects)).plan
    except FabricError as error:
        remains = ", ".join(describe(op.subject) for op in done)
        return f"undoing it failed as well ({error}); these may remain changed: {remains}"
    if left:
        return f"everything was undone except: {', '.join(put_in_words(left).operations)}"
    return ""


def _what_was(before: Observed, done: Plan) -> t.Dict[Key, Resource]:
    """Collect the objects to put back: those that were changed, and all that went with an interface."""
    touched = _touched(done)
    lost = {
        place
        for op in done
        if op.before is not None and op.after is None
        for place in kind_of(op.before).places(op.before)
    }
    return {
        key: was
        for key, was in before.resources.items()
        if (key in touched and kind_of(was).is_whole(was))
        or (device_place(was) in lost and not kind_of(was).comes_along(was))
    }


def _possible(was: t.Mapping[Key, Resource], now: Observed) -> t.Dict[Key, Resource]:
    """Leave out what is gone and cannot be made again, with all that hung on it."""
    lost = {
        place
        for key, old in was.items()
        if key not in now.resources and not kind_of(old).can_be_remade(old)
        for place in kind_of(old).places(old)
    }
    return {
        key: old
        for key, old in was.items()
        if device_place(old) not in lost and not lost.intersection(kind_of(old).places(old))
    }
