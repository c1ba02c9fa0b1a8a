# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of a lab: its backend can make such nodes, and every segment has nodes on it."""

from __future__ import annotations

import itertools
import typing as t
from ipaddress import IPv4Address, IPv4Network

from ...lab.base.backend import named
from ...lab.base.desired import LabLink, LabNode
from ..file.document import Path
from ..file.report import Report
from ..file.section import nearest_remedy, show
from . import peers
from .intent import DeclaredLab
from .nodes import addresses_of
from .part import Draft
from .topology import NO_TOPOLOGY, common_subnet

if t.TYPE_CHECKING:
    from .fabric import Fabric
    from .nodes import Node


def check(draft: Draft, report: Report) -> None:
    """Find what cannot be true of the lab, by what the file declares as far as it could be read."""
    lab = draft.fabric.lab
    if lab is None:
        return
    _routers(draft, lab, report)
    _node_options(draft, lab, report)
    _backend(draft, lab, report)
    _segments(draft.fabric, lab, report)
    _plain_router(draft.fabric, lab, report)
    if named(draft.backends, lab.backend).operations is not None:
        _unjoined_nodes(draft, lab, report)
        _absent_routers(draft, lab, report)


def _node_options(draft: Draft, lab: DeclaredLab, report: Report) -> None:
    for node in lab.node_options:
        if node not in draft.node_names:
            problem = f"lab: nodes: {show(node)} is not a node of this file"
            report.fault(("lab", "nodes", node), problem, nearest_remedy(node, draft.node_names))
    for option in (option for backend in draft.backends for option in backend.node_options if option.is_unique):
        uses: t.List[t.Tuple[Path, str, str]] = [
            (("lab", "nodes", node, option.name), str(own[option.name]), node)
            for node, own in lab.node_options.items()
            if option.name in own
        ]
        report.unique(option.name, uses)


def _backend(draft: Draft, lab: DeclaredLab, report: Report) -> None:
    nodes = {node.name: node for node in draft.fabric.nodes}
    made = [LabNode(name, _links(nodes[name]) if name in nodes else ()) for name in sorted(draft.node_names)]
    for key, problem, remedy, interface, node in named(draft.backends, lab.backend).fabric_faults(lab.options, made):
        if not node:
            report.fault(("lab", key), f"lab: {problem}", remedy)
            continue
        path: Path = ("nodes", node)
        if interface == nodes[node].interface:
            path = (*path, key)
        else:
            path = (*path, "interfaces", interface, *(["address"] if key == "address" else []))
        # The address is what the fabric is about, and only this backend cannot have it.
        other = f", or set backend: {draft.backends[0].name}" if key == "address" else ""
        report.fault(path, f"{node}: {problem}", f"{remedy}{other}")


def _links(node: Node) -> t.Tuple[LabLink, ...]:
    further = [LabLink(one.name, str(one.address)) for one in node.interfaces]
    return (LabLink(node.interface, str(node.address)), *further)


def _segments(fabric: Fabric, lab: DeclaredLab, report: Report) -> None:
    first: t.Dict[IPv4Network, str] = {}
    for network in lab.networks:
        path = ("lab", "networks", network.name)
        for subnet, name in first.items():
            if subnet.overlaps(network.subnet):
                at = report.seen(("lab", "networks", name))
                problem = f"network {network.name}: subnet {network.subnet} overlaps network {name}'s {subnet}{at}"
                report.fault((*path, "subnet"), problem, "keep them apart")
        first.setdefault(network.subnet, network.name)
    if not lab.networks:
        return
    used = set()
    for node in fabric.nodes:
        for address in addresses_of(node):
            used.add(address.network)
            if address.network not in first:
                problem = f"{node.name}: address {address} is in no network of the lab"
                report.fault(_address_at(node.name, address.ip, fabric), problem, "add its subnet to lab: networks")
    for network in lab.networks:
        if network.subnet not in used:
            problem = f"network {network.name}: no node has an address in its subnet {network.subnet}"
            report.fault(("lab", "networks", network.name), problem, "give a node one, or remove the network")


