# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From pools and floating IPs to the table of nftables that translates addresses on a node.

Chains and sets bear the names that Calico gives to those of the same purpose.
"""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from ...kernel.nf_tables import Chain, Element, Set, TableContent, TableRule
from ...state.kinds.expressions import (
    COUNT,
    destination_from,
    field,
    is_different,
    is_equal,
    is_inside,
    is_outside,
    jump,
    masquerade,
    meta,
    source_from,
)
from ...state.kinds.table import MARK, Table, elements_of, table_of
from ...values.nat import ALWAYS, HAIRPIN, MASQUERADE

FAMILY = "ip"
TABLE = "purel3_nat"

# Ports of UDP to which connections are translated: more than those of tunnels (Geneve 6081, VXLAN 4789 and 8472), fewer
# than WireGuard's 51820. The kernel itself would draw from 1024 to 65535, and what a tunnel on the same hosts sends
# between two ports of its own would then be taken for an answer.
UDP_PORTS = (10000, 51819)

_DNAT, _SNAT, _OUTGOING = "cali-fip-dnat", "cali-fip-snat", "cali-nat-outgoing"
_ADDRESS = ("ipv4_addr",)
_DESTINATIONS = Set(_DNAT, _ADDRESS, MARK, is_map=True, value_type="ipv4_addr")
_SOURCES = Set(_SNAT, _ADDRESS, "source", is_map=True, value_type="ipv4_addr")
_HAIRPINS = Set("cali-fip-hairpin", ("ipv4_addr", "ipv4_addr"), HAIRPIN, is_map=True, value_type="ipv4_addr")
_INSIDE = Set("cali-all-ipam-pools", _ADDRESS, "inside", is_interval=True)
_NODES = Set("cali-all-hosts", _ADDRESS, "node")
_PROTOCOLS = Set("cali-fip-protocols", ("inet_proto",), "protocol")
_ICMP, _TCP, _UDP, _SCTP = 1, 6, 17, 132
# Those that nft calls dstnat and srcnat.
_BEFORE_ROUTING, _AFTER_ROUTING = -100, 100


class Outgoing(t.NamedTuple):
    """How workloads of a pool appear outside of the fabric.

    address: None for that of the interface by which a packet leaves.
    spares_nodes: nodes see the workloads' own addresses.
    """

    pool: IPv4Network
    address: t.Optional[IPv4Address]
    spares_nodes: bool


class FloatingIP(t.NamedTuple):
    """An address by which a workload of this node is reached as well.

    workload: its own address.
    snat: where the workload appears by it, too, one of SNATS.
    """

    address: IPv4Address
    workload: IPv4Address
    snat: str


def ruleset(
    inside: t.Iterable[IPv4Network],
    nodes: t.Iterable[IPv4Address],
    outgoing: t.Sequence[Outgoing],
    floating: t.Sequence[FloatingIP],
) -> Table:
    """Make the table of a node.

    inside: the networks of the fabric, to which workloads send as themselves.
    nodes: the nodes' own addresses.
    """
    own = [*(one.pool for one in outgoing), *(IPv4Network(one.address) for one in floating)]
    elements: t.Dict[Set, t.Set[Element]] = {
        _DESTINATIONS: {Element(one.address.packed, value=one.workload.packed) for one in floating},
        _SOURCES: {_source(one, one.workload.packed) for one in _each_once(floating, {ALWAYS})},
        _HAIRPINS: {_source(one, one.workload.packed * 2) for one in _each_once(floating, {ALWAYS, HAIRPIN})},
        _INSIDE: _ranges([*inside, *own]),
        _NODES: {Element(address.packed) for address in nodes},
        _PROTOCOLS: {Element(bytes((number,))) for number in (_ICMP, _TCP, _UDP, _SCTP)},
    }
    for way in map(_set_of, outgoing):
        elements[way] = _ranges(one.pool for one in outgoing if _set_of(one) == way)
    content = TableContent(
        tuple(elements),
        (
            Chain("cali-PREROUTING", "prerouting", _BEFORE_ROUTING, "nat"),
            Chain("cali-OUTPUT", "output", _BEFORE_ROUTING, "nat"),
            Chain("cali-POSTROUTING", "postrouting", _AFTER_ROUTING, "nat"),
            *(Chain(name) for name in (_DNAT, _SNAT, _OUTGOING)),
        ),
        (*_base_rules(), *_outgoing_rules(outgoing)),
        {known.name: frozenset(members) for known, members in elements.items()},
    )
    return table_of(FAMILY, TABLE, content)


def _source(one: FloatingIP, key: bytes) -> Element:
    return Element(key, value=one.address.packed)


def _each_once(floating: t.Iterable[FloatingIP], snats: t.Container[str]) -> t.Collection[FloatingIP]:
    """One for each workload, of those by which it appears: the lowest."""
    chosen = sorted((one for one in floating if one.snat in snats), reverse=True)
    return {one.workload: one for one in chosen}.values()


def _ranges(nets: t.Iterable[IPv4Network]) -> t.Set[Element]:
    return {Element(net.network_address.packed, net.broadcast_address.packed) for net in collapse_addresses(nets)}


def _set_of(one: Outgoing) -> Set:
    """The set of all pools whose workloads appear in the same way."""
    name = f"cali-masq-ipam-pools{f'-{one.address}' if one.address else ''}{'-hosts' if one.spares_nodes else ''}"
    comment = f"{one.address or MASQUERADE}{' except to nodes' if one.spares_nodes else ''}"
    return Set(name, _ADDRESS, comment, is_interval=True)


def _base_rules() -> t.Iterator[TableRule]:
    source, destination = field("ip", "saddr"), field("ip", "daddr")
    is_translated = is_inside(_PROTOCOLS.name, meta("l4proto"))
    yield TableRule("cali-PREROUTING", (jump(_DNAT),))
    yield TableRule("cali-OUTPUT", (jump(_DNAT),))
    yield TableRule("cali-POSTROUTING", (jump(_SNAT),))
    yield TableRule("cali-POSTROUTING", (jump(_OUTGOING),))
    yield TableRule(_DNAT, (*is_translated, *destination_from(_DESTINATIONS.name, destination)))
    yield TableRule(_SNAT, source_from(_HAIRPINS.name, source, destination))
    yield TableRule(_SNAT, (*is_outside(_INSIDE.name, destination), *source_from(_SOURCES.name, source)))


def _outgoing_rules(outgoing: t.Iterable[Outgoing]) -> t.Iterator[TableRule]:
    ways = {_set_of(one): one for one in outgoing}
    for known, one in sorted(ways.items()):
        leaves = (
            *is_inside(known.name, field("ip", "saddr")),
            *is_outside(_INSIDE.name, field("ip", "daddr")),
            *(is_outside(_NODES.name, field("ip", "daddr")) if one.spares_nodes else ()),
        )
        address = one.address.packed if one.address else None
        udp = is_equal(meta("l4proto"), _UDP), masquerade(address, UDP_PORTS)
        others = is_different(meta("l4proto"), _UDP), masquerade(address, None)
        for protocol, translation in (udp, others):
            yield TableRule(_OUTGOING, (*leaves, *protocol, COUNT, *translation), known.comment)


def describe_nat(content: t.Optional[TableContent]) -> t.Dict[str, t.Any]:
    """What the module nat_info returns, given what stands in the table."""
    if content is None:
        return {"is_translating": False, "outgoing": {}, "floating_ips": {}, "connections": {}}
    words = elements_of(table_of(FAMILY, TABLE, content))
    connections: t.Dict[str, int] = {}
    for rule, packets in zip(content.rules, content.packets):
        if rule.comment:
            connections[rule.comment] = connections.get(rule.comment, 0) + packets
    pools = {
        known.comment: list(words[known.name])
        for known in content.sets
        if known.name.startswith("cali-masq-ipam-pools")
    }
    floating = dict(line.split(" : ") for line in words.get(_DNAT, ()))
    return {"is_translating": True, "outgoing": pools, "floating_ips": floating, "connections": connections}
