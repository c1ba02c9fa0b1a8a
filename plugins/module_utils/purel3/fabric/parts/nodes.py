# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`nodes`: the hosts, and what every part asks of them: their addresses and their blocks."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ...values import bgp, scalars
from ..file.document import Path, plain
from ..file.report import Report
from ..file.section import Section, show
from . import pools
from .as_number import REFUSED_NUMBER, AsNumbers, default_as_number
from .encapsulation import network_mtu
from .part import ByNode, Draft, Part, Variables, as_one_value

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric

NODE_KEYS = (
    "address",
    "old_address",
    "interface",
    "as_number",
    "router_id",
    "blocks",
    "route_reflector_cluster_id",
    "interfaces",
    "labels",
    "vars",
)
# It stands for a name that was refused, so that the rest of the file can be checked as well.
_REFUSED_INTERFACE = "eth0"

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class NodeInterface:
    """A further interface of a node, and its address with the prefix length of its subnet."""

    name: str
    address: IPv4Interface


@dataclass(frozen=True)
class Node:
    """A Linux host that routes for workloads and speaks BGP.

    address: with the prefix length of its subnet.
    interface: the one that carries the address.
    router_id: its BGP identifier.
    blocks: those that the file gives it; empty means that they are allocated.
    is_dedicated: it owns no block and has no workload.
    cluster_id: of a route reflector, or None for the router id.
    interfaces: further ones, sorted by name.
    labels: free words to select nodes by.
    variables: further host vars of the user's.
    old_address: the one that it had, while it changes.
    """

    name: str
    address: IPv4Interface
    interface: str
    as_number: int
    router_id: IPv4Address
    blocks: t.Tuple[IPv4Network, ...] = ()
    is_dedicated: bool = False
    cluster_id: t.Optional[IPv4Address] = None
    interfaces: t.Tuple[NodeInterface, ...] = ()
    labels: t.Mapping[str, str] = field(default_factory=dict)
    variables: t.Mapping[str, t.Any] = field(default_factory=dict)
    old_address: t.Optional[IPv4Interface] = None


def addresses_of(node: Node) -> t.List[IPv4Interface]:
    """All addresses by which a node speaks: its own first, then those of its further interfaces."""
    return [node.address, *(interface.address for interface in node.interfaces)]


def sources_of(node: Node) -> t.List[IPv4Interface]:
    """All addresses that a node's packets may come from."""
    return [*addresses_of(node), *([node.old_address] if node.old_address else [])]


def read_labels(section: Section) -> t.Mapping[str, str]:
    """The labels of a node or workload; an unusable value is empty."""
    labels = section.section("labels", f"{section.title}: labels")
    found: t.Dict[str, str] = {}
    for key, item in labels.items():
        labels.check_name("key", key, item, scalars.label)
        found[key] = labels.parse_text(key, item, scalars.label) or ""
    return found


def read_variables(section: Section, title: str, computed: t.Collection[str]) -> t.Mapping[str, t.Any]:
    """The host vars below `vars`, of one node or of all."""
    variables = section.section("vars", title)
    for key, item in variables.items():
        if not _VARIABLE.fullmatch(key):
            variables.fault(item.line, f"{show(key)} is not a variable's name", "use letters, digits and '_'")
        elif key in computed:
            variables.fault(item.line, f"{key} is computed from this file", "remove it here; host_vars can override it")
    return {key: plain(item) for key, item in variables.items()}


def _read(draft: Draft) -> Fabric:
    file = draft.file
    nodes = _nodes(file, default_as_number(file), draft.computed)
    return replace(draft.fabric, nodes=tuple(sorted(nodes, key=lambda node: node.name)))


def _nodes(file: Section, as_numbers: t.Optional[AsNumbers], computed: t.Collection[str]) -> t.Iterator[Node]:
    if "nodes" not in file:
        file.missing("nodes", "give at least one, by its name")
    nodes = file.section("nodes", "nodes")
    if nodes.is_mapping and not nodes.items():
        nodes.fault(nodes.line, "no node is given", "give at least one, by its name")
    for name, item in nodes.items():
        nodes.check_name("node", name, item, scalars.node_name)
        node = _node(name, nodes.entry(name, item, show(name), NODE_KEYS), as_numbers, computed)
        if node is not None:
            yield node


