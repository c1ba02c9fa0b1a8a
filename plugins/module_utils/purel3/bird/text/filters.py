# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each peer may announce, and what is announced to it."""

from __future__ import annotations

import ipaddress
import typing as t

from ...values.interface import UNUSABLE
from ...values.origins import Proof, proofs
from ..want.peer import Peer
from .rules import IS_AGGREGATE, IS_OWN, add_communities, conditional, prefix_set, rule_lines, within

if t.TYPE_CHECKING:
    from ..want.settings import Settings

OWNER_TABLE = "fabric_owners"
TO_PEERS = "fabric_to_peers"
TO_REFLECTION = "fabric_to_reflection"
TO_ROUTERS = "fabric_to_routers"


def active_aggregates(settings: Settings, peer: Peer) -> t.Tuple[ipaddress.IPv4Network, ...]:
    """Return the aggregates that a peer is told of: those that hold something of the node, and are no block of it."""
    return tuple(
        aggregate
        for aggregate in peer.session["aggregates"]
        if any(block.subnet_of(aggregate) and block != aggregate for block in settings.blocks)
        and aggregate not in settings.blocks
    )


def speaks_as(settings: Settings, peer: Peer) -> int:
    """Return the AS as which a node speaks to a peer."""
    return peer.session["local_as_number"] or settings.as_number


def _is_internal(settings: Settings, peer: Peer) -> bool:
    return peer.as_number == speaks_as(settings, peer)


def _is_owned_by(as_number: t.Any) -> str:
    return f"roa_check({OWNER_TABLE}, net, {as_number}) = ROA_VALID"


def _passed_on(settings: Settings) -> str:
    patterns = [within(one.prefix, one.shortest, one.longest) for one in settings.reflected]
    return prefix_set(patterns)


def _own_parts(settings: Settings) -> t.List[str]:
    # A single address of a block of this node may live on another node.
    return [within(block, block.prefixlen, 31) if block.prefixlen < 32 else str(block) for block in settings.blocks]


def _loop_check(settings: Settings, peer: Peer) -> t.List[str]:
    # BIRD itself looks for the AS of the session only.
    if speaks_as(settings, peer) == settings.as_number:
        return []
    return [f"  if bgp_path ~ [= * {settings.as_number} * =] then reject;"]


def _from_node(settings: Settings, peer: Peer) -> t.List[str]:
    foreign = f"net !~ {prefix_set(peer.blocks)}" if peer.blocks else ""
    lines: t.List[str] = []
    if (settings.is_transit or peer.is_route_reflector) and settings.blocks:
        lines.append(f"  if net ~ {prefix_set(_own_parts(settings))} then reject;")
    lines += _loop_check(settings, peer)
    if peer.is_route_reflector:
        patterns = _passed_on(settings)
        is_reflected = "defined(bgp_originator_id)"
        lines += conditional(" && ".join(filter(None, [f"!{is_reflected}", foreign])), ["reject;"])
        if settings.reflected:
            lines.append(f"  if {is_reflected} && net !~ {patterns} then reject;")
        else:
            lines.append(f"  if {is_reflected} then reject;")
        return lines
    if settings.is_transit:
        if not _is_internal(settings, peer):
            lines.append(f"  if bgp_path.first != {peer.as_number} then reject;")
        is_owned = f"roa_check({OWNER_TABLE}, net, bgp_path.last_nonaggregated) != ROA_VALID"
        return lines + conditional(" && ".join(filter(None, [foreign, is_owned])), ["reject;"])
    return lines + conditional(foreign, ["reject;"])


def _to_nodes(settings: Settings) -> t.List[str]:
    addresses = {settings.address, *(peer.session["source_address"] or settings.address for peer in settings.peers)}
    narrower = {f"{address}/32" for address in addresses}
    for address in settings.node_addresses:
        # Where the subnet is the address alone, routers are the way there.
        if address.network.prefixlen < 32:
            narrower.discard(f"{address.ip}/32")
            narrower.add(f"{address.ip}/32{{{address.network.prefixlen + 1},32}}")
    return sorted(narrower, key=lambda pattern: ipaddress.IPv4Address(pattern.partition("/")[0]))


def _from_router(settings: Settings, peer: Peer) -> t.List[str]:
    known = [
        *(*settings.pools, *settings.blocks, *(owner.block for owner in settings.owners)),
        *(block for other in settings.peers for block in other.blocks or ()),
    ]
    inside = [f"{network}+" for network in ipaddress.collapse_addresses(known)]
    carries = peer.session["carries_blocks"]
    never = [*(f"{network}+" for network, _why in UNUSABLE), *_to_nodes(settings)]
    lines = [f"  if net ~ {prefix_set(never if carries else [*inside, *never])} then reject;"]
    lines += _loop_check(settings, peer)
    if carries:
        lines += conditional(f"net ~ {prefix_set(inside)}", [*_carried(settings, peer), "reject;"])
    return lines


