# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of a filter in BIRD's language."""

from __future__ import annotations

import ipaddress
import typing as t

from ...values.filters import BLOCKS, Rule

# Protocols of ours that hold static routes.
BLOCK_PROTOCOL = "fabric_blocks"
AGGREGATE_PROTOCOL = "fabric_aggregates"
HOLD_PROTOCOL = "fabric_held"

IS_OWN = f'proto = "{BLOCK_PROTOCOL}"'
IS_AGGREGATE = f'proto = "{AGGREGATE_PROTOCOL}"'
_SOURCES = {
    "peers": "source = RTS_BGP",
    "static": "source = RTS_STATIC"
    + "".join(f' && proto != "{name}"' for name in (BLOCK_PROTOCOL, AGGREGATE_PROTOCOL, HOLD_PROTOCOL)),
}


def prefix_set(prefixes: t.Iterable[t.Any], suffix: str = "") -> str:
    """Write a set of prefixes, with what stands after each; `+` for everything inside."""
    return "[ " + ", ".join(f"{prefix}{suffix}" for prefix in prefixes) + " ]"


def within(network: ipaddress.IPv4Network, shortest: int, longest: int) -> str:
    """Write all prefixes of some lengths, for example 10.244.0.0/16{26,32}; only the network where that is all."""
    if shortest == longest == network.prefixlen:
        return str(network)
    return f"{network}{{{shortest},{longest}}}"


def _pair(community: str) -> str:
    return f"({community.replace(':', ', ')})"


def add_communities(communities: t.Iterable[str]) -> t.List[str]:
    """Write statements that add communities to a route."""
    return [f"bgp_community.add({_pair(community)});" for community in communities]


def _condition(rule: Rule, own: str) -> str:
    parts = []
    if rule.source is not None:
        parts.append(own if rule.source == BLOCKS else _SOURCES[rule.source])
    if rule.prefixes is not None:
        parts.append(f"net ~ [ {within(rule.prefixes.network, rule.prefixes.shortest, rule.prefixes.longest)} ]")
    if rule.community is not None:
        parts.append(f"{_pair(rule.community)} ~ bgp_community")
    if rule.as_path is not None:
        parts.append(f"bgp_path ~ [= {' '.join(rule.as_path)} =]")
    return " && ".join(parts)


def conditional(condition: str, statements: t.Sequence[str]) -> t.List[str]:
    """Write statements of a filter's body that hold under a condition; an empty one always holds."""
    if not condition:
        return [f"  {statement}" for statement in statements]
    if len(statements) == 1:
        return [f"  if {condition} then {statements[0]}"]
    return [f"  if {condition} then {{", *(f"    {statement}" for statement in statements), "  }"]


def rule_lines(
    rules: t.Iterable[Rule], as_number: int, own: str = IS_OWN, on_accept: t.Sequence[str] = ()
) -> t.List[str]:
    """Write the body of a filter: rules, after which a route is rejected.

    as_number: what is put before AS paths.
    own: a condition that holds for what the node announces as its own.
    on_accept: statements before an accept.
    """
    lines: t.List[str] = []
    for rule in rules:
        statements = [f"bgp_path.prepend({as_number});"] * (rule.prepend or 0) + add_communities(rule.communities)
        if rule.preference is not None:
            statements.append(f"preference = {rule.preference};")
        if rule.local_preference is not None:
            statements.append(f"bgp_local_pref = {rule.local_preference};")
        if rule.action == "accept":
            statements.extend(on_accept)
        if rule.action is not None:
            statements.append(f"{rule.action};")
        lines.extend(conditional(_condition(rule, own), statements))
    ends = bool(rules) and lines[-1] in ("  accept;", "  reject;")
    return lines if ends else [*lines, "  reject;"]
