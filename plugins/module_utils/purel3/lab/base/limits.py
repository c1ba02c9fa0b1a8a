# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of the kernel's neighbour table, which all namespaces of a machine share."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

KEYS = (
    "net.ipv4.neigh.default.gc_thresh1",
    "net.ipv4.neigh.default.gc_thresh2",
    "net.ipv4.neigh.default.gc_thresh3",
)

Thresholds = t.Tuple[int, int, int]


@dataclass(frozen=True)
class RaisedLimits:
    """What was saved when a lab raised the limits.

    original: as they were before the first lab.
    raised: everything that labs set them to since; more than one after a second, larger lab.
    """

    original: Thresholds
    raised: t.Tuple[Thresholds, ...]


def raised_for(neighbours: int, current: Thresholds) -> Thresholds:
    """Return limits, none smaller than now, under which so many neighbours in use at once are not collected."""
    # The kernel starts to collect in earnest above the second limit.
    if neighbours <= current[1]:
        return current
    return (max(current[0], neighbours), max(current[1], 2 * neighbours), max(current[2], 4 * neighbours))


def restored(current: Thresholds, saved: t.Optional[RaisedLimits]) -> Thresholds:
    """Return the limits to leave behind when the last lab goes.

    That is the original of each limit that still is what a lab made it; a value set by others since stays.
    """
    if saved is None:
        return current
    first, second, third = (
        original if now in [raised[index] for raised in saved.raised] else now
        for index, (now, original) in enumerate(zip(current, saved.original))
    )
    return (first, second, third)
