# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request would do, in words, and the one call that does it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field


def do_nothing() -> None:
    """Apply a proposal that has no operations."""


@dataclass(frozen=True)
class Proposal:
    """The outcome of reading and planning; nothing has been written yet.

    Args:
        operations: what would be done, one sorted line an object; empty means nothing to change.
        before: the objects that change, as they are, one sorted line each.
        after: the same objects as they will be, one sorted line each.
        apply: carries the operations out, verifies them, and raises FabricError after rolling back.
        values: further results of the module (names as in its RETURN).
        warnings: what the user should know although it is no failure.
        obstacles: what has to be there first; in check mode an earlier task may be about to make it.
        notes: what else the diff should say, one line each.
    """

    operations: t.Tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    apply: t.Callable[[], None] = do_nothing
    values: t.Mapping[str, t.Any] = field(default_factory=dict)
    warnings: t.Tuple[str, ...] = ()
    obstacles: t.Tuple[str, ...] = ()
    notes: t.Tuple[str, ...] = ()


def join(first: Proposal, second: Proposal) -> Proposal:
    """Make one proposal of two; the second is applied when the first has succeeded.

    Args:
        first: a proposal.
        second: another; neither has values.

    Returns:
        Both.
    """

    def apply() -> None:
        if first.operations:
            first.apply()
        if second.operations:
            second.apply()

    return Proposal(
        operations=first.operations + second.operations,
        before=first.before + second.before,
        after=first.after + second.after,
        apply=apply,
        warnings=first.warnings + second.warnings,
        obstacles=first.obstacles + second.obstacles,
    )
