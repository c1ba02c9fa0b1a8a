# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routes of a node should lead into the tunnel, and what is wrong with one that does otherwise. Pure."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ..state.kinds.ownership import TUNNEL_DEVICE
from ..state.kinds.route import Route
from ..values.modes import IPIP, NO_ENCAPSULATION

Params = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Encapsulation:
    """How packets of a node should travel.

    Args:
        modes: of each encapsulated pool.
        subnets: those that the node is in.
        routers: addresses of peers that have no tunnel.
    """

    modes: t.Mapping[ipaddress.IPv4Network, str]
    subnets: t.Tuple[ipaddress.IPv4Network, ...] = ()
    routers: t.FrozenSet[str] = frozenset()

    def mode_of(self, block: str) -> str:
        """Say how packets to a block may travel.

        Args:
            block: for example 10.244.104.0/26.

        Returns:
            The mode of its pool.
        """
        network = ipaddress.IPv4Network(block)
        return next((mode for pool, mode in self.modes.items() if network.subnet_of(pool)), NO_ENCAPSULATION)

    def is_through_tunnel(self, block: str, next_hop: str) -> bool:
        """Tell whether packets to a block should go through the tunnel.

        Args:
            block: for example 10.244.104.0/26.
            next_hop: the node that they should go to, as BGP names it.

        Returns:
            False also where the next hop is no node.
        """
        mode = self.mode_of(block)
        if mode == NO_ENCAPSULATION or next_hop in self.routers:
            return False
        return mode == IPIP or not self.is_near(next_hop)

    def is_near(self, next_hop: str) -> bool:
        """Tell whether a node is in a subnet of this one.

        Args:
            next_hop: its address.

        Returns:
            False for those behind a router.
        """
        return any(ipaddress.IPv4Address(next_hop) in subnet for subnet in self.subnets)

    def complaint(self, block: str, next_hop: str, route: Route) -> t.Optional[t.Tuple[str, str, str]]:
        """Say what is wrong with the interface that a route leaves through.

        Args:
            block: the route's.
            next_hop: the node that packets to it should go to.
            route: in the kernel, with one next hop.

        Returns:
            How it should be, how it is, and both as a sentence's end; None when it is right.
        """
        wanted = self.is_through_tunnel(block, next_hop)
        if wanted == (route.device == TUNNEL_DEVICE):
            return None
        mode = self.mode_of(block)
        if wanted:
            actual = f"out of {route.device}"
            return f"through {TUNNEL_DEVICE}", actual, f"goes {actual}, not through {TUNNEL_DEVICE} ({mode})"
        why = "its pool is not encapsulated"
        if mode != NO_ENCAPSULATION:
            what = "a router without tunnel" if next_hop in self.routers else "in a subnet of this node"
            why = f"{next_hop} is {what} ({mode})"
        actual = f"through {TUNNEL_DEVICE}"
        return f"not through {TUNNEL_DEVICE}", actual, f"goes {actual}, although {why}"


def encapsulation_from(
    pools: t.Sequence[Params], subnets: t.Sequence[str], routers: t.Iterable[str], faults: t.List[str]
) -> Encapsulation:
    """Read how packets should travel.

    Args:
        pools: as in bird_encapsulation.
        subnets: as in bird_subnets.
        routers: addresses of peers outside of the fabric.
        faults: takes what is wrong.

    Returns:
        What could be read.
    """
    modes: t.Dict[ipaddress.IPv4Network, str] = {}
    near: t.List[ipaddress.IPv4Network] = []
    for pool in pools:
        try:
            modes[ipaddress.IPv4Network(str(pool["prefix"]))] = str(pool["mode"])
        except ValueError as error:
            faults.append(f"encapsulation of {pool['prefix']}: {error}; give a pool like 10.244.0.0/16")
    for subnet in subnets:
        try:
            near.append(ipaddress.IPv4Network(str(subnet)))
        except ValueError as error:
            faults.append(f"subnet {subnet}: {error}; give one like 192.168.50.0/24")
    return Encapsulation(modes, tuple(near), frozenset(routers))
