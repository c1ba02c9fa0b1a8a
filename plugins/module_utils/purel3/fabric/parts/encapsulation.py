# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric file's encapsulation of pools: its form, and what must hold for the nodes of such a fabric."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Network

from ...values import bgp, scalars
from ...values.modes import ETHERNET_MTU, MODES, NO_ENCAPSULATION, Mode
from ..file.report import Report
from ..file.section import Section

if t.TYPE_CHECKING:
    from .fabric import Fabric
    from .nodes import Node

# What every host must take (RFC 791); a veth can have at most the other.
_SMALLEST_MTU = 576
_LARGEST_MTU = 65535


def read_mtu(file: Section) -> t.Optional[int]:
    """The MTU of the network between the nodes; None where the file gives none that is usable."""
    return file.number("mtu", bgp.within(_SMALLEST_MTU, _LARGEST_MTU, "bytes; Ethernet has 1500"))


def read_encapsulation(section: Section) -> t.Optional[Mode]:
    """How packets to a pool's addresses travel between nodes; None also where the file gives nothing usable."""
    parse = scalars.one_of([NO_ENCAPSULATION, *MODES])
    return MODES.get(section.text("encapsulation", parse) or NO_ENCAPSULATION)


def read_cidr(section: Section, mode: t.Optional[Mode]) -> t.Optional[IPv4Network]:
    """All addresses of a pool whose packets travel so; None where the file gives none that is usable."""

    def parse(text: str) -> IPv4Network:
        if mode is not None and ":" in text:
            raise scalars.BadValue(f"is IPv6, which {mode.name} cannot carry", "use an IPv4 pool")
        return scalars.network(text)

    return section.text("cidr", parse)


def network_mtu(fabric: Fabric) -> int:
    """How large a packet between two nodes may be, in bytes."""
    return fabric.mtu or ETHERNET_MTU


def modes_of(fabric: Fabric) -> t.Tuple[Mode, ...]:
    """The modes of its pools, in the order of these, each once; of a checked fabric, all have one device."""
    return tuple(dict.fromkeys(pool.encapsulation for pool in fabric.pools if pool.encapsulation is not None))


def tunnel_mtu(fabric: Fabric) -> int:
    """How large a packet inside of another may be, in bytes, where there are such."""
    return network_mtu(fabric) - max(mode.overhead for mode in modes_of(fabric))


def tunnelled_nodes(fabric: Fabric) -> t.Tuple[Node, ...]:
    """The nodes that have a tunnel interface: all that own blocks, sorted by name, once one pool is encapsulated."""
    return tuple(node for node in fabric.nodes if not node.is_dedicated) if fabric.encapsulated_pools else ()


def check(fabric: Fabric, report: Report, *, knows_all_pools: bool) -> None:
    """Find what cannot be in a fabric with encapsulation, as far as it could be read; the report takes the faults."""
    pools = fabric.encapsulated_pools
    if not pools:
        return
    tunnel = modes_of(fabric)[0]
    for pool in pools:
        if pool.encapsulation is not None and pool.encapsulation.device != tunnel.device:
            others = f"pool {pools[0].cidr}{report.seen((str(pools[0].cidr),))} is {tunnel.name}"
            problem = f"pool {pool.cidr} is {pool.encapsulation.name}, but {others}, and a node has one tunnel"
            report.fault((str(pool.cidr),), problem, f"use one that goes with {tunnel.name}")
    left = tunnel_mtu(fabric)
    if left < _SMALLEST_MTU:
        problem = f"mtu {fabric.mtu} leaves {left} bytes for a packet inside of another in pool {pools[0].cidr}"
        at = report.seen((str(pools[0].cidr),))
        report.fault(("mtu",), f"{problem}{at}", f"use {_SMALLEST_MTU + network_mtu(fabric) - left} or more")
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
