# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a whole fabric at the end, from what each node found out. Pure."""

from __future__ import annotations

import typing as t

from .matrix import totals

Values = t.Mapping[str, t.Any]


def is_conforming(compared: t.Sequence[Values], reached: t.Sequence[Values], failures: t.Mapping[str, str]) -> bool:
    """Tell whether all that was looked at is as it should be; not so where a node could not be looked at.

    compared: the results of the conformance module of each node.
    reached: the results of the reachability module of each node.
    failures: why a node could not be compared, by its name.
    """
    has_differences = any(values["differences"] for values in compared)
    return not (has_differences or failures or any(map(_fails, reached)))


def closing_lines(
    compared: t.Sequence[Values], reached: t.Sequence[Values], failures: t.Mapping[str, str]
) -> t.List[str]:
    """List the differences and remarks of all nodes, and say in one line whether the fabric is as it should be.

    Takes what is_conforming takes. The closing line is for example `fabric conforms: 3 nodes, 6 sessions, 30/30 pairs`.
    """
    differences = [item for values in compared for item in values["differences"]]
    remarks = [item for values in compared for item in values["remarks"]]
    # Where packets are lost and nothing else is wrong, the cause is among the remarks.
    if not differences and not failures and any(map(_fails, reached)):
        differences, remarks = remarks, []
    lines = [f"{item['node']}: {item['text']}" for item in differences]
    lines += [f"{node}: {failures[node]}" for node in sorted(failures)]
    reachable, pairs, missing = totals(reached)
    is_good = is_conforming(compared, reached, failures)
    counted = _counted(compared, is_good=is_good) + ([f"{reachable}/{pairs} pairs"] if pairs else [])
    denied, opened = (sum(map(count, reached)) for count in (_denied, _open))
    counted += [f"{denied} denied"] if denied else []
    counted += [f"{_number(opened, 'pair')} open against the policies"] if opened else []
    narrow = sum(len(values["narrow_paths"]) for values in reached)
    counted += [f"{_number(narrow, 'path')} too narrow for full packets"] if narrow else []
    noted = [f"{item['node']}: remark: {item['text']}" for item in remarks]
    if is_good:
        what = "what was looked at conforms" if missing else "fabric conforms"
        return [*noted, f"{what}: {', '.join([_number(len(compared), 'node'), *counted])}"]
    differing = {item["node"] for item in differences} | set(failures)
    nodes = {str(values["node"]) for values in compared} | set(failures)
    found = f"{_number(len(lines), 'difference')} on {len(differing)} of {_number(len(nodes), 'node')}"
    return [*lines, *noted, f"fabric does not conform: {', '.join([found, *counted])}"]


def _denied(values: Values) -> int:
    return int(values["denied_count"])


def _open(values: Values) -> int:
    return len({(item["source"], item["destination"]) for item in values["open_pairs"]})


def _fails(values: Values) -> bool:
    return bool(values["unreachable_pairs"] or values["open_pairs"] or values["narrow_paths"])


def _counted(compared: t.Sequence[Values], *, is_good: bool) -> t.List[str]:
    wanted = sum(values["session_count"] for values in compared)
    up = sum(values["established_count"] for values in compared)
    return [_number(wanted, "session")] if is_good else [f"{up}/{_number(wanted, 'session')} up"]


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
