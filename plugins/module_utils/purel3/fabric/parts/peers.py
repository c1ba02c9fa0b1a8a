# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`peers`: BGP peerings beside those of the topology, with routers or between two nodes."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from ...values import bgp, scalars
from ...values.filters import ACCEPT, parse_rules
from ...values.selector import Selector
from ...values.selector import parse as selector
from ..file.report import Report
from ..file.section import Section, nearest_remedy, show
from .as_number import as_number_at
from .bgp import OF_ALL_KEYS, SESSION_KEYS, prepends, read_options
from .intent import SessionOptions
from .nodes import addresses_of, sources_of
from .part import Draft, Part, Variables
from .peering import peers
from .session_checks import check_options, effective
from .topology import NO_TOPOLOGY, common_subnet, is_joined_by_topology, peering_nodes

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric
    from .nodes import Node

PEER_KEYS = ("address", "as_number", "port", "node", "selector", "peer_node")


@dataclass(frozen=True)
class DeclaredPeer:
    """A BGP peering beside those of the topology.

    address: of a router outside of the fabric; None for a peering of two nodes.
    as_number: of that router; None for a peering of two nodes unless it is given.
    port: TCP port of that router.
    node: the one node that has this peer.
    selector: the nodes that have this peer; without either all have it.
    peer_node: the other node of a peering of two.
    """

    name: str
    options: SessionOptions = field(default_factory=dict)
    address: t.Optional[IPv4Address] = None
    as_number: t.Optional[int] = None
    port: t.Optional[int] = None
    node: t.Optional[str] = None
    selector: t.Optional[Selector] = None
    peer_node: t.Optional[str] = None


def are_all_read(draft: Draft) -> bool:
    """Whether every entry could be read."""
    return "peers" not in draft.file or len(draft.fabric.peers) == len(draft.file.mapping("peers")) > 0


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, peers=tuple(sorted(_peers(draft.file), key=lambda peer: peer.name)))


def _peers(file: Section) -> t.Iterator[DeclaredPeer]:
    peers = file.section("peers", "peers")
    for name, item in peers.items():
        peers.check_name("peer", name, item, scalars.word)
        peer = _peer(name, peers.entry(name, item, show(name), (*PEER_KEYS, *SESSION_KEYS)))
        if peer is not None:
            yield peer


def _peer(name: str, section: Section) -> t.Optional[DeclaredPeer]:
    if not section.is_mapping:
        return None
    for key in OF_ALL_KEYS:
        if key in section:
            section.fault(section.line_of(key), f"{key} is of all sessions", "write it below bgp")
    is_between_nodes = "peer_node" in section
    if is_between_nodes and "node" not in section:
        section.missing("node", "name the first of the two nodes; peer_node is the second")
    for key in ("address", "port", "selector"):
        if is_between_nodes and key in section:
            section.fault(section.line_of(key), f"{key} does not go with peer_node", "remove one of the two")
    for key, remedy in (
        ("address", "write the router's, or peer_node for a session of two nodes"),
        ("as_number", "write the router's, such as 64900"),
    ):
        if not is_between_nodes and key not in section:
            section.missing(key, remedy)
    if "selector" in section and "node" in section:
        section.fault(section.line_of("selector"), "selector does not go with node", "remove one of the two")
    peer = DeclaredPeer(
        name=name,
        options=read_options(section),
        address=section.text("address", bgp.peer_address),
        as_number=section.number("as_number", scalars.as_number),
        port=section.number("port", bgp.port),
        node=section.text("node", str),
        selector=section.text("selector", selector),
        peer_node=section.text("peer_node", str),
    )
    has_nodes = all(getattr(peer, key) is not None for key in ("node", "selector") if key in section)
    has_peer = peer.node is not None and peer.peer_node is not None if is_between_nodes else peer.address is not None
    return peer if has_nodes and has_peer else None


def _check(draft: Draft, report: Report) -> None:
    fabric = draft.fabric
    for peer in fabric.peers:
        check_options(fabric, ("peers", peer.name), peer.name, peer.options, (peer.peer_node is None,), report)
        _prepend(fabric, peer, report)
        for limit in ("import_limit", "receive_limit"):
            action = f"{limit}_action"
            if action in peer.options and effective(fabric, peer.options, limit) is None:
                problem = f"{peer.name}: {action} {peer.options[action]} has no {limit}"
                report.fault(("peers", peer.name, action), problem, f"set {limit} as well")
        if peer.peer_node is None:
            _router(fabric, peer, report)
            _carrying(fabric, peer, report)
        else:
            _two_nodes(draft, peer, report)
        _reach(fabric, peer, report)
        _source(fabric, peer, report)
        _nodes_of(draft, peer, report)
    _twice(fabric, report)


