# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fabric file declares of sessions and of the lab: frozen types that hold no text still to be parsed."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

# How BGP sessions behave: options by name (values/session_options), with what their readers give, the name of a filter,
# and as `password` a template, or empty text for none. What is not said is not among them.
SessionOptions = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class DeclaredRouter:
    """A router outside of the fabric that the lab starts.

    address: with the prefix length of its subnet.
    interface: the one that carries the address.
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

    router: the address in it of the lab's plain router; None where that has none.
    """

    name: str
    subnet: IPv4Network
    router: t.Optional[IPv4Address] = None


@dataclass(frozen=True)
class DeclaredLab:
    """How to start the fabric's nodes on this machine; what its backend says of that is variables of Ansible already.

    name: tells labs on one machine apart.
    backend: what makes its nodes.
    routers: sorted by name.
    networks: sorted by name; empty means one for each subnet of the nodes' addresses.
    options: of the backend, as far as they were given.
    node_options: what is different about one of the nodes, by its name.
    connection: how whatever the lab runs is entered.
    node_variables: what is different about its nodes besides.
    places: where in the lab each node is, by its name.
    variables: of the whole inventory.
    """

    name: str
    backend: str
    routers: t.Tuple[DeclaredRouter, ...] = ()
    networks: t.Tuple[Network, ...] = ()
    options: t.Mapping[str, t.Any] = field(default_factory=dict)
    node_options: t.Mapping[str, t.Mapping[str, t.Any]] = field(default_factory=dict)
    connection: t.Mapping[str, t.Any] = field(default_factory=dict)
    node_variables: t.Mapping[str, t.Any] = field(default_factory=dict)
    places: t.Mapping[str, t.Mapping[str, t.Any]] = field(default_factory=dict)
    variables: t.Mapping[str, t.Any] = field(default_factory=dict)