def _carried(settings: Settings, peer: Peer) -> t.List[str]:
    blocks: t.Dict[str, t.List[ipaddress.IPv4Network]] = {}
    for owner in settings.owners:
        if owner.block not in settings.blocks:
            shown = [_shows(proof) for proof in proofs(owner, speaks_as(settings, peer), peer.as_number)]
            blocks.setdefault(" || ".join(shown), []).append(owner.block)
    return [
        f"if net ~ {prefix_set(owned)} && {f'({shown})' if ' || ' in shown else shown} then accept;"
        for shown, owned in blocks.items()
    ]


def _shows(proof: Proof) -> str:
    # In parentheses: to BIRD, && and || are of one precedence.
    if proof.originator is not None:
        return f"(bgp_path.len = 0 && defined(bgp_originator_id) && bgp_originator_id = {proof.originator})"
    ends = f"bgp_path.last_nonaggregated = {proof.last_as}"
    return ends if proof.shortest <= 1 else f"(bgp_path.len >= {proof.shortest} && {ends})"


def import_filter(settings: Settings, peer: Peer) -> t.Union[str, t.List[str]]:
    """Say what is accepted from a peer: what stands after `import`, or the body of a filter."""
    rules = peer.session["import_filter"]
    if peer.is_external:
        if not rules and not peer.session["carries_blocks"]:
            return "none"
        return [*_from_router(settings, peer), *rule_lines(rules or (), speaks_as(settings, peer))]
    learns_of_others = peer.is_route_reflector or settings.is_transit
    if not learns_of_others and rules is None:
        return f"where net ~ {prefix_set(peer.blocks)}" if peer.blocks else "none"
    if not learns_of_others and not peer.blocks:
        return "none"
    checked = _from_node(settings, peer)
    if rules is None:
        return [*checked, "  accept;"]
    return [*checked, *rule_lines(rules, speaks_as(settings, peer))]


def _kind(settings: Settings, peer: Peer) -> str:
    if peer.is_external:
        return TO_ROUTERS
    # A reflector passes on to other reflectors, too; a client to nobody.
    is_reflected_to = peer.is_route_reflector_client or (
        peer.is_route_reflector and any(other.is_route_reflector_client for other in settings.peers)
    )
    return TO_REFLECTION if is_reflected_to else TO_PEERS


def _announced(settings: Settings, kind: str) -> t.List[str]:
    found = [IS_OWN] if settings.blocks else []
    if kind == TO_ROUTERS:
        return found
    if kind == TO_REFLECTION and settings.reflected:
        found.append(f"source = RTS_BGP && bgp_path.len = 0 && net ~ {_passed_on(settings)}")
    if settings.is_transit:
        found.append(f"source = RTS_BGP && {_is_owned_by('bgp_path.last_nonaggregated')}")
        found.append(f"source = RTS_BGP && bgp_path.len = 0 && {_is_owned_by(settings.as_number)}")
    return found


def _plain_body(settings: Settings, kind: str) -> t.List[str]:
    on_accept = [*add_communities(settings.session["communities"]), "accept;"]
    return [
        *(line for condition in _announced(settings, kind) for line in conditional(condition, on_accept)),
        "  reject;",
    ]


def _aggregation(aggregates: t.Sequence[ipaddress.IPv4Network]) -> t.List[str]:
    return [
        f"  if {IS_AGGREGATE} && net !~ {prefix_set(aggregates)} then reject;",
        f"  if {IS_OWN} && net ~ {prefix_set(aggregates, '+')} then reject;",
    ]


def common_export_filters(settings: Settings) -> t.Dict[str, t.List[str]]:
    """Return the bodies, by name, of the filters for peers without wishes of their own, who are told the same."""
    names = {export_filter(settings, peer)[0] for peer in settings.peers} | {TO_PEERS}
    return {name: _plain_body(settings, name) for name in (TO_PEERS, TO_REFLECTION, TO_ROUTERS) if name in names}


def export_filter(settings: Settings, peer: Peer) -> t.Tuple[str, t.List[str]]:
    """Say what is announced to a peer.

    Returns:
        The name of a common filter and no body, or no name and the body of one for this peer alone.
    """
    session = peer.session
    kind = _kind(settings, peer)
    aggregates = active_aggregates(settings, peer)
    if (
        session["export_filter"] is None
        and not aggregates
        and session["communities"] == settings.session["communities"]
    ):
        # Without transit, routers are told the same as nodes.
        return TO_PEERS if kind == TO_ROUTERS and not settings.is_transit else kind, []
    announced = _announced(settings, kind)
    if aggregates:
        announced.append(IS_AGGREGATE)
    lines = _aggregation(aggregates) if aggregates else []
    on_accept = add_communities(session["communities"])
    if session["export_filter"] is None:
        for condition in announced:
            lines += conditional(condition, [*on_accept, "accept;"])
        return "", [*lines, "  reject;"]
    if not peer.is_external and announced:
        either = " || ".join(f"({one})" if " && " in one else one for one in announced)
        lines.append(f"  if !({either}) then reject;")
    elif not peer.is_external:
        return "", ["  reject;"]
    own = f"({IS_OWN} || {IS_AGGREGATE})" if aggregates else IS_OWN
    return "", [*lines, *rule_lines(session["export_filter"], speaks_as(settings, peer), own, on_accept)]
