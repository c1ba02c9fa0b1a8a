# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fabric file declares, checked: frozen types that hold no text still to be parsed."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ...values.modes import NO_ENCAPSULATION
from ...values.selector import Selector

FULL_MESH = "full_mesh"
ROUTE_REFLECTOR = "route_reflector"
NO_TOPOLOGY = "none"
NAMESPACES = "namespaces"
QEMU = "qemu"
AUTO = "auto"


@dataclass(frozen=True)
class Pool:
    """The supernet that workload addresses come from.

    Args:
        name: what messages call it.
        cidr: all of its addresses.
        block_size: prefix length of each of its blocks.
        encapsulation: how packets to its addresses travel between nodes.
    """

    name: str
    cidr: IPv4Network
    block_size: int
    encapsulation: str = NO_ENCAPSULATION

    @property
    def is_encapsulated(self) -> bool:
        """Whether packets to its addresses may go through a tunnel."""
        return self.encapsulation != NO_ENCAPSULATION


@dataclass(frozen=True)
class Interface:
    """A further interface of a node.

    Args:
        name: as the kernel knows it.
        address: its address with the prefix length of its subnet.
    """

    name: str
    address: IPv4Interface


@dataclass(frozen=True)
class Node:
    """A Linux host that routes for workloads and speaks BGP.

    Args:
        name: its name in the inventory.
        address: its own address with the prefix length of its subnet.
        interface: the interface that carries the address.
        as_number: its autonomous system.
        router_id: its BGP identifier.
        blocks: the blocks that the file gives it; empty means that they are allocated.
        is_dedicated: it owns no block and has no workload.
        cluster_id: of a route reflector, or None for the router id.
        interfaces: further ones, sorted by name.
        labels: free words to select nodes by.
        variables: further host vars of the user's.
    """

    name: str
    address: IPv4Interface
    interface: str
    as_number: int
    router_id: IPv4Address
    blocks: t.Tuple[IPv4Network, ...] = ()
    is_dedicated: bool = False
    cluster_id: t.Optional[IPv4Address] = None
    interfaces: t.Tuple[Interface, ...] = ()
    labels: t.Mapping[str, str] = field(default_factory=dict)
    variables: t.Mapping[str, t.Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Workload:
    """A network namespace that is attached to a node.

    Args:
        name: its name in the fabric.
        node: the name of its node.
        netns: name or absolute path of its namespace.
        address: its address, or None to have one allocated.
        interface_name: its interface's name inside the namespace.
        labels: free words to select workloads by.
        options: those of the module workloads that the file has as they are.
    """

    name: str
    node: str
    netns: str
    address: t.Optional[IPv4Address] = None
    interface_name: str = "eth0"
    labels: t.Mapping[str, str] = field(default_factory=dict)
    options: t.Mapping[str, t.Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SessionOptions:
    """How BGP sessions behave; None is what is not said.

    Args:
        local_as_number: shown to the peer in place of the node's.
        source_address: where the session comes from.
        multihop: how many hops away the peer may be.
        passive: wait for the peer to connect.
        password: a template, or empty for none.
        ttl_security: whether packets from further away are dropped, or auto.
        bfd: whether BFD watches the peer.
        bfd_interval: between two packets of BFD, in milliseconds; for all sessions only.
        bfd_multiplier: after how many lost ones the peer is down; for all sessions only.
        hold_time: silence after which the session is dead, in seconds, as all other times.
        keepalive_time: between two signs of life.
        connect_delay_time: before the first attempt.
        connect_retry_time: how long one attempt may take.
        error_wait_time: shortest and longest pause after an error.
        graceful_restart_time: how long the peer keeps routes while BIRD is away.
        send_hold_time: how long nothing may get through to the peer.
        next_hop: default, self or keep.
        communities: added to what is announced.
        import_limit: the most routes that the peer may announce.
        import_limit_action: what happens beyond that.
        import_filter: the name of a filter.
        export_filter: the name of a filter.
        aggregates: announced in place of the blocks inside of them.
    """

    local_as_number: t.Optional[int] = None
    source_address: t.Optional[IPv4Address] = None
    multihop: t.Optional[int] = None
    passive: t.Optional[bool] = None
    password: t.Optional[str] = None
    ttl_security: t.Union[bool, str, None] = None
    bfd: t.Optional[bool] = None
    bfd_interval: t.Optional[int] = None
    bfd_multiplier: t.Optional[int] = None
    hold_time: t.Optional[int] = None
    keepalive_time: t.Optional[int] = None
    connect_delay_time: t.Optional[int] = None
    connect_retry_time: t.Optional[int] = None
    error_wait_time: t.Optional[t.Tuple[int, int]] = None
    graceful_restart_time: t.Optional[int] = None
    send_hold_time: t.Optional[int] = None
    next_hop: t.Optional[str] = None
    communities: t.Optional[t.Tuple[str, ...]] = None
    import_limit: t.Optional[int] = None
    import_limit_action: t.Optional[str] = None
    import_filter: t.Optional[str] = None
    export_filter: t.Optional[str] = None
    aggregates: t.Optional[t.Tuple[IPv4Network, ...]] = None


@dataclass(frozen=True)
class Peer:
    """A BGP peering beside those of the topology.

    Args:
        name: its name in the file.
        options: of its sessions.
        address: of a router outside of the fabric; None for a peering of two nodes.
        as_number: of that router; None for a peering of two nodes unless it is given.
        port: TCP port of that router.
        node: the one node that has this peer.
        selector: the nodes that have this peer; without either all have it.
        peer_node: the other node of a peering of two.
    """

    name: str
    options: SessionOptions = SessionOptions()
    address: t.Optional[IPv4Address] = None
    as_number: t.Optional[int] = None
    port: t.Optional[int] = None
    node: t.Optional[str] = None
    selector: t.Optional[Selector] = None
    peer_node: t.Optional[str] = None


@dataclass(frozen=True)
class Router:
    """A router outside of the fabric that the lab starts.

    Args:
        name: its name in the inventory.
        address: its address with the prefix length of its subnet.
        interface: the interface that carries the address.
        as_number: its autonomous system.
        announces: the prefixes that it offers to its peers.
    """

    name: str
    address: IPv4Interface
    interface: str
    as_number: int
    announces: t.Tuple[IPv4Network, ...] = ()


@dataclass(frozen=True)
class Network:
    """A segment of the lab, which connects the nodes with an address in its subnet.

    Args:
        name: its name in the file.
        subnet: the addresses on it.
        router: the address in it of the lab's plain router; None where that has none.
    """

    name: str
    subnet: IPv4Network
    router: t.Optional[IPv4Address] = None


@dataclass(frozen=True)
class Machine:
    """What is different about one of the lab's virtual machines.

    Args:
        node: the name of its node.
        mac: of the interface that carries the node's address; None has the lab choose.
        memory: in MiB; None for that of all machines.
    """

    node: str
    mac: t.Optional[str] = None
    memory: t.Optional[int] = None


@dataclass(frozen=True)
class Machines:
    """What the nodes are where the lab runs virtual machines; None is what is not said.

    Args:
        release: the Debian release of their disks.
        image: path of a cloud image to use in place of one that is built.
        memory: of each, in MiB.
        cpus: of each.
        packages: what the image holds beyond the minimum.
        outbound: they reach other networks through this machine.
        ssh_port: the port on 127.0.0.1 that leads to the first one's SSH; the others follow.
        differences: sorted by node.
    """

    release: t.Optional[str] = None
    image: t.Optional[str] = None
    memory: t.Optional[int] = None
    cpus: t.Optional[int] = None
    packages: t.Optional[t.Tuple[str, ...]] = None
    outbound: bool = False
    ssh_port: int = 22200
    differences: t.Tuple[Machine, ...] = ()


@dataclass(frozen=True)
class Lab:
    """How to start the fabric's nodes on this machine.

    Args:
        name: tells labs on one machine apart.
        backend: what a node is.
        routers: sorted by name.
        networks: sorted by name; empty means one for each subnet of the nodes' addresses.
        machines: what the nodes are where they are virtual machines.
    """

    name: str
    backend: str = NAMESPACES
    routers: t.Tuple[Router, ...] = ()
    networks: t.Tuple[Network, ...] = ()
    machines: Machines = Machines()


@dataclass(frozen=True)
class Fabric:
    """The whole network.

    Args:
        pools: in the file's order, which is the order they are used in.
        nodes: sorted by name.
        workloads: sorted by name.
        has_as_number_rule: nodes have AS numbers that were made from their addresses.
        topology: which nodes peer with which.
        route_reflectors: the names of the nodes that reflect, sorted.
        allows_shared_cluster_id: two reflectors may be one cluster.
        transit: nodes pass on routes of other nodes.
        ecmp_paths: the most paths of one route; None is what is not said.
        session: options of every session, unless its peer says otherwise.
        filters: rules as plain data, by the filter's name.
        peers: peerings beside those of the topology, sorted by name.
        kernel_metric: metric of the routes that BIRD installs; 0 is none.
        mtu: of the network between the nodes, in bytes; None is what is not said.
        lab: None where the nodes are real hosts.
    """

    pools: t.Tuple[Pool, ...]
    nodes: t.Tuple[Node, ...]
    workloads: t.Tuple[Workload, ...]
    has_as_number_rule: bool = False
    topology: str = FULL_MESH
    route_reflectors: t.Tuple[str, ...] = ()
    allows_shared_cluster_id: bool = False
    transit: bool = False
    ecmp_paths: t.Optional[int] = None
    session: SessionOptions = SessionOptions()
    filters: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]] = field(default_factory=dict)
    peers: t.Tuple[Peer, ...] = ()
    kernel_metric: int = 0
    mtu: t.Optional[int] = None
    lab: t.Optional[Lab] = None

    @property
    def encapsulated_pools(self) -> t.Tuple[Pool, ...]:
        """The pools whose packets may go through a tunnel, in the file's order."""
        return tuple(pool for pool in self.pools if pool.is_encapsulated)

    def pool_of(self, address: t.Union[IPv4Address, IPv4Network]) -> t.Optional[Pool]:
        """The pool that an address or a whole network lies in.

        Args:
            address: an address, or a network.

        Returns:
            The pool, or None.
        """
        network = IPv4Network(address)
        return next((pool for pool in self.pools if network.subnet_of(pool.cidr)), None)


@dataclass(frozen=True)
class Allocations:
    """Which node has which block, and which workload or tunnel which address.

    Args:
        blocks: the node's name by block.
        addresses: the workload's name by address.
        tunnels: the node's name by the address of its tunnel interface.
    """

    blocks: t.Mapping[IPv4Network, str] = field(default_factory=dict)
    addresses: t.Mapping[IPv4Address, str] = field(default_factory=dict)
    tunnels: t.Mapping[IPv4Address, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckedFabric:
    """A fabric without faults.

    Args:
        fabric: what the file declares.
        allocations: every node's blocks and every workload's address.
        warnings: what is allowed, but seldom wise; whole sentences.
    """

    fabric: Fabric
    allocations: Allocations = field(default_factory=Allocations)
    warnings: t.Sequence[str] = ()