def _prepend(fabric: Fabric, peer: DeclaredPeer, report: Report) -> None:
    of_all = fabric.session.get("export_filter")
    own = peer.options.get("export_filter", of_all)
    # The other end of two nodes has that of all sessions.
    name = next((each for each in (own, of_all if peer.peer_node else None) if prepends(fabric, each)), None)
    if name is None:
        return
    path = ("bgp", "export_filter") if name == of_all else ("peers", peer.name, "export_filter")
    nodes = {node.name: node for node in fabric.nodes}
    far = nodes.get(peer.peer_node or "")
    as_number = far.as_number if far is not None else peer.as_number
    for node in peering_nodes(fabric, peer):
        if as_number == (peer.options.get("local_as_number") or node.as_number):
            problem = f"{peer.name}: export_filter {name} prepends, but {node.name} and the peer share AS {as_number}"
            report.fault(path, problem, "no peer takes a path with its own AS: leave out prepend")
            return


def _router(fabric: Fabric, peer: DeclaredPeer, report: Report) -> None:
    path = ("peers", peer.name)
    if any(node.name == peer.name for node in fabric.nodes):
        at = report.seen(("nodes", peer.name))
        report.fault(path, f"{peer.name}: peer {peer.name} is also the name of a node{at}", "rename one of them")
    pool = None if peer.address is None else fabric.pool_of(peer.address)
    if pool is not None:
        problem = f"{peer.name}: address {peer.address} lies in pool {pool.cidr}{report.seen((str(pool.cidr),))}"
        report.fault((*path, "address"), problem, "pools are for workloads only: move the pool or the router")
    for node in fabric.nodes:
        if any(address.ip == peer.address for address in addresses_of(node)):
            _router_is_node(peer, node, report)
    subnets = {address.network for node in peering_nodes(fabric, peer) for address in addresses_of(node)}
    for subnet in sorted(subnet for subnet in subnets if subnet.prefixlen < 31):
        if peer.address in (subnet.network_address, subnet.broadcast_address):
            which = "network" if peer.address == subnet.network_address else "broadcast"
            problem = f"{peer.name}: address {peer.address} is the {which} address of {subnet}"
            report.fault((*path, "address"), problem, "write the router's own")
    _frr_watches(fabric, peer, report)
    for router in fabric.lab.routers if fabric.lab is not None else ():
        if router.address.ip == peer.address and peer.as_number not in (None, router.as_number):
            at = report.seen(("lab", "routers", router.name, "as_number"))
            problem = f"{peer.name}: as_number {peer.as_number} is not {router.name}'s {router.as_number}{at}"
            report.fault((*path, "as_number"), problem, "both ends of a session must agree: correct one of them")


def _frr_watches(fabric: Fabric, peer: DeclaredPeer, report: Report) -> None:
    runs_frr = fabric.lab is not None and any(router.address.ip == peer.address for router in fabric.lab.routers)
    is_guarded = effective(fabric, peer.options, "ttl_security") is not False and "multihop" not in peer.options
    near = [
        node for node in peering_nodes(fabric, peer) if any(peer.address in own.network for own in addresses_of(node))
    ]
    is_external = any((peer.options.get("local_as_number") or node.as_number) != peer.as_number for node in near)
    if runs_frr and is_guarded and is_external and effective(fabric, peer.options, "bfd"):
        problem = f"{peer.name}: with TTL security FRR does not end this session when BFD finds a node dead"
        report.warn(("peers", peer.name), problem, "set multihop: 1, or ttl_security: false")


