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


# How BGP sessions behave: options by name (values/session_options), with what their readers give, the name of a filter,
# and as `password` a template, or empty text for none. What is not said is not among them.
SessionOptions = t.Mapping[str, t.Any]


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
