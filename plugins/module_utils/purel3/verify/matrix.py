# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reachability of a whole fabric as text, from what each node found out. Pure."""

from __future__ import annotations

import typing as t

from .reachability import narrow_lines, summary, unreachable_lines

_WIDTH = 120
_SELF = "."
_OK, _BOTH = "ok", "FAIL"
# Denied, as it should be; denied, and answered all the same.
_DENIED, _OPEN = "-", "OPEN"

Values = t.Mapping[str, t.Any]


def totals(found: t.Sequence[Values]) -> t.Tuple[int, int, t.Tuple[str, ...]]:
    """Count the pairs of the whole fabric, from the results of the reachability module of each node.

    Returns the pairs that reach each other, all pairs, and the workloads from which nobody has tested.
    """
    destinations = sorted({name for values in found for name in values["destinations"]})
    sources = {name for values in found for name in values["sources"]}
    missing = tuple(name for name in destinations if name not in sources)
    reachable = sum(values["reachable_count"] for values in found)
    pairs = sum(values["pair_count"] for values in found) + len(missing) * (len(destinations) - 1)
    return reachable, pairs, missing


def matrix_lines(found: t.Sequence[Values]) -> t.List[str]:
    """Draw who reaches whom, from the results of the reachability module of each node.

    That is a row for each source and a column for each destination, where they fit into 120 characters; then the pairs
    that failed, the paths that full packets do not pass, and a closing line such as 30/30 workload pairs reachable
    (ICMP and TCP).
    """
    destinations = sorted({name for values in found for name in values["destinations"]})
    sources = sorted({name for values in found for name in values["sources"]})
    protocols = sorted({name for values in found for name in values["protocols"]})
    unreachable = [item for values in found for item in values["unreachable_pairs"]]
    reachable, pairs, missing = totals(found)
    narrow = [item for values in found for item in values["narrow_paths"]]
    opened = [item for values in found for item in values["open_pairs"]]
    marks = {(item["source"], item["destination"]): _OPEN for item in opened}
    denied = [values["denied_pairs"] for values in found]
    marks = {**{(source, name): _DENIED for one in denied for source in one for name in one[source]}, **marks}
    lines = [
        *_grid(sources, destinations, {**marks, **_failed(unreachable)}),
        *unreachable_lines([*opened, *unreachable]),
        *narrow_lines(narrow),
    ]
    closing = summary(reachable, pairs, protocols, sum(values["denied_count"] for values in found))
    if missing:
        closing += "; not tested from " + ", ".join(missing)
    return [*lines, closing]


def _failed(unreachable: t.Sequence[t.Mapping[str, str]]) -> t.Dict[t.Tuple[str, str], str]:
    failed: t.Dict[t.Tuple[str, str], t.List[str]] = {}
    for item in unreachable:
        failed.setdefault((item["source"], item["destination"]), []).append(item["protocol"].upper())
    return {pair: _BOTH if len(names) > 1 else f"no {names[0]}" for pair, names in failed.items()}


def _grid(
    sources: t.Sequence[str], destinations: t.Sequence[str], marks: t.Mapping[t.Tuple[str, str], str]
) -> t.List[str]:
    cells = [["from \\ to", *destinations]]
    for source in sources:
        row = [_SELF if name == source else marks.get((source, name), _OK) for name in destinations]
        cells.append([source, *row])
    widths = [max(len(row[column]) for row in cells) for column in range(len(destinations) + 1)]
    if sum(widths) + 2 * len(widths) > _WIDTH:
        return []
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in cells]