def _router_is_node(peer: DeclaredPeer, node: Node, report: Report) -> None:
    path = ("peers", peer.name)
    at = report.seen(("nodes", node.name))
    if peer.node == node.name:
        problem = f"{peer.name}: address {peer.address} is {node.name}'s own{at}"
        report.fault((*path, "address"), problem, "a node is no peer of itself: write another router's")
        return
    if peer.as_number not in (None, node.as_number):
        problem = f"{peer.name}: as_number {peer.as_number} is not {node.name}'s {node.as_number}{at}"
        report.fault((*path, "as_number"), problem, "both ends of a session must agree: correct one of them")
    problem = f"{peer.name}: address {peer.address} is {node.name}'s{at}, where this session would have no other end"
    report.fault((*path, "address"), problem, f"write node and 'peer_node: {node.name}' instead of address")


def _carrying(fabric: Fabric, peer: DeclaredPeer, report: Report) -> None:
    nodes = peering_nodes(fabric, peer)
    if peer.options.get("carries_blocks"):
        speaks_as: t.Dict[int, str] = {}
        for node in nodes if "allow_local_as" not in peer.options else ():
            number = peer.options.get("local_as_number") or node.as_number
            other = speaks_as.setdefault(number, node.name)
            if number != peer.as_number and other != node.name:
                problem = (
                    f"{peer.name}: {other} and {node.name} are both AS {number} to it, and each refuses the other's "
                    "blocks, which come with that number in their path"
                )
                remedy = (
                    "give each node an as_number of its own, or set allow_local_as: 1; where the router puts its own "
                    "number in place of theirs (as-override), set allow_local_as: 0"
                )
                report.warn(("peers", peer.name, "carries_blocks"), problem, remedy)
                return
    elif fabric.topology == NO_TOPOLOGY and not fabric.transit and _takes_blocks(fabric, peer):
        joined = {frozenset((one.node, one.peer_node)) for one in fabric.peers}
        pairs = ((one, other) for index, one in enumerate(nodes) for other in nodes[index + 1 :])
        apart = next((pair for pair in pairs if frozenset(node.name for node in pair) not in joined), None)
        if apart is not None:
            problem = (
                f"{peer.name}: {apart[0].name} and {apart[1].name} have no session with each other, and nothing inside "
                "of the pools is taken from a router, whatever import_filter accepts"
            )
            report.warn(("peers", peer.name), problem, "set carries_blocks: true if it passes on their blocks")


def _takes_blocks(fabric: Fabric, peer: DeclaredPeer) -> bool:
    """Whether the import filter means to take something inside of a pool."""
    rules = parse_rules(fabric.filters.get(effective(fabric, peer.options, "import_filter"), ()))[0]
    taken = [rule.prefixes for rule in rules if rule.action == ACCEPT]
    return any(
        prefixes is None or (prefixes.network.overlaps(pool.cidr) and prefixes.longest >= pool.cidr.prefixlen)
        for prefixes in taken
        for pool in fabric.pools
    )


def _two_nodes(draft: Draft, peer: DeclaredPeer, report: Report) -> None:
    path = ("peers", peer.name)
    nodes = {node.name: node for node in draft.fabric.nodes}
    far = nodes.get(peer.peer_node or "")
    if peer.node == peer.peer_node:
        problem = f"{peer.name}: peer_node {show(peer.peer_node or '')} is the node itself"
        report.fault((*path, "peer_node"), problem, "a node is no peer, and no client, of itself: name another node")
    if far is not None and peer.as_number not in (None, far.as_number):
        at = report.seen(as_number_at(report, far))
        problem = f"{peer.name}: as_number {peer.as_number} is not {far.name}'s {far.as_number}{at}"
        report.fault((*path, "as_number"), problem, "remove it: a node's is known")
    if peer.options.get("carries_blocks"):
        problem = f"{peer.name}: carries_blocks does not go with peer_node"
        remedy = "it is for routers outside of the fabric: remove it; nodes pass on blocks with transit: true"
        report.fault((*path, "carries_blocks"), problem, remedy)
    if peer.options.get("aggregates"):
        problem = f"{peer.name}: aggregates does not go with peer_node"
        report.fault((*path, "aggregates"), problem, "nodes take each other's exact blocks only: remove it")


