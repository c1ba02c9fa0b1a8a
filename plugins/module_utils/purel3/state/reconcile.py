# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, apply, read again, verify, roll back: the one way in which the kernel's network is changed."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..base.errors import FabricError, ForeignObject, KernelError, RolledBack
from ..base.proposal import Proposal
from .kinds.kind import Key, Resource
from .kinds.registry import KINDS, describe, device_place, kind_of
from .kinds.table import Table
from .plan import RELEASE, Observed, Op, Plan, Request, compare, diff
from .plan_words import Words, put_in_words

if t.TYPE_CHECKING:
    from .adopt import Adoption, Labels


RemarksOf = t.Callable[[Observed], t.Iterable[str]]


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

    def read_as(self, labels: Labels) -> Observed:
        """Read the whole scope as if some interfaces bore other names and marks; raises FabricError."""

    def renames_live(self) -> bool:
        """Whether an interface gets another name while it is up."""

    def apply(self, plan: Plan, observed: Observed) -> None:
        """Carry out a plan that was made from what was observed.

        Raises KernelError where an operation is refused; its attribute `done`, where it has one, lists what was done.
        """


def propose(request: Request, kernel: Kernel, remarks_of: RemarksOf = lambda _observed: ()) -> Proposal:
    """Plan what makes a request true; raises FabricError where it cannot be met.

    remarks_of: says what the user should know of what is there before it changes.
    """
    observed = kernel.read()
    if request.adopts:
        # Seldom: nobody else loads that.
        from . import adopt

        found = adopt.find(request, observed, renames_live=kernel.renames_live())
        if found:
            return _propose_adoption(request, kernel, observed, found, remarks_of)
    plan, obstacles = compare(request, observed)
    words = put_in_words(plan) if plan else Words((), "", "")

    def apply() -> None:
        carry_out(request, kernel, observed, plan)

    def undo() -> None:
        remains = _undo(kernel, observed, plan)
        if remains:
            raise KernelError(remains)

    remarks = tuple(remarks_of(observed))
    return Proposal(words.operations, words.before, words.after, apply, undo, remarks=remarks, obstacles=obstacles)


def _propose_adoption(
    request: Request, kernel: Kernel, observed: Observed, found: t.Sequence[Adoption], remarks_of: RemarksOf
) -> Proposal:
    from . import adopt

    claims = adopt.claims(found)
    labels = adopt.labels(found)
    still = {into.place: device for (_namespace, device), into in labels.items() if into.device != device}
    labelled = replace(kernel.read_as(labels), still=still)
    lost = list(adopt.losses(request, observed, found))
    try:
        plan, obstacles = compare(request, labelled)
    except ForeignObject as error:
        lost.append(str(error))
    if lost:
        raise ForeignObject("\n".join(lost))
    words = put_in_words((*claims, *plan))

    def apply() -> None:
        try:
            _claim(kernel, observed, (*adopt.announcements(plan), *claims))
            carry_out(request, kernel, labelled, plan)
        except FabricError as error:
            left = error.remains if isinstance(error, RolledBack) else ""
            fault = error.fault if isinstance(error, RolledBack) else str(error)
            remains = [*([left] if left else []), *_give_back(kernel, observed, found)]
            raise RolledBack(fault, "; ".join(remains)) from error

    def undo() -> None:
        remains = [one for one in (_undo(kernel, labelled, plan), *_give_back(kernel, observed, found)) if one]
        if remains:
            raise KernelError("; ".join(remains))

    why = "before Linux 6.2 nothing is renamed otherwise"
    warnings = tuple(f"{describe(one.found)} is down for a moment: {why}" for one in found if one.goes_down)
    remarks = tuple(remarks_of(labelled))
    told = (words.operations, words.before, words.after)
    return Proposal(*told, apply, undo, warnings=warnings, remarks=remarks, obstacles=obstacles)


def _claim(kernel: Kernel, observed: Observed, claims: Plan) -> None:
    kernel.apply(claims, observed)
    now = kernel.look_at(_objects(claims)).resources
    missing = tuple(op for op in claims if now.get(op.subject.key) != op.after)
    if missing:
        what = ", ".join(put_in_words(missing).operations)
        raise KernelError(f"the kernel took the change but does not show it: {what}")


def _give_back(kernel: Kernel, observed: Observed, found: t.Sequence[Adoption]) -> t.Iterator[str]:
    """Take names and marks away again, whatever of them is there, and say in words what remains."""
    from . import adopt

    objects: t.List[Resource] = [pair for one in found for pair in (one.found, one.claimed)]
    objects += observed.of(Table)
    try:
        kernel.apply(tuple(Op(RELEASE, one.claimed, one.found) for one in found), kernel.read(objects))
        now = kernel.read(objects)
        request = adopt.giving_back(observed, now, found)
        kernel.apply(compare(request, now).plan, now)
        left = compare(request, kernel.read(objects)).plan
    except FabricError as error:
        yield f"giving back failed as well ({error}); see {', '.join(describe(one.found) for one in found)}"
        return
    if left:
        yield f"everything was given back except: {', '.join(put_in_words(left).operations)}"


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