def _plain_router(fabric: Fabric, lab: DeclaredLab, report: Report) -> None:
    owners = {
        address.ip: (_address_at(node.name, address.ip, fabric), node.name)
        for node in fabric.nodes
        for address in addresses_of(node)
    }
    for network in lab.networks:
        if network.router is None:
            continue
        path = ("lab", "networks", network.name, "router")
        where = f"network {network.name}: router {network.router}"
        subnet = network.subnet
        if network.router not in subnet:
            report.fault(path, f"{where} is not in its subnet {subnet}", "give it an address of that")
        elif subnet.prefixlen < 31 and network.router in (subnet.network_address, subnet.broadcast_address):
            report.fault(path, f"{where} is the subnet's own address or its broadcast", "give it a host's address")
        if network.router in owners:
            other_path, owner = owners[network.router]
            problem = f"{where} is also {owner}'s address{report.seen(other_path)}"
            report.fault(path, problem, "give each its own")
    routed = [network for network in lab.networks if network.router is not None]
    if len(routed) == 1:
        (only,) = routed
        problem = f"network {only.name}: router {only.router} is on this network only, so it leads nowhere"
        report.fault(("lab", "networks", only.name, "router"), problem, "give another network a router as well")


def _unjoined_nodes(draft: Draft, lab: DeclaredLab, report: Report) -> None:
    networks = {network.subnet for network in lab.networks}
    routed = {network.subnet for network in lab.networks if network.router is not None}
    if len(routed) == 1 or (networks and any(_networks_of(node) - networks for node in draft.fabric.nodes)):
        # Of these another fault is told.
        return
    for one, other in _speakers(draft.fabric):
        if all(_reaches(*ends, routed) for ends in ((one, other), (other, one))):
            continue
        routers = "give each of the two a router in networks"
        if not named(draft.backends, lab.backend).has_networks:
            names = " or ".join(backend.name for backend in draft.backends if backend.has_networks)
            routers = f"set backend: {names}, and {routers}"
        problem = (
            f"lab: {one.name} in {one.address.network} and {other.name} in {other.address.network} cannot reach each "
            "other, as no router joins these networks"
        )
        report.fault(("lab",), problem, f"{routers}, or put both nodes into one network")
        return


def _speakers(fabric: Fabric) -> t.Iterator[t.Tuple[Node, Node]]:
    """Pairs of nodes that send each other packets directly; of nodes in the same networks, one stands for all."""
    nodes = {node.name: node for node in fabric.nodes}
    for peer in fabric.peers:
        near, far = nodes.get(peer.node or ""), nodes.get(peer.peer_node or "")
        if near is not None and far is not None and common_subnet(near, far) is None:
            yield near, far
    if fabric.topology != NO_TOPOLOGY:
        alike: t.Dict[t.Tuple[IPv4Network, t.FrozenSet[IPv4Network]], Node] = {}
        for node in fabric.nodes:
            alike.setdefault((node.address.network, frozenset(_networks_of(node))), node)
        yield from itertools.combinations(alike.values(), 2)


def _networks_of(node: Node) -> t.Set[IPv4Network]:
    return {address.network for address in addresses_of(node)}


def _reaches(one: Node, other: Node, routed: t.AbstractSet[IPv4Network]) -> bool:
    network = other.address.network
    return network in _networks_of(one) or (network in routed and not routed.isdisjoint(_networks_of(one)))


def _absent_routers(draft: Draft, lab: DeclaredLab, report: Report) -> None:
    made = {router.address.ip for router in lab.routers}
    for peer in draft.fabric.peers:
        if peer.address is not None and peer.address not in made:
            problem = f"{peer.name}: the lab has no router with its address {peer.address}, so that no session comes up"
            report.warn(("peers", peer.name, "address"), problem, "add it to lab: routers")


def _address_at(name: str, address: IPv4Address, fabric: Fabric) -> Path:
    node = next(node for node in fabric.nodes if node.name == name)
    further = next((one.name for one in node.interfaces if one.address.ip == address), None)
    path: Path = ("nodes", name)
    return (*path, "address") if further is None else (*path, "interfaces", further, "address")


def _routers(draft: Draft, lab: DeclaredLab, report: Report) -> None:
    fabric = draft.fabric
    names = {node.name for node in fabric.nodes}
    networks = {address.network for node in fabric.nodes for address in addresses_of(node)}
    peer_addresses = {peer.address for peer in fabric.peers}
    for router in lab.routers:
        path = ("lab", "routers", router.name)
        if router.name in names:
            at = report.seen(("nodes", router.name))
            report.fault(path, f"{router.name}: router {router.name} is also the name of a node{at}", "rename one")
        if router.address.network not in networks:
            problem = f"{router.name}: no node is in its network {router.address.network}"
            report.fault((*path, "address"), problem, "give a node an address of it, in 'address' or 'interfaces'")
        if peers.are_all_read(draft) and router.address.ip not in peer_addresses:
            problem = f"{router.name}: no entry of peers has its address {router.address.ip}"
            report.fault((*path, "address"), problem, "add one, or remove the router")
