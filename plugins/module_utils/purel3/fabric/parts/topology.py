# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`topology`: which BGP sessions each node has; those of the entries of `peers` stand beside them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface

from ...values import scalars
from ...values.bgp import MOST_REFLECTORS
from ...values.session_options import OPTIONS
from ..file.document import Path
from ..file.report import Report
from ..file.section import Section, nearest_remedy, show
from .as_number import as_number_at
from .intent import SessionOptions
from .nodes import addresses_of
from .part import ByNode, Draft, Part, Variables

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric
    from .nodes import Node
    from .peers import DeclaredPeer

FULL_MESH = "full_mesh"
ROUTE_REFLECTOR = "route_reflector"
NO_TOPOLOGY = "none"
LARGEST_MESH = 100

# As calicoctl names them.
MESH = "node-to-node mesh"
REFLECTION = "route reflector"
SPECIFIC = "node specific"
GLOBAL = "global"


@dataclass(frozen=True)
class Session:
    """One end of a BGP session.

    name: the peer's: a node's, or that of an entry of peers.
    address: where the peer answers.
    as_number: the peer's.
    is_direct: both ends are in one subnet.
    type: how the peering came about.
    node: the node that the peer is; None for a router outside of the fabric.
    port: the peer's TCP port, or None for BGP's own.
    source_address: where the session comes from, or None for the node's address.
    options: what the file says of this session.
    is_route_reflector: the peer passes on routes of other nodes to us.
    is_route_reflector_client: we pass on routes of other nodes to the peer.
    has_remote_next_hops: what the peer passes on may lead into another subnet.
    """

    name: str
    address: IPv4Address
    as_number: int
    is_direct: bool
    type: str
    node: t.Optional[str] = None
    port: t.Optional[int] = None
    source_address: t.Optional[IPv4Address] = None
    options: SessionOptions = field(default_factory=dict)
    is_route_reflector: bool = False
    is_route_reflector_client: bool = False
    has_remote_next_hops: bool = False


Sessions = t.Dict[str, t.List[Session]]


def sessions(fabric: Fabric) -> Sessions:
    """All sessions by node, sorted by the peer's name; nodes that see a peer alike share one object."""
    found = _of_topology(fabric)
    nodes = {node.name: node for node in fabric.nodes}
    touched: t.Set[str] = set()
    for peer in fabric.peers:
        for name, session in _of_peer(fabric, nodes, peer):
            found[name].append(session)
            touched.add(name)
    for name in touched:
        found[name].sort(key=lambda session: (session.name, session.address))
    return found


def peering_nodes(fabric: Fabric, peer: DeclaredPeer) -> t.List[Node]:
    """The nodes that an entry of peers is for, at this end; sorted by name."""
    if peer.node is not None:
        return [node for node in fabric.nodes if node.name == peer.node]
    if peer.selector is not None:
        return [node for node in fabric.nodes if peer.selector.matches(node.labels)]
    return list(fabric.nodes)


def is_joined_by_topology(fabric: Fabric, one: str, other: str) -> bool:
    """Whether the topology gives two nodes a session."""
    if fabric.topology == ROUTE_REFLECTOR:
        return one in fabric.route_reflectors or other in fabric.route_reflectors
    return fabric.topology == FULL_MESH


def _of_topology(fabric: Fabric) -> Sessions:
    if fabric.topology == FULL_MESH:
        return _full_mesh(fabric)
    if fabric.topology == ROUTE_REFLECTOR:
        return _route_reflectors(fabric)
    return {node.name: [] for node in fabric.nodes}


def _full_mesh(fabric: Fabric) -> Sessions:
    # A mesh has N² sessions: each peer is described once for its own subnet and once for all others, and shared.
    nodes = fabric.nodes
    as_seen_from = {is_direct: [_to_node(node, is_direct, MESH) for node in nodes] for is_direct in (True, False)}
    networks = [node.address.network for node in nodes]
    return {
        node.name: [
            as_seen_from[networks[other] == node.address.network][other]
            for other in range(len(nodes))
            if other != index
        ]
        for index, node in enumerate(nodes)
    }


def _route_reflectors(fabric: Fabric) -> Sessions:
    reflectors = [node for node in fabric.nodes if node.name in fabric.route_reflectors]
    has_remote = len({node.address.network for node in fabric.nodes}) > 1
    clients = {
        (node.name, is_direct): replace(_to_node(node, is_direct, REFLECTION), is_route_reflector_client=True)
        for node in fabric.nodes
        for is_direct in (True, False)
    }
    parents = {
        (node.name, is_direct): replace(
            _to_node(node, is_direct, REFLECTION), is_route_reflector=True, has_remote_next_hops=has_remote
        )
        for node in reflectors
        for is_direct in (True, False)
    }
    found: Sessions = {}
    for node in fabric.nodes:
        # Reflectors are no clients of each other: a route that one has from the other goes on to its own clients only.
        peers = fabric.nodes if node.name in fabric.route_reflectors else reflectors
        found[node.name] = [
            (parents if other.name in fabric.route_reflectors else clients)[
                other.name, other.address.network == node.address.network
            ]
            for other in peers
            if other is not node
        ]
    return found


