# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request would do, in words, and the one call that does it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field


def do_nothing() -> None:
    """Apply, or undo, a proposal that has no operations."""


@dataclass(frozen=True)
class Proposal:
    """The outcome of reading and planning; nothing has been written yet.

    operations: what would be done, one sorted line an object; empty means nothing to change.
    before: the objects that change, as they are, one sorted line each.
    after: the same objects as they will be, one sorted line each.
    apply: carries the operations out, verifies them, and raises FabricError after rolling back.
    undo: puts back what a successful apply has changed, or raises FabricError; needed to join another after it.
    values: further results of the module (names as in its RETURN).
    warnings: what the user should know although it is no failure.
    remarks: what the user should know before this is carried out; a warning otherwise.
    obstacles: what has to be there first; in check mode an earlier task may be about to make it.
    shortfalls: what stays undone when all else is done, with which the run fails; likewise in check mode.
    notes: what else the diff should say, one line each.
    """

    operations: t.Tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    apply: t.Callable[[], None] = do_nothing
    undo: t.Callable[[], None] = do_nothing
    values: t.Mapping[str, t.Any] = field(default_factory=dict)
    warnings: t.Tuple[str, ...] = ()
    remarks: t.Tuple[str, ...] = ()
    obstacles: t.Tuple[str, ...] = ()
    shortfalls: t.Tuple[str, ...] = ()
    notes: t.Tuple[str, ...] = ()
