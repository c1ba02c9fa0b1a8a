# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in Markdown."""

from __future__ import annotations

import statistics
import typing as t

from ..bars import Bar
from ..table import render_bars, render_table
from .build import Build
from .convergence import WAYS
from .findings import Findings
from .idle import Idle
from .planning import STEPS, Growth
from .unchanged import Unchanged

_MIB = 1 << 20


def render(findings: Findings, bars: t.Iterable[Bar]) -> str:
    """Write a run down.

    Args:
        findings: what was measured.
        bars: how it compares.

    Returns:
        Markdown.
    """
    parts = []
    if findings.builds:
        parts += [_sites(findings.builds), _races(findings.builds)]
    if findings.growth:
        parts.append(_growth(findings.growth))
    if findings.idle:
        parts.append(_idle(findings.idle))
    if findings.unchanged:
        parts.append(_unchanged(findings.unchanged))
    parts.append(render_bars("bar", bars))
    return "\n".join(parts)


def _sites(builds: t.Sequence[Build]) -> str:
    rows = []
    for build in builds:
        size, site, floor = build.network.size, build.site.wall, build.floor.wall
        cells = [f"{build.lab_up.wall:.1f}", f"{site:.0f}", f"{site / size:.2f}", f"{floor / size:.3f}"]
        tasks = build.tasks.run
        rows.append((build.network.name, *cells, f"{site / floor:.1f}", f"{tasks}"))
    head = ("network", "`lab_up`", "`site.yml`", "per node", "floor per node", "times the floor", "tasks")
    return "**From nothing to proven**, wall seconds\n\n" + render_table(head, rows)


def _races(builds: t.Sequence[Build]) -> str:
    rows = []
    for build in builds:
        for way in WAYS:
            times = sorted(turn.seconds for turn in build.turns[way])
            seconds = f"{statistics.median(times):.2f} ({times[0]:.2f} to {times[-1]:.2f})"
            memory = [
                f"{statistics.mean(sizes) / _MIB:.1f} ({sizes[-1] / _MIB:.1f})"
                for sizes in (build.resident(way), build.proportional(way))
            ]
            rows.append((build.network.name, way, seconds, f"{build.cpu(way):.2f}", *memory, str(len(times))))
    head = ("network", "bird.conf", "seconds", "CPU seconds of all", "resident MiB", "proportional MiB", "turns")
    title = "**All BIRDs started at once, until every block is on every node**, medians (least to most); memory: mean"
    return f"{title} (largest)\n\n" + render_table(head, rows)


def _growth(growth: Growth) -> str:
    small, large = growth.small.size, growth.large.size
    rows = []
    for step in (*STEPS, None):
        one, other = growth.seconds(small, step), growth.seconds(large, step)
        rows.append((step or "all", f"{one:.3f}", f"{other:.3f}", f"{other / one:.1f}"))
    head = ("step", f"{small:,} nodes", f"{large:,} nodes", "times")
    title = f"**Planning a fabric with {growth.large.reflectors} reflectors**, CPU seconds, medians\n\n"
    return title + render_table(head, rows)


def _idle(idle: Idle) -> str:
    rows = [
        (f"{asked} s" if asked else f"{idle.scan_time} s, the role's", f"{share:.2%}")
        for asked, share in idle.shares.items()
    ]
    return f"**BIRD idle at {idle.workloads:,} workloads**, of one CPU\n\n" + render_table(("scan time", "CPU"), rows)


def _unchanged(unchanged: Unchanged) -> str:
    (site, floor), (site_wall, floor_wall) = unchanged.cpu, unchanged.wall
    size = unchanged.network.size
    row = (
        unchanged.network.name,
        f"{site / size:.2f} ({site_wall / size:.2f})",
        f"{floor / size:.2f} ({floor_wall / size:.2f})",
        f"{site / floor:.1f} ({site_wall / floor_wall:.1f})",
        f"{unchanged.starts}",
    )
    head = ("network", "per node", "floor per node", "times the floor", "starts of Python on a node")
    return "**A run that has nothing to do**, CPU (wall) seconds, medians\n\n" + render_table(head, [row])
