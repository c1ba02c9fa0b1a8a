# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that a module does one after the other, and undoes if one of them fails."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .errors import FabricError
from .proposal import do_nothing


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Args:
        operations: in words, as in Proposal; none where it goes without saying.
        do: does it.
        undo: puts back what was, even if it was done in part only.
        before: what it replaces, as in Proposal.
        after: what it brings, as in Proposal.
    """

    operations: t.Tuple[str, ...]
    do: t.Callable[[], None]
    undo: t.Callable[[], None] = do_nothing
    before: str = ""
    after: str = ""


def take(steps: t.Sequence[Step]) -> None:
    """Do all; if one fails, undo it and all before it.

    Args:
        steps: in order.

    Raises:
        FabricError: what failed, and what remains changed.
    """
    for position, step in enumerate(steps):
        try:
            step.do()
        except (FabricError, OSError) as error:
            fault, outcome = _in_words(error), _undo(steps[: position + 1])
            # A step that has undone its own part has said so itself.
            raise FabricError(fault if fault.endswith(outcome) else f"{fault}; {outcome}") from error


def _undo(steps: t.Sequence[Step]) -> str:
    complaints = []
    for step in reversed(steps):
        try:
            step.undo()
        except (FabricError, OSError) as error:
            complaints.append(f"{', '.join(step.operations) or 'the rest'} ({_in_words(error)})")
    return f"undoing failed for {', '.join(complaints)}" if complaints else "nothing remains changed"


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'this host'}: {error.strerror}; see whether it can be written, and run as root"
    return str(error)
