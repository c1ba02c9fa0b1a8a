# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a node should have sessions with, and what each of them is sure to announce."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from ...base.errors import InvalidInput

UNKNOWN_TYPE = "unknown"
MESH_TYPE = "node-to-node mesh"

Values = t.Mapping[str, t.Any]

_ACCEPT = "accept"
_FILTERS = ("import_filter", "export_filter")
_YES, _NO, _MAYBE = "yes", "no", "maybe"


@dataclass(frozen=True)
class ExpectedPeer:
    """A neighbour that a session should exist with.

    name: what people call it.
    address: its address, for example 192.168.50.12.
    type: how the peering came about.
    blocks: what it is sure to announce.
    may_announce: what it may announce; None for a router outside the fabric, which may try anything.
    keeps_back: whether filters or aggregates may keep routes back.
    as_number: its autonomous system; 0 when nobody said.
    is_direct: whether it is in a subnet of this node.
    is_route_reflector: whether it passes on the routes of other nodes.
    carries_blocks: whether it is a router outside the fabric that passes on the blocks of nodes.
    allows_local_as: whether somebody said what becomes of routes with this node's own AS in their path.
    """

    name: str
    address: str
    type: str = UNKNOWN_TYPE
    blocks: t.Tuple[str, ...] = ()
    may_announce: t.Optional[t.Tuple[str, ...]] = None
    keeps_back: bool = False
    as_number: int = 0
    is_direct: bool = True
    is_route_reflector: bool = False
    carries_blocks: bool = False
    allows_local_as: bool = False


def expected_peers(values: t.Sequence[Values]) -> t.Tuple[ExpectedPeer, ...]:
    """Read peers as the variable bird_peers has them, in their order.

    values: mappings with at least name and address; options of the session that say nothing about what should be
        seen are passed over.

    Raises InvalidInput: with one fault per peer that cannot be understood.
    """
    faults: t.List[str] = []
    peers: t.List[ExpectedPeer] = []
    for index, value in enumerate(values):
        try:
            peers.append(_expected_peer(value))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            faults.append(f"peers[{index}]: {what}; give each peer as bird_peers has it, with name and address")
    if faults:
        raise InvalidInput(faults)
    return tuple(peers)


def _expected_peer(value: Values) -> ExpectedPeer:
    ipaddress.ip_address(str(value["address"]))
    blocks = value.get("blocks")
    announced = () if blocks is None else tuple(str(block) for block in blocks)
    aggregates = tuple(str(aggregate) for aggregate in value.get("aggregates") or ())
    carries = _is_true(value.get("carries_blocks", False))
    # What a router carries is taken whatever the import filter says.
    filters = _FILTERS[1:] if carries else _FILTERS
    return ExpectedPeer(
        name=str(value["name"]),
        address=str(value["address"]),
        type=str(value.get("type") or MESH_TYPE),
        blocks=tuple(block for block in announced if _is_sure(value, block)),
        may_announce=None if blocks is None else announced + aggregates,
        keeps_back=bool(aggregates) or any(value.get(key) is not None for key in filters),
        as_number=int(value.get("as_number") or 0),
        is_direct=_is_true(value.get("is_direct", True)),
        is_route_reflector=_is_true(value.get("is_route_reflector", False)),
        carries_blocks=carries,
        allows_local_as=value.get("allow_local_as") is not None,
    )


def _is_true(value: t.Any) -> bool:
    # Templates hand booleans over as text when jinja2_native is off.
    return value.lower() in ("true", "yes") if isinstance(value, str) else bool(value)


def _is_sure(peer: Values, block: str) -> bool:
    network = ipaddress.ip_network(block)
    aggregates = [ipaddress.ip_network(str(aggregate)) for aggregate in peer.get("aggregates") or ()]
    if any(_is_within(network, aggregate) for aggregate in aggregates):
        return False
    # A session between two nodes has the same options on both sides.
    filters = (peer.get(key) for key in _FILTERS)
    return all(is_surely_accepted(rules, block) for rules in filters if rules is not None)


def is_surely_accepted(rules: t.Sequence[Values], block: str) -> bool:
    """Tell whether a filter (rules as import_filter has them) lets a block pass, whatever else its route says.

    Returns:
        False also when it depends on communities, AS paths or sources.
    """
    network = ipaddress.ip_network(block)
    for rule in rules:
        matches, action = _matches(rule.get("match") or {}, network), rule.get("action")
        if matches == _YES and action:
            return bool(action == _ACCEPT)
        if matches == _MAYBE and action and action != _ACCEPT:
            return False
    return False


def _matches(match: Values, network: t.Any) -> str:
    others = _MAYBE if any(match.get(key) is not None for key in match if key not in ("prefix", "length")) else _YES
    lengths = re.findall(r"[0-9]+", str(match.get("length") or ""))
    if lengths and not int(lengths[0]) <= network.prefixlen <= int(lengths[-1]):
        return _NO
    if match.get("prefix") is None:
        return others
    prefix = ipaddress.ip_network(str(match["prefix"]))
    if not _is_within(network, prefix):
        return _NO
    return others if lengths or network == prefix else _MAYBE


def _is_within(network: t.Any, other: t.Any) -> bool:
    return bool(network.version == other.version and network.subnet_of(other))
