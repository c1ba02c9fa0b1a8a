# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nodes are plugged into the switch of a lab: the names of its ports and bridges."""

from __future__ import annotations

import hashlib
import typing as t
from ipaddress import IPv4Network

from .desired import LabNode

_PORT_PREFIX_BYTES = 12


def port_prefix(node: str) -> str:
    """Return what the names of a node's ports on the switch begin with, 12 bytes; a number of three digits follows."""
    return "p" + hashlib.sha256(node.encode()).hexdigest()[: _PORT_PREFIX_BYTES - 1]


def prefix_of_port(port: str) -> str:
    """Return what the port of a node begins with."""
    return port[:_PORT_PREFIX_BYTES]


def bridge_name(subnet: IPv4Network) -> str:
    """Return the name of the bridge that connects a subnet: 15 bytes, also for the longest one."""
    return "net" + hashlib.sha256(str(subnet).encode()).hexdigest()[:12]


def node_ports(node: LabNode) -> t.List[t.Tuple[str, str]]:
    """Return the port and its bridge for each link of a node."""
    return [
        (f"{port_prefix(node.name)}{number:03d}", bridge_name(link.subnet)) for number, link in enumerate(node.links)
    ]
