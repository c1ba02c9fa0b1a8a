# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of nftables that guards tunnels.

What is for this host passes the hook `input` before any tunnel opens it; what others send each other through this host
is none of our business. A workload could give its packets the address of a node, or have it given to them on their way
out; so none of theirs passes, wherever it is for. Nothing here asks for connection tracking.
"""

from __future__ import annotations

import typing as t

from ...state.kinds.ownership import WORKLOAD_GROUP
from ...state.kinds.table import MARK, Object, Table, elements_of, table_of
from ...values.modes import Match

FAMILY = "ip"
TABLE = "purel3_tunnel"
FROM_WORKLOADS = "from workloads"
FROM_OTHERS = "from others than nodes"

_SET = "endpoints"
# Before connection tracking (-200), where there is one.
_PRIORITY = -300
_DROPPED = [{"counter": None}, {"drop": None}]


def _rule(match: Match, chain: str, counts: str, left: Object, op: str, right: t.Union[int, str]) -> Object:
    """Drop encapsulated packets of which something holds, and count them."""
    is_encapsulated = {"match": {"op": "==", "left": _field(match.header, match.field), "right": match.value}}
    matches = [is_encapsulated, {"match": {"op": op, "left": left, "right": right}}]
    return {"rule": {"chain": chain, "comment": counts, "expr": [*matches, *_DROPPED]}}


def _field(header: str, name: str) -> Object:
    return {"payload": {"protocol": header, "field": name}}


def _chain(hook: str) -> Object:
    return {"chain": {"name": hook, "type": "filter", "hook": hook, "prio": _PRIORITY, "policy": "accept"}}


def guard(endpoints: t.Iterable[str], match: Match) -> Table:
    """Make the guard that lets packets of these hosts (IPv4 addresses) alone out of the tunnels of a mode."""
    objects: t.Sequence[Object] = (
        {"set": {"name": _SET, "type": "ipv4_addr", "comment": MARK, "elem": sorted(set(endpoints))}},
        _chain("prerouting"),
        _chain("input"),
        _rule(match, "prerouting", FROM_WORKLOADS, {"meta": {"key": "iifgroup"}}, "==", WORKLOAD_GROUP),
        _rule(match, "input", FROM_OTHERS, _field("ip", "saddr"), "!=", f"@{_SET}"),
    )
    return table_of(FAMILY, TABLE, objects)


def endpoints_of(table: Table) -> t.Tuple[str, ...]:
    """The hosts whose packets a guard lets out of tunnels."""
    return elements_of(table).get(_SET, ())


def dropped(objects: t.Iterable[Object]) -> t.Dict[str, int]:
    """How many packets the guard has dropped, by FROM_WORKLOADS and FROM_OTHERS, given the objects of its table."""
    counts = {FROM_WORKLOADS: 0, FROM_OTHERS: 0}
    for found in objects:
        rule = found.get("rule", {})
        for expression in rule.get("expr", ()):
            if "counter" in expression and rule.get("comment") in counts:
                counts[rule["comment"]] += int(expression["counter"]["packets"])
    return counts
