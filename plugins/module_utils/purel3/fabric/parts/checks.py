# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold between the objects of a fabric file: nothing overlaps, nothing is used twice."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ..file.document import Path, Places
from ..file.report import Report
from ..file.section import nearest_remedy, show
from . import encapsulation
from .intent import Fabric, Node, Pool, Workload
from .schema import Draft
from .topology import addresses_of


def check(draft: Draft, report: Report) -> None:
    """Find what cannot be true of all objects together.

    Args:
        draft: what the file declares, as far as it could be read.
        report: knows the lines, takes the faults.
    """
    fabric = draft.fabric
    _pools(fabric, report)
    _node_identities(fabric, report)
    _networks(fabric, report)
    if draft.knows_all_pools:
        _blocks_in_pools(fabric, report)
    _block_owners(fabric, report)
    _workload_nodes(draft, report)
    _workload_addresses(draft, report)
    _namespaces(fabric, report)
    _interfaces(fabric, report)
    _lab_routers(draft, report)
    encapsulation.check(fabric, report, knows_all_pools=draft.knows_all_pools)


def block_of(address: IPv4Address, block_size: int) -> IPv4Network:
    """The block that an address lies in.

    Args:
        address: an address of a pool.
        block_size: the pool's.

    Returns:
        The block.
    """
    return IPv4Network((int(address), block_size), strict=False)


def _pools(fabric: Fabric, report: Report) -> None:
    ordered = sorted(fabric.pools, key=lambda pool: (pool.cidr.network_address, pool.cidr.prefixlen))
    widest = ordered[0] if ordered else None
    for pool in ordered[1:]:
        if widest is not None and pool.cidr.overlaps(widest.cidr):
            first, second = _by_line(report.places, _pool_at(widest), _pool_at(pool))
            problem = f"pool {second[-1]} overlaps pool {first[-1]}{report.seen(first)}"
            report.fault(second, problem, "keep them apart")
        else:
            widest = pool
    report.unique("name", [(_pool_at(pool), pool.name, f"pool {pool.cidr}") for pool in fabric.pools])


def _node_identities(fabric: Fabric, report: Report) -> None:
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
            problem = f"{owner}: address {address.ip} lies in pool {pool.cidr}{report.seen(_pool_at(pool))}"
            report.fault(path, problem, "pools are for workloads only: move the pool or the node")


def _addresses(fabric: Fabric) -> t.Iterator[t.Tuple[Path, IPv4Interface, str]]:
    for node in fabric.nodes:
        yield _at(node, "address"), node.address, node.name
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


def _interfaces(fabric: Fabric, report: Report) -> None:
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
    pools = " and ".join(str(pool.cidr) for pool in fabric.pools)
    for node in fabric.nodes:
        for block in node.blocks:
            pool = fabric.pool_of(block)
            where = _at(node, str(block))
            if pool is None:
                problem = f"{node.name}: block {block} is outside of every pool"
                report.fault(where, problem, f"take it from a pool ({pools}), or add a pool")
            elif block.prefixlen != pool.block_size:
                problem = f"{node.name}: block {block} is not a /{pool.block_size}, the block_size of pool {pool.cidr}"
                report.fault(where, problem, f"list blocks of /{pool.block_size}, or change the pool's block_size")


def _block_owners(fabric: Fabric, report: Report) -> None:
    owners: t.Dict[IPv4Network, str] = {}
    for node in fabric.nodes:
        for block in node.blocks:
            other = owners.setdefault(block, node.name)
            if other != node.name:
                paths = (("nodes", other, str(block)), _at(node, str(block)))
                first, second = _by_line(report.places, *paths)
                problem = f"{second[1]}: block {block} is also {first[1]}'s{report.seen(first)}"
                report.fault(second, problem, "give each its own")


def _workload_nodes(draft: Draft, report: Report) -> None:
    for workload in draft.fabric.workloads:
        if workload.node not in draft.node_names:
            problem = f"{workload.name}: node {show(workload.node)} is not a node of this file"
            report.fault(_of(workload, "node"), problem, nearest_remedy(workload.node, draft.node_names))


def _workload_addresses(draft: Draft, report: Report) -> None:
    nodes = {node.name: node for node in draft.fabric.nodes}
    uses: t.List[t.Tuple[Path, str, str]] = []
    for workload in draft.fabric.workloads:
        node = nodes.get(workload.node)
        if node is not None and node.is_dedicated:
            problem = f"{workload.name}: node {node.name} has no blocks{report.seen(_at(node, 'blocks'))}"
            remedy = "put the workload on another node, or remove 'blocks' there to have one allocated"
            report.fault(_of(workload, "node"), problem, remedy)
        if workload.address is None:
            continue
        uses.append((_of(workload, "address"), str(workload.address), workload.name))
        # Outside of its node's blocks it is a single address, which the node announces as a /32.
        if draft.knows_all_pools and draft.fabric.pool_of(workload.address) is None:
            pools = " and ".join(str(pool.cidr) for pool in draft.fabric.pools)
            problem = f"{workload.name}: address {workload.address} is outside of every pool"
            report.fault(_of(workload, "address"), problem, f"use an address of a pool ({pools})")
    report.unique("address", uses)


def _namespaces(fabric: Fabric, report: Report) -> None:
    uses = [
        (_of(workload, "netns"), f"{workload.netns} on {workload.node}", workload.name) for workload in fabric.workloads
    ]
    report.unique("netns", uses)


def _lab_routers(draft: Draft, report: Report) -> None:
    fabric = draft.fabric
    names = {node.name for node in fabric.nodes}
    networks = {address.network for node in fabric.nodes for address in addresses_of(node)}
    peers = {peer.address for peer in fabric.peers}
    for router in fabric.lab.routers if fabric.lab is not None else ():
        path = ("lab", "routers", router.name)
        if router.name in names:
            at = report.seen(("nodes", router.name))
            report.fault(path, f"{router.name}: router {router.name} is also the name of a node{at}", "rename one")
        if router.address.network not in networks:
            problem = f"{router.name}: no node is in its network {router.address.network}"
            report.fault((*path, "address"), problem, "give a node an address of it, in 'address' or 'interfaces'")
        if draft.knows_all_peers and router.address.ip not in peers:
            problem = f"{router.name}: no entry of peers has its address {router.address.ip}"
            report.fault((*path, "address"), problem, "add one, or remove the router")


def _by_line(places: Places, one: Path, other: Path) -> t.Tuple[Path, Path]:
    first, second = sorted((one, other), key=lambda path: places.line(*path))
    return first, second


def _pool_at(pool: Pool) -> Path:
    return (str(pool.cidr),)


def _at(node: Node, *keys: str) -> Path:
    return ("nodes", node.name, *keys)


def _of(workload: Workload, *keys: str) -> Path:
    return ("workloads", workload.name, *keys)
