# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold between the peers of a fabric: both ends agree, nothing is joined twice or to itself."""

from __future__ import annotations

import typing as t
from collections import Counter
from ipaddress import IPv4Address

from ...values.filters import parse_rules
from ..file.report import Report
from ..file.section import nearest_remedy, show
from .intent import NO_TOPOLOGY, Fabric, Node, Peer
from .schema import Draft
from .session_checks import check_options, effective
from .topology import addresses_of, common_subnet, is_joined_by_topology, peering_nodes
from .topology_checks import as_number_at


def check(draft: Draft, report: Report) -> None:
    """Find what cannot be true of all sessions together.

    Args:
        draft: what the file declares, as far as it could be read.
        report: knows the lines, takes the faults.
    """
    fabric = draft.fabric
    _defaults(fabric, report)
    for peer in fabric.peers:
        check_options(fabric, ("peers", peer.name), peer.name, peer.options, _kinds(peer), report)
        _prepend(fabric, peer, report)
        if "import_limit_action" in peer.options and effective(fabric, peer.options, "import_limit") is None:
            problem = f"{peer.name}: import_limit_action {peer.options['import_limit_action']} has no import_limit"
            report.fault(("peers", peer.name, "import_limit_action"), problem, "set import_limit as well")
        if peer.peer_node is None:
            _router(fabric, peer, report)
        else:
            _two_nodes(draft, peer, report)
        _reach(fabric, peer, report)
        _nodes_of(draft, peer, report)
    _twice(fabric, report)


def _kinds(peer: Peer) -> t.Tuple[bool, ...]:
    return (peer.peer_node is None,)


def _defaults(fabric: Fabric, report: Report) -> None:
    kinds = {kind for peer in fabric.peers for kind in _kinds(peer)}
    if fabric.topology != NO_TOPOLOGY:
        kinds.add(False)
    check_options(fabric, ("bgp",), "bgp", fabric.session, kinds, report)
    as_numbers = Counter(node.as_number for node in fabric.nodes)
    shared = next((number for number, count in sorted(as_numbers.items()) if count > 1), None)
    if fabric.topology != NO_TOPOLOGY and shared is not None and _prepends(fabric, fabric.session.get("export_filter")):
        problem = f"bgp: export_filter {fabric.session['export_filter']} prepends, but nodes share AS {shared}"
        remedy = "no peer takes a path with its own AS: use the filter for peers in another AS only"
        report.fault(("bgp", "export_filter"), problem, remedy)


def _prepend(fabric: Fabric, peer: Peer, report: Report) -> None:
    name = peer.options.get("export_filter")
    if not _prepends(fabric, name):
        return
    nodes = {node.name: node for node in fabric.nodes}
    far = nodes.get(peer.peer_node or "")
    as_number = far.as_number if far is not None else peer.as_number
    for node in peering_nodes(fabric, peer):
        if as_number == (peer.options.get("local_as_number") or node.as_number):
            problem = f"{peer.name}: export_filter {name} prepends, but {node.name} and the peer share AS {as_number}"
            remedy = "no peer takes a path with its own AS: leave out prepend"
            report.fault(("peers", peer.name, "export_filter"), problem, remedy)
            return


def _prepends(fabric: Fabric, name: t.Optional[str]) -> bool:
    rules = parse_rules(fabric.filters.get(name or "", ()))[0]
    return any(rule.prepend for rule in rules)


def _router(fabric: Fabric, peer: Peer, report: Report) -> None:
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
    for router in fabric.lab.routers if fabric.lab is not None else ():
        if router.address.ip == peer.address and peer.as_number not in (None, router.as_number):
            at = report.seen(("lab", "routers", router.name, "as_number"))
            problem = f"{peer.name}: as_number {peer.as_number} is not {router.name}'s {router.as_number}{at}"
            report.fault((*path, "as_number"), problem, "both ends of a session must agree: correct one of them")


def _router_is_node(peer: Peer, node: Node, report: Report) -> None:
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


def _two_nodes(draft: Draft, peer: Peer, report: Report) -> None:
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
    if peer.options.get("aggregates"):
        problem = f"{peer.name}: aggregates does not go with peer_node"
        report.fault((*path, "aggregates"), problem, "nodes take each other's exact blocks only: remove it")


def _nodes_of(draft: Draft, peer: Peer, report: Report) -> None:
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
    if "source_address" in peer.options and len(selected) > 1:
        problem = f"{peer.name}: source_address {peer.options['source_address']} is for {len(selected)} nodes"
        remedy = "one address is one node's: use 'node', or remove it to have each node's own used"
        report.fault(("peers", peer.name, "source_address"), problem, remedy)


def _reach(fabric: Fabric, peer: Peer, report: Report) -> None:
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
