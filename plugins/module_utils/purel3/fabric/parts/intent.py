# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fabric file declares of sessions and of the lab: frozen types that hold no text still to be parsed."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

NAMESPACES = "namespaces"
QEMU = "qemu"
AUTO = "auto"


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
