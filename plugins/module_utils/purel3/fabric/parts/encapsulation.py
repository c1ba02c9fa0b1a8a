# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric file's encapsulation of pools: its form, and what must hold for the nodes of such a fabric."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Network

from ...values import bgp, scalars
from ...values.modes import IPIP, IPIP_CROSS_SUBNET, NO_ENCAPSULATION
from ..file.report import Report
from ..file.section import Section

if t.TYPE_CHECKING:
    from .fabric import Fabric
    from .nodes import Node

# Ethernet's.
DEFAULT_MTU = 1500
# An IPv4 header without options: what goes around each packet.
OVERHEAD = 20
# What every host must take (RFC 791); a veth can have at most the other.
_SMALLEST_MTU = 576
_LARGEST_MTU = 65535

_read_mode = scalars.one_of([NO_ENCAPSULATION, IPIP, IPIP_CROSS_SUBNET])


def read_mtu(file: Section) -> t.Optional[int]:
    """The MTU of the network between the nodes.

    Args:
        file: the whole file.

    Returns:
        Bytes; None where the file gives none that is usable.
    """
    return file.number("mtu", bgp.within(_SMALLEST_MTU, _LARGEST_MTU, "bytes; Ethernet has 1500"))


def read_encapsulation(section: Section) -> str:
    """How packets to a pool's addresses travel between nodes.

    Args:
        section: the pool.

    Returns:
        One of the three ways; the plain one where the file gives none that is usable.
    """
    return section.text("encapsulation", _read_mode) or NO_ENCAPSULATION


def read_cidr(section: Section, encapsulation: str) -> t.Optional[IPv4Network]:
    """All addresses of a pool.

    Args:
        section: the pool.
        encapsulation: its own.

    Returns:
        The network; None where the file gives none that is usable.
    """

    def parse(text: str) -> IPv4Network:
        if encapsulation != NO_ENCAPSULATION and ":" in text:
            raise scalars.BadValue(f"is IPv6, which {encapsulation} cannot carry", "use an IPv4 pool")
        return scalars.network(text)

    return section.text("cidr", parse)


def network_mtu(fabric: Fabric) -> int:
    """How large a packet between two nodes may be.

    Args:
        fabric: what the file declares.

    Returns:
        Bytes.
    """
    return fabric.mtu or DEFAULT_MTU


def tunnelled_nodes(fabric: Fabric) -> t.Tuple[Node, ...]:
    """The nodes that have a tunnel interface.

    Args:
        fabric: what the file declares.

    Returns:
        All that own blocks, sorted by name, as soon as one pool is encapsulated.
    """
    return tuple(node for node in fabric.nodes if not node.is_dedicated) if fabric.encapsulated_pools else ()


def check(fabric: Fabric, report: Report, *, knows_all_pools: bool) -> None:
    """Find what cannot be in a fabric with encapsulation.

    Args:
        fabric: what the file declares, as far as it could be read.
        report: knows the lines, takes the faults.
        knows_all_pools: whether every pool could be read.
    """
    pools = fabric.encapsulated_pools
    if not pools:
        return
    left = network_mtu(fabric) - OVERHEAD
    if left < _SMALLEST_MTU:
        problem = f"mtu {fabric.mtu} leaves {left} bytes for a packet inside of another in pool {pools[0].cidr}"
        at = report.seen((str(pools[0].cidr),))
        report.fault(("mtu",), f"{problem}{at}", f"use {_SMALLEST_MTU + OVERHEAD} or more")
    names = " or ".join(str(pool.cidr) for pool in pools)
    for node in fabric.nodes:
        path = ("nodes", node.name, "blocks")
        if node.is_dedicated and fabric.transit:
            problem = (
                f"{node.name}: has no blocks and so no address for its tunnel, but with transit it passes packets on"
            )
            report.fault(path, problem, f"give it a block of pool {names}")
        in_pools = [block for block in node.blocks if any(block.subnet_of(pool.cidr) for pool in pools)]
        if knows_all_pools and node.blocks and not in_pools:
            problem = f"{node.name}: none of its blocks is in pool {names}, so its tunnel has no address"
            report.fault(path, problem, "add one to its blocks, or remove 'blocks' to have one allocated")
