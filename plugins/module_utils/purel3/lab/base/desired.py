# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab that was asked for: checked whole, every fault reported at once."""

from __future__ import annotations

import hashlib
import typing as t
from collections import Counter
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface, IPv4Network

from ...base.errors import InvalidInput
from ...values.names import fault_of_device, fault_of_word
from .machine import (
    DEFAULT_CPUS,
    DEFAULT_MEMORY,
    DEFAULT_SSH_PORT,
    Machine,
    image_from_params,
    machine_faults,
    number_from_params,
    option_faults,
)
from .networks import Segment, router_addresses, routes, segment_faults, segments_from_params

QEMU = "qemu"
# No node can have a name that begins with a dot.
ROUTER = ".router"

# The kernel allows 1,024 ports on a bridge (BR_MAX_PORTS).
_PORT_LIMIT = 1000


@dataclass(frozen=True, order=True)
class LabLink:
    """An interface of a node, on the bridge of its subnet.

    Args:
        interface: its name, inside the node.
        address: with prefix length, for example 192.168.50.10/24.
    """

    interface: str
    address: str

    @property
    def subnet(self) -> IPv4Network:
        """The subnet that the address is in."""
        return IPv4Interface(self.address).network

    def __str__(self) -> str:
        return f"{self.interface} {self.address}"


@dataclass(frozen=True, order=True)
class LabNode:
    """One node of a lab and its attachment to the lab's switch.

    Args:
        name: also its host name; ROUTER is the plain router between the networks.
        links: its interfaces, sorted by name.
        machine: what it is as a virtual machine; None is a process with namespaces.
    """

    name: str
    links: t.Tuple[LabLink, ...]
    machine: t.Optional[Machine] = None

    def __str__(self) -> str:
        macs = [f" {mac}" for mac in self.machine.macs] if self.machine else [""] * len(self.links)
        links = ", ".join(f"{link}{mac}" for link, mac in zip(self.links, macs))
        who = "plain router" if self.name == ROUTER else f"node {self.name}"
        return f"{who}  {links}" + (f"  ({self.machine})" if self.machine else "")


@dataclass(frozen=True)
class Lab:
    """A lab: its name, its nodes sorted by name, and how many neighbour entries this kernel needs for it."""

    name: str
    nodes: t.Tuple[LabNode, ...]
    neighbours: int


def mac_address(lab: str, node: str, interface: str) -> str:
    """Return the MAC of a node's interface: the same at every start, so no neighbour is left with a stale one.

    Args:
        lab: name of the lab.
        node: name of the node.
        interface: name of the interface.

    Returns:
        a locally administered unicast MAC, for example 02:1c:9a:00:11:22.
    """
    digest = hashlib.sha256(f"{lab}/{node}/{interface}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (2, *digest[:5]))


def lab_from_params(params: t.Mapping[str, t.Any]) -> Lab:
    """Check the options of the lab module.

    Args:
        params: name, state, nodes (list of name, interface, address, interfaces, mac, memory) and workload_count; for
            virtual machines also backend, networks, and the options of machines.

    Returns:
        the lab, with nodes sorted by name; the plain router is one of them.

    Raises:
        InvalidInput: with one fault per wrong value.
    """
    name = str(params["name"])
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
    is_of_machines = params.get("backend") == QEMU
    segments = segments_from_params(params.get("networks") or (), faults)
    if not is_of_machines:
        faults.extend(_faults_of_what_is_for_machines(name, items, segments))
    faults.extend(segment_faults(segments, {node.name: _addresses(node) for node in readable}))
    if is_of_machines:
        nodes = _machines(name, readable, items, params, segments)
        faults.extend(f"lab {name}: {complaint}" for complaint in option_faults(params))
        for node in nodes:
            addresses = {link.interface: link.address for link in node.links}
            faults.extend(machine_faults(node.name, t.cast(Machine, node.machine), addresses))
        faults.extend(
            _twice(
                [mac for node in nodes if node.machine for mac in node.machine.macs],
                "is the MAC of two interfaces of lab " + name,
            )
        )
    if faults:
        raise InvalidInput(faults)
    if is_of_machines:
        # Their neighbours are in kernels of their own.
        router = tuple(LabLink(f"eth{number}", one) for number, one in enumerate(router_addresses(segments)))
        return Lab(name, tuple(sorted([*nodes, *([LabNode(ROUTER, router)] if router else [])])), 0)
    # Every node keeps an entry for each other node of a subnet, and each workload costs one on either side of its veth.
    neighbours = sum(count * (count - 1) for count in _sizes(nodes).values()) + 2 * workload_count
    return Lab(name, tuple(sorted(nodes)), neighbours)


def _node(item: t.Mapping[str, t.Any]) -> LabNode:
    links = [LabLink(str(item["interface"]), str(item["address"]))]
    links += [LabLink(str(more["name"]), str(more["address"])) for more in item.get("interfaces") or ()]
    return LabNode(str(item["name"]), tuple(sorted(links)))


def _machines(
    lab: str,
    nodes: t.Sequence[LabNode],
    items: t.Sequence[t.Mapping[str, t.Any]],
    params: t.Mapping[str, t.Any],
    segments: t.Sequence[Segment],
) -> t.List[LabNode]:
    image = image_from_params(params)
    first_port = number_from_params(params, "ssh_port", DEFAULT_SSH_PORT)
    memory = number_from_params(params, "memory", DEFAULT_MEMORY)
    numbers = {name: number for number, name in enumerate(sorted({node.name for node in nodes}))}
    return [
        replace(
            node,
            machine=Machine(
                image=image,
                memory=number_from_params(item, "memory", memory),
                cpus=number_from_params(params, "cpus", DEFAULT_CPUS),
                macs=tuple(
                    str(item["mac"]).lower()
                    if item.get("mac") and link.interface == item["interface"]
                    else mac_address(lab, node.name, link.interface)
                    for link in node.links
                ),
                ssh_port=first_port + numbers[node.name],
                is_outbound=bool(params.get("outbound")),
                routes=routes(segments, _addresses(node)),
            ),
        )
        for node, item in zip(nodes, items)
    ]


def _faults_of_what_is_for_machines(
    lab: str, items: t.Sequence[t.Mapping[str, t.Any]], segments: t.Sequence[Segment]
) -> t.Iterator[str]:
    if segments:
        yield f"lab {lab}: networks is for virtual machines; remove it, or set backend: {QEMU}"
    for item in items:
        for key in ("mac", "memory"):
            if item.get(key) is not None:
                yield f"node {item['name']}: {key} is for virtual machines; remove it, or set backend: {QEMU}"


def _addresses(node: LabNode) -> t.List[str]:
    return [link.address for link in node.links]


def _without_faulty_addresses(node: LabNode) -> LabNode:
    return replace(node, links=tuple(link for link in node.links if not _fault_of_address(link.address)))


def _sizes(nodes: t.Iterable[LabNode]) -> t.Dict[IPv4Network, int]:
    return Counter(link.subnet for node in nodes for link in node.links)


def _node_faults(node: LabNode) -> t.Iterator[str]:
    yield from _fault(f"node {node.name}", fault_of_word(node.name))
    yield from _twice([link.interface for link in node.links], f"is the name of two interfaces of node {node.name}")
    for link in node.links:
        yield from _fault(f"node {node.name}", fault_of_device(link.interface))
        if link.interface == "lo":
            yield f"node {node.name}: interface lo is the loopback; use another name, such as ens33"
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