def _nodes_of(draft: Draft, peer: DeclaredPeer, report: Report) -> None:
    for key, name in (("node", peer.node), ("peer_node", peer.peer_node)):
        if name is not None and name not in draft.node_names:
            problem = f"{peer.name}: {key} {show(name)} is not a node of this file"
            report.fault(("peers", peer.name, key), problem, nearest_remedy(name, draft.node_names))
    if peer.selector is None or len(draft.fabric.nodes) < len(draft.node_names):
        return
    selected = peering_nodes(draft.fabric, peer)
    if draft.fabric.nodes and not selected:
        known = {label for node in draft.fabric.nodes for label in node.labels}
        unknown = sorted(peer.selector.keys - known)
        remedy = "correct it, or give nodes such labels"
        if unknown:
            remedy = f"no node has the label {unknown[0]}: {nearest_remedy(unknown[0], known)}"
        problem = f"{peer.name}: selector {show(peer.selector.text)} selects no node"
        report.fault(("peers", peer.name, "selector"), problem, remedy)


def _source(fabric: Fabric, peer: DeclaredPeer, report: Report) -> None:
    source = peer.options.get("source_address")
    nodes = peering_nodes(fabric, peer)
    if source is None:
        return
    where = f"{peer.name}: source_address {source}"
    path = ("peers", peer.name, "source_address")
    if len(nodes) > 1:
        remedy = "one address is one node's: use 'node', or remove it to have each node's own used"
        report.fault(path, f"{where} is for {len(nodes)} nodes", remedy)
        return
    for node in nodes:
        own = [str(address.ip) for address in addresses_of(node)]
        if str(source) not in own:
            remedy = f"use {' or '.join(own)}, or add the interface that has it to the node's interfaces"
            report.fault(path, f"{where} is not one of {node.name}'s{report.seen(('nodes', node.name))}", remedy)


def _reach(fabric: Fabric, peer: DeclaredPeer, report: Report) -> None:
    if peer.options.get("ttl_security") is not True or "multihop" in peer.options:
        return
    nodes = {node.name: node for node in fabric.nodes}
    ends = peering_nodes(fabric, peer)
    far = nodes.get(peer.peer_node or "")
    for node in ends:
        if far is not None:
            is_direct = common_subnet(node, far) is not None
        else:
            is_direct = peer.address is None or any(peer.address in own.network for own in addresses_of(node))
        if not is_direct:
            problem = f"{peer.name}: ttl_security is on, but {node.name} is in no subnet of the peer's"
            remedy = "set multihop to how many hops away it is, or ttl_security to auto"
            report.fault(("peers", peer.name, "ttl_security"), problem, remedy)
            return


def _twice(fabric: Fabric, report: Report) -> None:
    routers: t.Dict[t.Tuple[str, IPv4Address], str] = {}
    pairs: t.Dict[t.FrozenSet[str], str] = {}
    for peer in sorted(fabric.peers, key=lambda peer: report.places.line("peers", peer.name)):
        path = ("peers", peer.name)
        if peer.peer_node is not None and peer.node is not None:
            pair = frozenset((peer.node, peer.peer_node))
            first = pairs.setdefault(pair, peer.name)
            if first != peer.name:
                problem = f"{peer.name}: {peer.node} and {peer.peer_node} are also peers in {first}"
                report.fault(path, f"{problem}{report.seen(('peers', first))}", "list them once")
            elif len(pair) == 2 and is_joined_by_topology(fabric, peer.node, peer.peer_node):
                problem = (
                    f"{peer.name}: topology {fabric.topology} makes {peer.node} and {peer.peer_node} peers already"
                )
                report.fault(path, problem, "remove this entry, or use topology: none")
            continue
        if peer.address is None:
            continue
        for node in peering_nodes(fabric, peer):
            first = routers.setdefault((node.name, peer.address), peer.name)
            if first != peer.name:
                problem = f"{peer.name}: address {peer.address} is for {node.name} also in {first}"
                report.fault(path, f"{problem}{report.seen(('peers', first))}", "list it once for each node")
                break


def _of_nodes(checked: CheckedFabric) -> Variables:
    fabric = checked.fabric
    if all(peer.peer_node is not None for peer in fabric.peers):
        return {}
    addresses = sorted(address for node in fabric.nodes for address in sources_of(node))
    return {
        "bird_pools": [str(pool.cidr) for pool in fabric.pools],
        "bird_node_addresses": [str(address) for address in addresses],
    }


PART = Part(
    keys=("peers",),
    read=_read,
    check=_check,
    by_node=peers,
    of_nodes=_of_nodes,
    variables=("bird_passwords", "bird_peers", "bird_pools"),
    large=("bird_node_addresses",),
)
