# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routes of a node should lead into the tunnel, and what is wrong with one that does otherwise. Pure."""

from __future__ import annotations

import ipaddress
import typing as t

from ..state.kinds.route import Route
from ..values.modes import MODE_OF_DEVICE, MODES, NO_ENCAPSULATION
from ..values.ways import Way, ways

Params = t.Mapping[str, t.Any]


class ExpectedWays(t.NamedTuple):
    """How packets of a node should travel; networks and next hops are text, as BIRD names them."""

    ways: t.Tuple[Way, ...] = ()

    def device_for(self, block: str, next_hop: str) -> str:
        """Name the tunnel that packets to a block should go through; empty for none."""
        network, address = ipaddress.IPv4Network(block), ipaddress.ip_address(next_hop)
        return next((way.mode.device for way in self.ways if way.leads(network, address)), "")

    def complaint(self, block: str, next_hop: str, route: Route) -> t.Optional[t.Tuple[str, str, str]]:
        """Say what is wrong with the interface that a route in the kernel, with one next hop, leaves through.

        Returns how it should be, how it is, and both as a sentence's end; None when it is right.
        """
        wanted = self.device_for(block, next_hop)
        if wanted == (route.device if route.device in MODE_OF_DEVICE else ""):
            return None
        way = next((one for one in self.ways if one.has_in_pool(ipaddress.IPv4Network(block))), None)
        mode = way.mode.name if way else NO_ENCAPSULATION
        if wanted:
            actual = f"out of {route.device}"
            return f"through {wanted}", actual, f"goes {actual}, not through {wanted} ({mode})"
        why = "its pool is not encapsulated"
        if way:
            is_router = ipaddress.ip_address(next_hop) in way.routers
            why = f"{next_hop} is {'a router without tunnel' if is_router else 'in a subnet of this node'} ({mode})"
        actual = f"through {route.device}"
        return f"not through {route.device}", actual, f"goes {actual}, although {why}"


def encapsulation_from(
    pools: t.Sequence[Params], subnets: t.Sequence[str], routers: t.Iterable[str], faults: t.List[str]
) -> ExpectedWays:
    """Read how packets should travel, as far as it can be read; `faults` takes what is wrong.

    pools: as in bird_encapsulation.
    subnets: as in bird_subnets.
    routers: addresses of peers outside of the fabric.
    """
    modes, near = [], []
    for pool in pools:
        try:
            prefix = ipaddress.IPv4Network(str(pool["prefix"]))
        except ValueError as error:
            faults.append(f"encapsulation of {pool['prefix']}: {error}; give a pool like 10.244.0.0/16")
            continue
        if pool["mode"] in MODES:
            modes.append((prefix, MODES[pool["mode"]]))
        else:
            faults.append(f"encapsulation of {prefix}: {pool['mode']} is not known; use one of {', '.join(MODES)}")
    for subnet in subnets:
        try:
            near.append(ipaddress.IPv4Network(str(subnet)))
        except ValueError as error:
            faults.append(f"subnet {subnet}: {error}; give one like 192.168.50.0/24")
    return ExpectedWays(ways(modes, near, map(ipaddress.ip_address, routers)))
