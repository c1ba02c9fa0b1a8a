# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a way is."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ..fleet import Fleet

CREATE = "create"
NO_OP = "deep no-op"
CHANGE = "change one"
DELETE = "delete"
OPERATIONS = (CREATE, NO_OP, CHANGE, DELETE)

Steps = t.Mapping[str, t.Callable[[], None]]


class Way(t.NamedTuple):
    """A way to create, read deeply, change and delete workloads.

    Args:
        name: for the table.
        what: how it works, in a line.
        prepare: builds all that need not be timed; returns the steps, to be called in order.
        largest: the size up to which no step takes much over a minute.
        is_slow: it has one turn only at each size.
        shown: the operations whose times are its own.
    """

    name: str
    what: str
    prepare: t.Callable[[Fleet, Path], Steps]
    largest: int = 1_000_000
    is_slow: bool = False
    shown: t.Tuple[str, ...] = OPERATIONS
