# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole fabric, and the table of its parts: a new key of the file has a file of its own, and its lines here."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network

from . import (
    as_number,
    bgp,
    includes,
    kernel_routes,
    lab,
    missing_namespace,
    nodes,
    own_keys,
    peers,
    policies,
    pools,
    reserved,
    source_spoofing,
    topology,
    transit,
    tunnels,
    variables,
    workloads,
)
from .allocations import Allocations, block_of
from .intent import DeclaredLab, SessionOptions
from .nodes import Node
from .part import Part
from .peers import DeclaredPeer
from .policies import DeclaredPolicies
from .pools import Pool
from .topology import FULL_MESH
from .workloads import DeclaredWorkload

# In this order they read, and make variables.
PARTS: t.Tuple[Part, ...] = (
    own_keys.PART,
    as_number.PART,
    pools.PART,
    reserved.PART,
    nodes.PART,
    variables.PART,
    workloads.PART,
    missing_namespace.PART,
    source_spoofing.PART,
    topology.PART,
    transit.PART,
    kernel_routes.PART,
    includes.PART,
    bgp.PART,
    peers.PART,
    policies.PART,
    tunnels.PART,
    lab.PART,
)
KEYS = tuple(key for part in PARTS for key in part.keys)
LARGE_VARIABLES = tuple(name for part in PARTS for name in part.large)
COMPUTED_VARIABLES = (*(name for part in PARTS for name in part.variables), *LARGE_VARIABLES)
ALLOCATED_KEYS = tuple(key for part in PARTS if part.is_allocated for key in part.keys)


@dataclass(frozen=True)
class Fabric:
    """The whole network; nodes, workloads, peers and reflectors are sorted by name, and None is what is not said.

    pools: in the file's order, which is the order they are used in.
    reserved: the fewest networks that hold all addresses which nobody is given.
    variables: host vars of the user's for all nodes.
    has_as_number_rule: nodes have AS numbers that were made from their addresses.
    route_reflectors: the names of the nodes that reflect.
    session: options of every session, unless its peer says otherwise.
    filters: rules as plain data, by the filter's name.
    kernel_metric: 0 is none.
    includes: paths or patterns of configuration files of the user's, on every node.
    mtu: of the network between the nodes, in bytes.
    lab: None where the nodes are real hosts.
    """

    pools: t.Tuple[Pool, ...] = ()
    reserved: t.Tuple[IPv4Network, ...] = ()
    nodes: t.Tuple[Node, ...] = ()
    variables: t.Mapping[str, t.Any] = field(default_factory=dict)
    workloads: t.Tuple[DeclaredWorkload, ...] = ()
    missing_namespace: t.Optional[str] = None
    workload_source_spoofing: t.Optional[str] = None
    has_as_number_rule: bool = False
    topology: str = FULL_MESH
    route_reflectors: t.Tuple[str, ...] = ()
    allows_shared_cluster_id: bool = False
    transit: bool = False
    ecmp_paths: t.Optional[int] = None
    session: SessionOptions = field(default_factory=dict)
    filters: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]] = field(default_factory=dict)
    peers: t.Tuple[DeclaredPeer, ...] = ()
    policies: DeclaredPolicies = field(default_factory=DeclaredPolicies)
    kernel_metric: int = 0
    includes: t.Tuple[str, ...] = ()
    mtu: t.Optional[int] = None
    lab: t.Optional[DeclaredLab] = None

    @property
    def encapsulated_pools(self) -> t.Tuple[Pool, ...]:
        """The pools whose packets may go through a tunnel, in the file's order."""
        return tuple(pool for pool in self.pools if pool.is_encapsulated)

    def pool_of(self, address: t.Union[IPv4Address, IPv4Network]) -> t.Optional[Pool]:
        """The pool that an address or a whole network lies in."""
        network = IPv4Network(address)
        return next((pool for pool in self.pools if network.subnet_of(pool.cidr)), None)


@dataclass(frozen=True)
class CheckedFabric:
    """A fabric without faults.

    allocations: every node's blocks and every workload's address.
    warnings: what is allowed, but seldom wise; whole sentences.
    store_digest: of the store that the allocations were made over.
    """

    fabric: Fabric
    allocations: Allocations = field(default_factory=Allocations)
    warnings: t.Sequence[str] = ()
    store_digest: str = ""

    @property
    def single_addresses(self) -> t.Iterator[IPv4Address]:
        """The addresses of workloads outside of their nodes' blocks: all of them are in the fabric file."""
        for workload in self.fabric.workloads:
            pool = self.fabric.pool_of(workload.address) if workload.address is not None else None
            if workload.address is None or pool is None:
                continue
            if self.allocations.blocks.get(block_of(workload.address, pool.block_size)) != workload.node:
                yield workload.address

    @cached_property
    def blocks_by_node(self) -> t.Mapping[str, t.List[str]]:
        """What each node owns and announces, sorted: its blocks, and the single addresses of its workloads."""
        owned: t.Dict[str, t.List[IPv4Network]] = {node.name: [] for node in self.fabric.nodes}
        for block, node in self.allocations.blocks.items():
            owned[node].append(block)
        nodes = {workload.name: workload.node for workload in self.fabric.workloads}
        for address in self.single_addresses:
            owned[nodes[self.allocations.addresses[address]]].append(IPv4Network(address))
        return {node: [str(block) for block in sorted(blocks)] for node, blocks in owned.items()}