def _node(
    name: str, section: Section, as_numbers: t.Optional[AsNumbers], computed: t.Collection[str]
) -> t.Optional[Node]:
    if not section.is_mapping:
        return None
    if "address" not in section:
        section.missing("address", "write the host's own, with its prefix length, such as 192.168.50.10/24")
    if "interface" not in section:
        section.missing("interface", "name the interface that carries the address, such as ens33")
    if "as_number" not in section and as_numbers is None:
        section.missing("as_number", "give this node one, or write one at the top of the file for all nodes")
    address = section.text("address", scalars.interface_address)
    old_address = section.text("old_address", scalars.interface_address)
    router_id = section.text("router_id", scalars.router_id)
    blocks = tuple(_blocks(section))
    interface = section.text("interface", scalars.uplink_name)
    as_number = section.number("as_number", scalars.as_number)
    cluster_id = section.text("route_reflector_cluster_id", bgp.cluster_id)
    interfaces = tuple(sorted(_interfaces(section), key=lambda interface: interface.name))
    labels = read_labels(section)
    variables = read_variables(section, f"{section.title}: vars", computed)
    if address is None:
        return None
    return Node(
        name=name,
        address=address,
        interface=interface or _REFUSED_INTERFACE,
        as_number=as_number or (as_numbers(address.ip) if as_numbers else REFUSED_NUMBER),
        router_id=router_id or address.ip,
        blocks=blocks,
        is_dedicated=section.value("blocks") == [],
        cluster_id=cluster_id,
        interfaces=interfaces,
        labels=labels,
        variables=variables,
        old_address=old_address,
    )


def _interfaces(section: Section) -> t.Iterator[NodeInterface]:
    interfaces = section.section("interfaces", f"{section.title}: interfaces")
    for name, item in interfaces.items():
        interfaces.check_name("interface", name, item, scalars.uplink_name)
        entry = interfaces.entry(name, item, f"{interfaces.title}: {show(name)}", ("address",))
        if entry.is_mapping and "address" not in entry:
            entry.missing("address", "write it with its prefix length, such as 10.0.13.1/24")
        address = entry.text("address", scalars.interface_address)
        if address is not None:
            yield NodeInterface(name, address)


def _blocks(section: Section) -> t.Iterator[IPv4Network]:
    seen: t.Dict[IPv4Network, int] = {}
    for index, entry in enumerate(section.sequence("blocks")):
        block = section.parse_text(f"blocks[{index}]", entry, scalars.network)
        if block is not None and block in seen:
            section.fault(entry.line, f"block {block} is listed twice (first on line {seen[block]})", "list it once")
        elif block is not None:
            seen[block] = entry.line
            section.note(str(block), entry.line)
            yield block


def _check(draft: Draft, report: Report) -> None:
    fabric = draft.fabric
    _identities(fabric, report)
    _networks(fabric, report)
    _pools_in_networks(fabric, report)
    _further_interfaces(fabric, report)
    if pools.are_all_read(draft):
        _blocks_in_pools(fabric, report)
    _block_owners(fabric, report)


def _identities(fabric: Fabric, report: Report) -> None:
    nodes = fabric.nodes
    report.unique("address", [(path, str(address.ip), owner) for path, address, owner in _addresses(fabric)])
    # A router id that is not given is the address, and an address used twice is one fault, not two.
    first_with = {node.address.ip: node.name for node in reversed(nodes)}
    router_ids = [
        (_at(node, "router_id"), str(node.router_id), node.name)
        for node in nodes
        if node.router_id != node.address.ip or first_with[node.address.ip] == node.name
    ]
    report.unique("router_id", router_ids)
    for path, address, owner in _addresses(fabric):
        pool = fabric.pool_of(address.ip)
        if pool is not None:
            problem = f"{owner}: address {address.ip} lies in pool {pool.cidr}{report.seen(pools.pool_at(pool))}"
            report.fault(path, problem, "pools are for workloads only: move the pool or the node")


def _addresses(fabric: Fabric) -> t.Iterator[t.Tuple[Path, IPv4Interface, str]]:
    for node in fabric.nodes:
        yield _at(node, "address"), node.address, node.name
        if node.old_address is not None:
            yield _at(node, "old_address"), node.old_address, node.name
        for interface in node.interfaces:
            yield _at(node, "interfaces", interface.name, "address"), interface.address, node.name
    for router in fabric.lab.routers if fabric.lab is not None else ():
        yield ("lab", "routers", router.name, "address"), router.address, router.name


