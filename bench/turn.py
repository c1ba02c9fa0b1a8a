# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One turn of one way: its four operations in a fresh box, each judged after it."""

from __future__ import annotations

import typing as t
from pathlib import Path

from .box import run_in_box
from .check import Wrong, check_absent, check_present
from .clock import Cost, measure
from .fleet import make_fleet
from .settle import settle
from .silence import Ear, picture
from .ways.way import CHANGE, CREATE, DELETE, NO_OP, OPERATIONS, Way


class Turn(t.NamedTuple):
    """What a turn took, and how many changes the kernel announced during it.

    Args:
        costs: by operation.
        announced: messages on all rtnetlink groups, by operation.
    """

    costs: t.Dict[str, Cost]
    announced: t.Dict[str, int]


def take_turn(way: Way, size: int) -> Turn:
    """Run a way's operations once.

    Args:
        way: the way.
        size: how many workloads.

    Returns:
        What it took.

    Raises:
        BoxError: a step failed, or did not do what it should.
    """
    answer = run_in_box(lambda folder: _inside(way, size, folder))
    costs = {operation: Cost(*cost) for operation, cost in answer["costs"].items()}
    return Turn(costs, answer["announced"])


def _inside(way: Way, size: int, folder: Path) -> t.Dict[str, t.Any]:
    fleet = make_fleet(size)
    steps = way.prepare(fleet, folder)
    settle()
    afterwards = {
        CREATE: lambda: check_present(fleet.members),
        NO_OP: lambda: check_present(fleet.members),
        CHANGE: lambda: check_present(fleet.changed),
        DELETE: check_absent,
    }
    costs: t.Dict[str, Cost] = {}
    announced: t.Dict[str, int] = {}
    for operation in OPERATIONS:
        if operation not in steps:
            continue
        # Announcing costs the kernel time, so only what should be silent is listened to, and the change as the proof
        # that the ear hears.
        if operation in (NO_OP, CHANGE):
            before = picture()
            with Ear() as ear:
                costs[operation] = measure(steps[operation])
                announced[operation] = ear.heard()
            if operation == NO_OP and picture() != before:
                raise Wrong("reading has changed something")
        else:
            costs[operation] = measure(steps[operation])
        afterwards[operation]()
    return {"costs": costs, "announced": announced}