def _to_node(node: Node, is_direct: bool, type_: str) -> Session:
    return Session(node.name, node.address.ip, node.as_number, is_direct, type_, node.name)


def _of_peer(fabric: Fabric, nodes: t.Mapping[str, Node], peer: DeclaredPeer) -> t.Iterator[t.Tuple[str, Session]]:
    if peer.node is not None and peer.peer_node is not None:
        near, far = nodes[peer.node], nodes[peer.peer_node]
        yield near.name, _near_end(near, far, peer.options)
        yield far.name, _far_end(near, far, peer.options)
    elif peer.address is not None and peer.as_number is not None:
        type_ = GLOBAL if peer.node is None and peer.selector is None else SPECIFIC
        has_remote = len({node.address.network for node in fabric.nodes}) > 1
        # Nodes of one subnet share the object.
        shared: t.Dict[t.Tuple[t.Optional[IPv4Address], bool], Session] = {}
        for node in peering_nodes(fabric, peer):
            local = next((own for own in addresses_of(node) if peer.address in own.network), None)
            source = peer.options.get("source_address") or (local.ip if local not in (None, node.address) else None)
            is_direct = local is not None and peer.options.get("multihop") is None
            if (source, is_direct) not in shared:
                shared[source, is_direct] = Session(
                    name=peer.name,
                    address=peer.address,
                    as_number=peer.as_number,
                    is_direct=is_direct,
                    type=type_,
                    port=peer.port,
                    source_address=source,
                    options=peer.options,
                    has_remote_next_hops=has_remote and peer.options.get("carries_blocks", False),
                )
            yield node.name, shared[source, is_direct]


def common_subnet(one: Node, other: Node) -> t.Optional[t.Tuple[IPv4Interface, IPv4Interface]]:
    """Two nodes' addresses in one subnet, that of the nodes' own addresses before others; None when there is none."""
    others = {address.network: address for address in reversed(addresses_of(other))}
    return next(((own, others[own.network]) for own in addresses_of(one) if own.network in others), None)


def _near_end(near: Node, far: Node, options: SessionOptions) -> Session:
    return _between(near, far, options, far.as_number, None)


def _far_end(near: Node, far: Node, options: SessionOptions) -> Session:
    shared = {name: value for name, value in options.items() if name == "password" or not OPTIONS[name].is_of_near_end}
    as_number = options.get("local_as_number") or near.as_number
    return _between(far, near, shared, as_number, options.get("source_address"))


def _between(
    node: Node, peer: Node, options: SessionOptions, as_number: int, peer_address: t.Optional[IPv4Address]
) -> Session:
    common = common_subnet(node, peer)
    own, theirs = common if common is not None else (node.address, peer.address)
    return Session(
        name=peer.name,
        address=peer_address or theirs.ip,
        as_number=as_number,
        is_direct=common is not None and options.get("multihop") is None,
        type=SPECIFIC,
        node=peer.name,
        source_address=options.get("source_address") or (None if own == node.address else own.ip),
        options=options,
    )


def _read(draft: Draft) -> Fabric:
    file = draft.file
    return replace(
        draft.fabric,
        topology=file.text("topology", scalars.one_of([FULL_MESH, ROUTE_REFLECTOR, NO_TOPOLOGY])) or FULL_MESH,
        route_reflectors=tuple(sorted(_read_reflectors(file))),
        allows_shared_cluster_id=file.boolean("allow_shared_cluster_id") or False,
    )


def _read_reflectors(file: Section) -> t.Iterator[str]:
    seen: t.Dict[str, int] = {}
    for index, entry in enumerate(file.sequence("route_reflectors")):
        name = file.parse_text(f"route_reflectors[{index}]", entry, str)
        if name is not None and name in seen:
            problem = f"route_reflectors: {show(name)} is listed twice (first on line {seen[name]})"
            file.fault(entry.line, problem, "list it once")
        elif name is not None:
            seen[name] = entry.line
            file.note(f"route_reflectors {name}", entry.line)
            yield name


def _check(draft: Draft, report: Report) -> None:
    _reflectors_and_mesh(draft, report)
    if draft.fabric.topology == ROUTE_REFLECTOR:
        _as_numbers_of_reflection(draft.fabric, report)
    _cluster_ids(draft.fabric, report)


