# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All turns of a run, and their medians."""

from __future__ import annotations

import statistics
import typing as t
from dataclasses import dataclass, field

from .clock import Cost
from .growth import Growth
from .starts import Starts
from .turn import Turn


@dataclass
class Results:
    """What was measured.

    Args:
        turns: by name of the way and size.
        growths: for each repetition, what each thousand took.
        starts: what each start took that had nothing to do, by name.
    """

    turns: t.Dict[t.Tuple[str, int], t.List[Turn]] = field(default_factory=dict)
    growths: t.List[t.List[Growth]] = field(default_factory=list)
    starts: Starts = field(default_factory=dict)

    def median(self, way: str, size: int, operation: str) -> t.Optional[Cost]:
        """Find the middle of what an operation took.

        Args:
            way: name.
            size: how many workloads.
            operation: one of OPERATIONS.

        Returns:
            Medians of wall and CPU seconds, each its own; None where there was no turn.
        """
        costs = [turn.costs[operation] for turn in self.turns.get((way, size), ()) if operation in turn.costs]
        if not costs:
            return None
        return Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs))

    def start(self, name: str) -> t.Optional[float]:
        """The middle of the CPU seconds of a start; None where it was not measured."""
        costs = self.starts.get(name)
        return statistics.median(cost.cpu for cost in costs) if costs else None

    def announced(self, way: str, size: int, operation: str) -> t.List[int]:
        """List how many changes the kernel announced.

        Args:
            way: name.
            size: how many workloads.
            operation: one of OPERATIONS.

        Returns:
            One number a turn.
        """
        return [turn.announced[operation] for turn in self.turns.get((way, size), ())]

    def growth(self, thousand: int, part: t.Callable[[Growth], float]) -> t.Optional[float]:
        """Find the middle of what a thousand took.

        Args:
            thousand: 0 for the first.
            part: which part of it.

        Returns:
            Seconds; None where it was not measured.
        """
        if not self.growths:
            return None
        return statistics.median(part(growths[thousand]) for growths in self.growths)
