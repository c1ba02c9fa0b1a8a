# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bars that the project sets itself for whole networks, and whether this run clears them."""

from __future__ import annotations

import statistics
import typing as t

from ..bars import Bar
from .build import Build
from .convergence import HANDWRITTEN, OURS
from .findings import Findings, Listing
from .idle import Idle
from .planning import Growth
from .unchanged import Unchanged

_MIB = 1 << 20
_CONVERGENCE = 1.3
_MEMORY = 6.0
# The one that lets a node leave the play included.
_TASKS = 9
# For each time that the fabric is larger.
_GROWTH = 1.2
_LISTING = 10.0
_STARTS = 4
# Half of the 12.2 pings that a run took in which every task ran (12 nodes, CPU seconds).
_UNCHANGED = 6.1
_IDLE = 0.005


def judge(findings: Findings) -> t.List[Bar]:
    """Hold a run against every bar.

    Args:
        findings: what was measured.

    Returns:
        The bars.
    """
    bars = []
    for build in findings.builds:
        bars += [_convergence(build), _memory(build), _tasks(build)]
    if findings.growth:
        bars.append(_growth(findings.growth))
    if findings.listing:
        bars.append(_listing(findings.listing))
    if findings.idle:
        bars.append(_idle(findings.idle))
    if findings.unchanged:
        bars += [_unchanged(findings.unchanged), _starts(findings.unchanged)]
    return bars


def _convergence(build: Build) -> Bar:
    ours, theirs = build.seconds(OURS), build.seconds(HANDWRITTEN)
    measured = f"{ours / theirs:.2f} times ({ours:.2f} s / {theirs:.2f} s)"
    what = f"{build.network.name}: every block on every node, compared with a hand-written bird.conf"
    return Bar(what, measured, f"at most {_CONVERGENCE:g} times", ours / theirs <= _CONVERGENCE)


def _memory(build: Build) -> Bar:
    sizes = [size / _MIB for size in build.resident(OURS)]
    mean = statistics.mean(sizes)
    measured = f"{mean:.1f} MiB (median {statistics.median(sizes):.1f}, largest {sizes[-1]:.1f})"
    what = f"{build.network.name}: resident memory per BIRD, shared pages included"
    return Bar(what, measured, f"at most {_MEMORY:g} MiB", mean <= _MEMORY)


def _tasks(build: Build) -> Bar:
    tasks = build.tasks
    measured = f"{tasks.run}" + (f", and {tasks.skipped} skipped" if tasks.skipped else "")
    what = f"{build.network.name}: tasks per node after the first play"
    return Bar(what, measured, f"at most {_TASKS}", 0 < tasks.run + tasks.skipped <= _TASKS)


def _growth(growth: Growth) -> Bar:
    small, large = (growth.seconds(network.size) for network in (growth.small, growth.large))
    limit = _GROWTH * growth.large.size / growth.small.size
    what = f"planning and rendering {growth.large.size:,} nodes, compared with {growth.small.size:,}"
    measured = f"{large / small:.1f} times ({large:.2f} s / {small:.2f} s)"
    return Bar(what, measured, f"at most {limit:g} times", large / small <= limit)


def _listing(listing: Listing) -> Bar:
    large, small = listing.cost.cpu, listing.small_cost.cpu
    what = f"`ansible-inventory --list` of {listing.network.size:,} nodes, compared with {listing.small.size:,}; CPU"
    measured = f"{large / small:.1f} times ({large:.1f} s / {small:.1f} s)"
    return Bar(what, measured, f"at most {_LISTING:g} times", large / small <= _LISTING)


def _idle(idle: Idle) -> Bar:
    share = idle.shares[None]
    what = f"BIRD idle at {idle.workloads:,} workloads, CPU"
    return Bar(what, f"{share:.2%}", f"at most {_IDLE:.1%}", share <= _IDLE)


def _unchanged(unchanged: Unchanged) -> Bar:
    site, floor = unchanged.cpu
    what = f"{unchanged.network.name}: a run that has nothing to do, compared with a playbook of one ping; CPU"
    measured = f"{site / floor:.1f} times ({site:.1f} s / {floor:.1f} s)"
    return Bar(what, measured, f"at most {_UNCHANGED:g} times", site / floor <= _UNCHANGED)


def _starts(unchanged: Unchanged) -> Bar:
    what = f"{unchanged.network.name}: tasks of it that start Python on a node"
    return Bar(what, f"{unchanged.starts}", f"at most {_STARTS}", 0 < unchanged.starts <= _STARTS)
