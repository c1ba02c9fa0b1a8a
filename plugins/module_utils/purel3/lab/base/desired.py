# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab as it is asked for: its nodes and their links, and what is wrong with them."""

from __future__ import annotations

import hashlib
import typing as t
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

# What a node is when nothing else is said of it: a process with namespaces.
NAMESPACES = "namespaces"
# No node can have a name that begins with a dot.
ROUTER = ".router"


@dataclass(frozen=True, order=True)
class LabLink:
    """An interface of a node, on the bridge of its subnet.

    interface: its name, inside the node.
    address: with prefix length, for example 192.168.50.10/24.
    """

    interface: str
    address: str

    @property
    def subnet(self) -> IPv4Network:
        """The subnet that the address is in."""
        return IPv4Interface(self.address).network

    def __str__(self) -> str:
        return f"{self.interface} {self.address}"


class Machine(t.Protocol):
    """What makes a node more than a process with namespaces.

    introduction: what makes it known to whoever enters it.
    macs: of its interfaces, in the order of the node's links.
    """

    backend: t.ClassVar[str]
    introduction: t.ClassVar[str]

    @property
    def macs(self) -> t.Tuple[str, ...]:
        """Of its interfaces."""


@dataclass(frozen=True, order=True)
class LabNode:
    """One node of a lab and its attachment to the lab's switch.

    name: also its host name; ROUTER is the plain router between the networks.
    links: sorted by name.
    machine: None is a process with namespaces.
    """

    name: str
    links: t.Tuple[LabLink, ...]
    machine: t.Optional[Machine] = None

    @property
    def backend(self) -> str:
        """The name of the backend that makes it."""
        return self.machine.backend if self.machine else NAMESPACES

    @property
    def addresses(self) -> t.List[str]:
        """Of its links, with prefix lengths."""
        return [link.address for link in self.links]

    @property
    def introduction(self) -> str:
        """What makes it known to whoever enters it."""
        return self.machine.introduction if self.machine else "pid file"

    def __str__(self) -> str:
        macs = [f" {mac}" for mac in self.machine.macs] if self.machine else [""] * len(self.links)
        links = ", ".join(f"{link}{mac}" for link, mac in zip(self.links, macs))
        who = "plain router" if self.name == ROUTER else f"node {self.name}"
        return f"{who}  {links}" + (f"  ({self.machine})" if self.machine else "")


@dataclass(frozen=True)
class Lab:
    """A lab: its name, its nodes sorted by name, and how many neighbour entries this kernel needs for it."""

    name: str
    nodes: t.Tuple[LabNode, ...]
    neighbours: int


def mac_address(lab: str, node: str, interface: str) -> str:
    """Return the MAC of a node's interface: the same at every start, so no neighbour is left with a stale one.

    It is a locally administered unicast MAC, for example 02:1c:9a:00:11:22.
    """
    digest = hashlib.sha256(f"{lab}/{node}/{interface}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (2, *digest[:5]))
