# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that a module does one after the other, and undoes if one of them fails."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from .errors import FabricError, RolledBack
from .proposal import Proposal, do_nothing


@dataclass(frozen=True)
class Step:
    """One thing to do.

    operations: in words, as in Proposal; none where it goes without saying.
    undo: puts back what was, even if it was done in part only.
    before, after: what it replaces and what it brings, as in Proposal.
    """

    operations: t.Tuple[str, ...]
    do: t.Callable[[], None]
    undo: t.Callable[[], None] = do_nothing
    before: str = ""
    after: str = ""


def take(steps: t.Sequence[Step]) -> None:
    """Do all in order; if one fails, undo it and all before it, and raise RolledBack."""
    for position, step in enumerate(steps):
        try:
            step.do()
        except (FabricError, OSError) as error:
            # A step may have undone its own part already.
            fault, own = (error.fault, error.remains) if isinstance(error, RolledBack) else (_in_words(error), "")
            remains = _undo(steps[: position + 1])
            raise RolledBack(fault, "; ".join(filter(None, (own, remains)))) from error


def step_of(proposal: Proposal) -> Step:
    """Make a step of a proposal, which rolls back by itself what it could not complete; without operations, nothing."""
    if not proposal.operations:
        return Step((), do_nothing)
    applied: t.List[Proposal] = []

    def do() -> None:
        proposal.apply()
        applied.append(proposal)

    def undo_it() -> None:
        while applied:
            applied.pop().undo()

    return Step(proposal.operations, do, undo_it, proposal.before, proposal.after)


def join(first: Proposal, second: Proposal) -> Proposal:
    """Make one proposal of two without values: the second is applied after the first, and both are, or neither is."""
    steps = (step_of(first), step_of(second))
    return Proposal(
        operations=first.operations + second.operations,
        before=first.before + second.before,
        after=first.after + second.after,
        apply=functools.partial(take, steps),
        undo=functools.partial(undo, steps),
        warnings=first.warnings + second.warnings,
        obstacles=first.obstacles + second.obstacles,
    )


def undo(steps: t.Sequence[Step]) -> None:
    """Undo all, the last one first; raises FabricError with what could not be undone, after undoing the others."""
    remains = _undo(steps)
    if remains:
        raise FabricError(remains)


def _undo(steps: t.Sequence[Step]) -> str:
    complaints = []
    for step in reversed(steps):
        try:
            step.undo()
        except (FabricError, OSError) as error:
            complaints.append(f"{', '.join(step.operations) or 'the rest'} ({_in_words(error)})")
    return f"undoing failed for {', '.join(complaints)}" if complaints else ""


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'this host'}: {error.strerror}; see whether it can be written, and run as root"
    return str(error)