def _reflectors_and_mesh(draft: Draft, report: Report) -> None:
    fabric = draft.fabric
    reflectors = fabric.route_reflectors
    if fabric.topology == ROUTE_REFLECTOR and not reflectors:
        remedy = f"list 2 to {MOST_REFLECTORS} nodes in route_reflectors"
        report.fault(("topology",), "topology route_reflector has no route_reflectors", remedy)
    if fabric.topology != ROUTE_REFLECTOR and reflectors:
        problem = f"route_reflectors does not go with topology {fabric.topology}"
        report.fault(("route_reflectors",), problem, "remove it, or set topology: route_reflector")
    if len(reflectors) > MOST_REFLECTORS:
        problem = f"route_reflectors has {len(reflectors)} nodes, and each has a session with every node"
        report.fault(("route_reflectors",), problem, f"use 2 to {MOST_REFLECTORS}")
    if fabric.topology == ROUTE_REFLECTOR and len(reflectors) == 1:
        problem = f"{reflectors[0]} is the only route reflector: while it is away, no node learns of any change"
        report.warn(("route_reflectors",), problem, "add a second one")
    for name in reflectors:
        if name not in draft.node_names:
            problem = f"route_reflectors: {show(name)} is not a node of this file"
            report.fault((f"route_reflectors {name}",), problem, nearest_remedy(name, draft.node_names))
    count = len(fabric.nodes)
    if fabric.topology == FULL_MESH and count > LARGEST_MESH:
        problem = (
            f"topology full_mesh gives {count} nodes {count * (count - 1) // 2} sessions, {count - 1} on each; "
            "their number grows with the square of the nodes'"
        )
        report.warn(("topology",), problem, "above 100 nodes use topology: route_reflector")


def _as_numbers_of_reflection(fabric: Fabric, report: Report) -> None:
    first = next((node for node in fabric.nodes if node.name in fabric.route_reflectors), None)
    if fabric.has_as_number_rule and len(fabric.nodes) > 1:
        problem = "as_number gives each node one of its own, and routes are reflected within one only"
        report.fault(("as_number",), problem, "write one number for all nodes, or use topology: full_mesh")
        return
    for node in fabric.nodes:
        if first is not None and node.as_number != first.as_number:
            problem = (
                f"{node.name}: as_number {node.as_number} is not {first.name}'s {first.as_number}"
                f"{report.seen(as_number_at(report, first))}, and routes are reflected within one only"
            )
            report.fault(
                as_number_at(report, node), problem, "give all nodes one as_number, or use topology: full_mesh"
            )


def _cluster_ids(fabric: Fabric, report: Report) -> None:
    uses: t.List[t.Tuple[Path, str, str]] = []
    for node in fabric.nodes:
        path: Path = ("nodes", node.name, "route_reflector_cluster_id")
        if node.name in fabric.route_reflectors:
            uses.append((path, str(node.cluster_id or node.router_id), node.name))
        elif node.cluster_id is not None:
            problem = f"{node.name}: route_reflector_cluster_id {node.cluster_id} is for route reflectors only"
            report.fault(path, problem, "remove it, or list the node in route_reflectors")
    if not fabric.allows_shared_cluster_id:
        first: t.Dict[str, t.Tuple[Path, str]] = {}
        for path, value, name in sorted(uses, key=lambda use: (report.places.line(*use[0]), use[2])):
            if value in first:
                other_path, other = first[value]
                problem = f"{name}: route_reflector_cluster_id {value} is also {other}'s{report.seen(other_path)}"
                problem += ", and reflectors of one cluster drop what they have from each other"
                report.fault(path, problem, "give each its own, or set allow_shared_cluster_id: true")
            first.setdefault(value, (path, name))


def _by_node(checked: CheckedFabric) -> ByNode:
    return {
        node.name: {"bird_route_reflector_cluster_id": str(node.cluster_id or node.router_id)}
        for node in checked.fabric.nodes
        if node.name in checked.fabric.route_reflectors
    }


def _of_nodes(checked: CheckedFabric) -> Variables:
    if checked.fabric.topology != ROUTE_REFLECTOR:
        return {}
    reflected = [
        {"prefix": str(pool.cidr), "shortest": pool.block_size, "longest": 32} for pool in checked.fabric.pools
    ]
    return {"bird_reflected": reflected}


PART = Part(
    keys=("topology", "route_reflectors", "allow_shared_cluster_id"),
    read=_read,
    check=_check,
    by_node=_by_node,
    of_nodes=_of_nodes,
    of_all=lambda checked: {"fabric_topology": checked.fabric.topology},
    variables=("bird_reflected", "bird_route_reflector_cluster_id", "fabric_topology"),
)
