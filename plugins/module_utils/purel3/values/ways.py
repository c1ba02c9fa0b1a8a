# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routes lead into a tunnel: decided here alone, for the filter of bird.conf and for who looks at the kernel."""

from __future__ import annotations

import ipaddress
import typing as t

from .modes import MODES, Mode

Host = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


class Way(t.NamedTuple):
    """Routes that lead into a tunnel: those to a part of a pool, but for some next hops of BGP.

    mode: of all its pools.
    pools: in the order given.
    subnets: those of the node itself, where the mode is for other subnets only.
    routers: peers outside of the fabric, which have no tunnel: what goes to them goes as it is.
    """

    mode: Mode
    pools: t.Tuple[ipaddress.IPv4Network, ...]
    subnets: t.Tuple[ipaddress.IPv4Network, ...]
    routers: t.Tuple[Host, ...]

    def has_in_pool(self, network: ipaddress.IPv4Network) -> bool:
        """Tell whether a network lies in one of the pools."""
        return any(network.subnet_of(pool) for pool in self.pools)

    def leads(self, network: ipaddress.IPv4Network, next_hop: Host) -> bool:
        """Tell whether a route to a network, learnt with this next hop of BGP, leads into the tunnel."""
        is_excepted = next_hop in self.routers or any(next_hop in subnet for subnet in self.subnets)
        return self.has_in_pool(network) and not is_excepted


def ways(
    pools: t.Iterable[t.Tuple[ipaddress.IPv4Network, Mode]],
    subnets: t.Iterable[ipaddress.IPv4Network],
    routers: t.Iterable[Host],
) -> t.Tuple[Way, ...]:
    """Find the ways of a node whose pools have these modes: one for each mode, in the order of MODES."""
    modes, near, outside = tuple(pools), tuple(subnets), tuple(routers)
    found = ((mode, tuple(pool for pool, its in modes if its == mode)) for mode in MODES.values())
    return tuple(
        Way(mode, within, near if mode.is_across_subnets_only else (), outside) for mode, within in found if within
    )
