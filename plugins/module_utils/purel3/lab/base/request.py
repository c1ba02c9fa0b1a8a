# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module lab: checked whole, every fault reported at once."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network

from ...base.errors import InvalidInput
from ...values.names import fault_of_new_device, fault_of_word
from .backend import Backend, Values, named, node_keys, owners
from .desired import ROUTER, Lab, LabLink, LabNode
from .networks import router_addresses, segment_faults, segments_from_params

# The kernel allows 1,024 ports on a bridge (BR_MAX_PORTS).
_PORT_LIMIT = 1000


def lab_from_params(params: Values, backends: t.Sequence[Backend]) -> Lab:
    """Check the options of the lab module; raises InvalidInput.

    The nodes are sorted by name; the plain router is one of them.
    """
    name = str(params["name"])
    backend = named(backends, params.get("backend"))
    items = params.get("nodes") or ()
    nodes = [_node(item) for item in items]
    workload_count = int(params.get("workload_count") or 0)
    faults = list(_fault(f"lab {name}", fault_of_word(name)))
    if params["state"] == "present" and not nodes:
        faults.append(f"lab {name}: no nodes are listed; list some, or end the lab with state: absent")
    if workload_count < 0:
        faults.append(f"lab {name}: workload_count {workload_count} is negative; give the number of workloads")
    faults.extend(_twice([node.name for node in nodes], "is the name of two nodes of lab " + name))
    for node in nodes:
        faults.extend(_node_faults(node))
    readable = [_without_faulty_addresses(node) for node in nodes]
    faults.extend(_subnet_faults(name, readable))
    segments = segments_from_params(params.get("networks") or (), faults)
    faults.extend(_faults_of_what_is_for_others(name, items, bool(segments), backend, backends))
    faults.extend(segment_faults(segments, {node.name: node.addresses for node in readable}))
    made = backend.make(name, readable, items, params, segments)
    faults.extend(backend.faults(name, made, params))
    faults.extend(
        _twice(
            [mac for node in made if node.machine for mac in node.machine.macs],
            "is the MAC of two interfaces of lab " + name,
        )
    )
    if faults:
        raise InvalidInput(faults)
    router = tuple(LabLink(f"eth{number}", one) for number, one in enumerate(router_addresses(segments)))
    if backend.has_own_kernel:
        neighbours = 0
    else:
        # Every node keeps an entry for each other node of a subnet, and each workload costs one on either side of its
        # veth.
        neighbours = sum(count * (count - 1) for count in _sizes(made).values()) + 2 * workload_count
    return Lab(name, tuple(sorted([*made, *([LabNode(ROUTER, router)] if router else [])])), neighbours)


def _node(item: Values) -> LabNode:
    links = [LabLink(str(item["interface"]), str(item["address"]))]
    links += [LabLink(str(more["name"]), str(more["address"])) for more in item.get("interfaces") or ()]
    return LabNode(str(item["name"]), tuple(sorted(links)))


def _faults_of_what_is_for_others(
    lab: str, items: t.Sequence[Values], has_networks: bool, backend: Backend, backends: t.Sequence[Backend]
) -> t.Iterator[str]:
    def fault(where: str, key: str) -> str:
        nodes, names = owners(backends, key)
        return f"{where}: {key} is for {nodes}; remove it, or set backend: {names}"

    if has_networks and not backend.has_networks:
        yield fault(f"lab {lab}", "networks")
    others = [key for other in backends for key in node_keys(other) if key not in node_keys(backend)]
    for item in items:
        yield from (fault(f"node {item['name']}", key) for key in others if item.get(key) is not None)


def _without_faulty_addresses(node: LabNode) -> LabNode:
    return replace(node, links=tuple(link for link in node.links if not _fault_of_address(link.address)))


def _sizes(nodes: t.Iterable[LabNode]) -> t.Dict[IPv4Network, int]:
    return Counter(link.subnet for node in nodes for link in node.links)


def _node_faults(node: LabNode) -> t.Iterator[str]:
    yield from _fault(f"node {node.name}", fault_of_word(node.name))
    yield from _twice([link.interface for link in node.links], f"is the name of two interfaces of node {node.name}")
    for link in node.links:
        yield from _fault(f"node {node.name}", fault_of_new_device(link.interface))
        complaint = _fault_of_address(link.address)
        if complaint:
            yield f"node {node.name}: address {link.address} {complaint}"


def _fault_of_address(text: str) -> str:
    if "/" not in text:
        return "has no prefix length; write it as 192.168.50.10/24"
    try:
        address = IPv4Interface(text)
    except ValueError:
        return "is no IPv4 address; write it as 192.168.50.10/24"
    network = address.network
    if network.prefixlen < 31 and address.ip in (network.network_address, network.broadcast_address):
        return "is the subnet's own or its broadcast; give a host's address"
    if address.ip.is_multicast or address.ip.is_loopback or address.ip.is_unspecified:
        return "cannot be a host's; give a unicast address"
    return ""


def _subnet_faults(lab: str, nodes: t.Sequence[LabNode]) -> t.Iterator[str]:
    addresses = [link.address.partition("/")[0] for node in nodes for link in node.links]
    yield from _twice(addresses, f"is the address of two interfaces of lab {lab}")
    for node in nodes:
        subnets = [str(link.subnet) for link in node.links]
        yield from _twice(subnets, f"is the subnet of two interfaces of node {node.name}")
    sizes = _sizes(nodes)
    for subnet in sorted(sizes):
        if sizes[subnet] > _PORT_LIMIT:
            yield f"subnet {subnet}: {sizes[subnet]} nodes are too many for one bridge; use {_PORT_LIMIT} at most"
    for first, second in zip(sorted(sizes), sorted(sizes)[1:]):
        if first.overlaps(second):
            yield f"subnets {first} and {second} overlap, but are not one; give their nodes the same prefix length"


def _fault(where: str, complaint: str) -> t.Iterator[str]:
    if complaint:
        yield f"{where}: {complaint}"


def _twice(values: t.Sequence[str], complaint: str) -> t.Iterator[str]:
    for value in sorted(value for value, count in Counter(values).items() if count > 1):
        yield f"{value} {complaint}; give each its own"
