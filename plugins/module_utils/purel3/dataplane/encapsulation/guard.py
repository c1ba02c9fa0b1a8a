# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of nftables that guards tunnels: compared with what is there, and changed by what differs.

What is for this host passes the hook `input` before any tunnel opens it; what others send each other through this host
is none of our business. A workload could give its packets the address of a node, or have it given to them on their way
out; so none of theirs passes, wherever it is for. Nothing here asks for connection tracking. The table is written as
text and read as JSON: nft 1.0.6 takes no comment on a set in JSON (libnftables-json(5)).
"""

from __future__ import annotations

import ipaddress
import json
import typing as t

from ...state.model import OWN_NAMESPACE, Guard
from ...state.ownership import TABLE_COMMENT, TUNNELS, WORKLOAD_GROUP
from ...values.modes import MODES, Match

FAMILY = "ip"
TABLE = "purel3_tunnel"
FROM_WORKLOADS = "from workloads"
FROM_OTHERS = "from others than nodes"

_PATH = f"{FAMILY} {TABLE}"
_SET = "endpoints"
# Before connection tracking (-200), where there is one.
_PRIORITY = -300
_DROPPED = [{"counter": None}, {"drop": None}]
# Read from the kernel, but not part of what an object says.
_NUMBERS = ("family", "table", "handle", "elem")

Object = t.Mapping[str, t.Any]
Table = t.Sequence[Object]


class _Rule(t.NamedTuple):
    """A rule that drops encapsulated packets: what it counts, where, and which ones, as written and as read."""

    counts: str
    hook: str
    text: str
    match: Object


_RULES = (
    _Rule(
        FROM_WORKLOADS,
        "prerouting",
        f"iifgroup {WORKLOAD_GROUP}",
        {"op": "==", "left": {"meta": {"key": "iifgroup"}}, "right": WORKLOAD_GROUP},
    ),
    _Rule(
        FROM_OTHERS,
        "input",
        f"ip saddr != @{_SET}",
        {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": f"@{_SET}"},
    ),
)
_FRAME_TEXT = (
    f'create table {_PATH} {{ comment "{TABLE_COMMENT}"; }}',
    f'add set {_PATH} {_SET} {{ type ipv4_addr; comment "{TABLE_COMMENT}"; }}',
    *(
        f"add chain {_PATH} {rule.hook} {{ type filter hook {rule.hook} priority {_PRIORITY}; policy accept; }}"
        for rule in _RULES
    ),
)
_FRAME_READ: Table = (
    {"set": {"name": _SET, "type": "ipv4_addr", "comment": TABLE_COMMENT}},
    *(
        {"chain": {"name": rule.hook, "type": "filter", "hook": rule.hook, "prio": _PRIORITY, "policy": "accept"}}
        for rule in _RULES
    ),
)


def guard(endpoints: t.Iterable[str], match: Match) -> Guard:
    """Make the guard that lets packets of these hosts (IPv4 addresses) alone out of the tunnels of a mode."""
    return Guard(OWN_NAMESPACE, _sorted(endpoints), _comparable(_FRAME_READ), _rules_read(match))


def guard_of(table: Table) -> Guard:
    """Read a table as a guard.

    Args:
        table: its objects.

    Returns:
        The guard; of a table that is not ours, one that equals none of ours.
    """
    sets = [found["set"] for found in table if "set" in found]
    endpoints = [str(element) for one in sets if one["name"] == _SET for element in one.get("elem", ())]
    rules = [found for found in table if "rule" in found]
    frame = [found for found in table if not found.keys() & {"rule", "table", "metainfo"}]
    return Guard(OWN_NAMESPACE, _sorted(endpoints), _comparable(frame), _comparable(rules))


def owner_of(table: Table) -> str:
    """Tell whose a table is.

    Args:
        table: its objects.

    Returns:
        TUNNELS, or empty for a foreign one.
    """
    comments = [found["set"].get("comment") for found in table if "set" in found and found["set"]["name"] == _SET]
    return TUNNELS if comments == [TABLE_COMMENT] else ""


def dropped(table: Table) -> t.Dict[str, int]:
    """Read how many packets the guard has dropped.

    Args:
        table: its objects.

    Returns:
        Packets by FROM_WORKLOADS and FROM_OTHERS.
    """
    counts = {FROM_WORKLOADS: 0, FROM_OTHERS: 0}
    for found in table:
        rule = found.get("rule", {})
        for expression in rule.get("expr", ()):
            if "counter" in expression and rule.get("comment") in counts:
                counts[rule["comment"]] += int(expression["counter"]["packets"])
    return counts


def transaction(before: t.Optional[Guard], after: t.Optional[Guard]) -> str:
    """Make what leads from one guard to another, all at once and without a moment in which there is none.

    Args:
        before: as it is; None where there is no table.
        after: as it should be; None to delete the table.

    Returns:
        Commands for nft, one a line.
    """
    lines: t.List[str] = []
    if after is None:
        lines = [f"delete table {_PATH}"]
    elif before is None or before.frame != after.frame:
        lines = [] if before is None else [f"delete table {_PATH}"]
        lines += [*_FRAME_TEXT, *_elements("add", after.endpoints), *_rules_text(after)]
    else:
        lines = list(_elements("add", [one for one in after.endpoints if one not in before.endpoints]))
        lines += _elements("delete", [one for one in before.endpoints if one not in after.endpoints])
        if before.rules != after.rules:
            lines += [*(f"flush chain {_PATH} {rule.hook}" for rule in _RULES), *_rules_text(after)]
    return "".join(f"{line}\n" for line in lines)


def _rules_read(match: Match) -> str:
    payload = {"payload": {"protocol": match.header, "field": match.field}}
    is_inside = {"match": {"op": "==", "left": payload, "right": match.value}}
    return _comparable(
        [
            {
                "rule": {
                    "chain": rule.hook,
                    "comment": rule.counts,
                    "expr": [is_inside, {"match": rule.match}, *_DROPPED],
                }
            }
            for rule in _RULES
        ]
    )


def _rules_text(wanted: Guard) -> t.Iterator[str]:
    matches = [mode.match for mode in MODES.values()]
    match = next((match for match in matches if _rules_read(match) == wanted.rules), matches[0])
    for rule in _RULES:
        is_inside = f"{match.header} {match.field} {match.value}"
        yield f'add rule {_PATH} {rule.hook} {is_inside} {rule.text} counter drop comment "{rule.counts}"'


def _elements(verb: str, endpoints: t.Sequence[str]) -> t.Iterator[str]:
    if endpoints:
        yield f"{verb} element {_PATH} {_SET} {{ {', '.join(endpoints)} }}"


def _comparable(objects: Table) -> str:
    return "\n".join(sorted(json.dumps(_plain(found), sort_keys=True) for found in objects))


def _plain(found: Object) -> Object:
    kind, values = next(iter(found.items()))
    kept = {name: value for name, value in values.items() if name not in _NUMBERS}
    if "expr" in kept:
        kept["expr"] = [{"counter": None} if "counter" in one else one for one in kept["expr"]]
    return {kind: kept}


def _sorted(endpoints: t.Iterable[str]) -> t.Tuple[str, ...]:
    return tuple(sorted(set(endpoints), key=_order))


def _order(endpoint: str) -> t.Tuple[int, str]:
    try:
        return (int(ipaddress.IPv4Address(endpoint)), "")
    except ValueError:  # in a table of somebody else
        return (-1, endpoint)
