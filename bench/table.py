# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in Markdown."""

from __future__ import annotations

import typing as t

from .bars import Bar
from .results import Results
from .ways.way import OPERATIONS, Way

_WORDS = {True: "PASS", False: "MISS", None: "not measured"}


def render(results: Results, ways: t.Sequence[Way], sizes: t.Sequence[int], bars: t.Sequence[Bar]) -> str:
    """Write a run down.

    Args:
        results: what was measured.
        ways: the rows.
        sizes: a table each.
        bars: how it compares.

    Returns:
        Markdown.
    """
    parts = [_size(results, ways, size) for size in sizes]
    parts.append(render_bars("bar at 1,000", bars))
    parts.append("".join(f"- {way.name}: {way.what}.\n" for way in ways))
    return "\n".join(parts)


def _size(results: Results, ways: t.Sequence[Way], size: int) -> str:
    rows = []
    for way in ways:
        turns = len(results.turns.get((way.name, size), ()))
        if turns:
            cells = [_cell(results, way, size, operation) for operation in OPERATIONS]
        else:
            cells = ["too slow" if size > way.largest else "left out"] * len(OPERATIONS)
        rows.append((way.name, *cells, str(turns)))
    title = f"**{size:,} workloads**, wall seconds (CPU seconds), medians\n\n"
    return title + render_table(("way", *OPERATIONS, "turns"), rows)


def _cell(results: Results, way: Way, size: int, operation: str) -> str:
    cost = results.median(way.name, size, operation) if operation in way.shown else None
    return f"{cost.wall:.3g} ({cost.cpu:.3g})" if cost else "-"


def render_bars(title: str, bars: t.Iterable[Bar]) -> str:
    """Write bars down.

    Args:
        title: the first column's.
        bars: the rows.

    Returns:
        Markdown.
    """
    return render_table((title, "measured", "needed", ""), [(*one[:3], _WORDS[one.is_cleared]) for one in bars])


def render_table(head: t.Sequence[str], rows: t.Iterable[t.Sequence[str]]) -> str:
    """Write a table down.

    Args:
        head: its columns.
        rows: their cells.

    Returns:
        Markdown.
    """
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