def _networks(fabric: Fabric, report: Report) -> None:
    by_network: t.Dict[IPv4Network, t.Tuple[Path, str]] = {}
    for path, address, owner in _addresses(fabric):
        if address.network.prefixlen < 32:
            by_network.setdefault(address.network, (path, owner))
    outer: t.Optional[IPv4Network] = None
    for network in sorted(by_network):
        path, owner = by_network[network]
        if outer is not None and network.subnet_of(outer):
            outer_path, outer_owner = by_network[outer]
            problem = f"{owner}: network {network} is part of {outer_owner}'s {outer}{report.seen(outer_path)}"
            report.fault(path, problem, "give nodes of one subnet the same prefix length")
        else:
            outer = network


def _pools_in_networks(fabric: Fabric, report: Report) -> None:
    networks = {address.network: (path, owner) for path, address, owner in reversed(list(_addresses(fabric)))}
    for pool in fabric.pools:
        for network in (network for network in sorted(networks) if pool.cidr.subnet_of(network)):
            path, owner = networks[network]
            problem = f"pool {pool.cidr} lies in {owner}'s network {network}{report.seen(path)}, whose other hosts find"
            problem += " none of its addresses on the wire"
            report.warn(pools.pool_at(pool), problem, "use a range that no network has")


def _further_interfaces(fabric: Fabric, report: Report) -> None:
    for node in fabric.nodes:
        names = {node.interface: _at(node, "interface")}
        networks = {node.address.network: (node.interface, _at(node, "address"))}
        for interface in node.interfaces:
            path = _at(node, "interfaces", interface.name)
            where = f"{node.name}: interface {interface.name}"
            network = interface.address.network
            if interface.name in names:
                problem = f"{where} carries the node's own address{report.seen(names[interface.name])}"
                report.fault(path, problem, "list further interfaces only")
            if network in networks:
                other, other_path = networks[network]
                problem = f"{where} is in network {network}, as {other} is{report.seen(other_path)}"
                report.fault((*path, "address"), problem, "give each interface a network of its own")
            networks.setdefault(network, (interface.name, (*path, "address")))


def _blocks_in_pools(fabric: Fabric, report: Report) -> None:
    cidrs = " and ".join(str(pool.cidr) for pool in fabric.pools)
    for node in fabric.nodes:
        for block in node.blocks:
            pool = fabric.pool_of(block)
            where = _at(node, str(block))
            if pool is None:
                problem = f"{node.name}: block {block} is outside of every pool"
                report.fault(where, problem, f"take it from a pool ({cidrs}), or add a pool")
            elif block.prefixlen != pool.block_size:
                problem = f"{node.name}: block {block} is not a /{pool.block_size}, the block_size of pool {pool.cidr}"
                report.fault(where, problem, f"list blocks of /{pool.block_size}, or change the pool's block_size")


def _block_owners(fabric: Fabric, report: Report) -> None:
    owners: t.Dict[IPv4Network, str] = {}
    for node in fabric.nodes:
        for block in node.blocks:
            other = owners.setdefault(block, node.name)
            if other != node.name:
                first, second = report.by_line(("nodes", other, str(block)), _at(node, str(block)))
                problem = f"{second[1]}: block {block} is also {first[1]}'s{report.seen(first)}"
                report.fault(second, problem, "give each its own")


def _at(node: Node, *keys: str) -> Path:
    return ("nodes", node.name, *keys)


def _by_node(checked: CheckedFabric) -> ByNode:
    blocks = checked.blocks_by_node
    return {
        node.name: {
            "ansible_host": str(node.address.ip),
            "bird_router_id": str(node.router_id),
            "bird_as_number": node.as_number,
            "bird_address": str(node.address.ip),
            "bird_blocks": blocks[node.name],
            "fabric_labels": dict(node.labels),
            "node_interfaces": {
                node.interface: str(node.address),
                **{interface.name: str(interface.address) for interface in node.interfaces},
            },
            "node_network_mtu": network_mtu(checked.fabric),
            **({"node_old_address": str(node.old_address)} if node.old_address else {}),
        }
        for node in checked.fabric.nodes
    }


def _of_all(checked: CheckedFabric) -> Variables:
    owned = checked.blocks_by_node
    owners = sorted((IPv4Network(block), node) for node, blocks in owned.items() for block in blocks)
    return {"fabric_blocks": as_one_value({"block": str(block), "node": node} for block, node in owners)}


PART = Part(
    keys=("nodes",),
    read=_read,
    check=_check,
    by_node=_by_node,
    of_all=_of_all,
    variables=(
        "bird_address",
        "bird_as_number",
        "bird_blocks",
        "bird_router_id",
        "fabric_labels",
        "node_interfaces",
        "node_network_mtu",
        "node_old_address",
    ),
    large=("fabric_blocks",),
    is_allocated=True,
)
