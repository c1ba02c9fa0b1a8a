# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which learnt routes lead into the tunnel, as the export filter of the kernel's protocol says it."""

from __future__ import annotations

import typing as t

from ...values.ways import Way, ways
from .rules import prefix_set

if t.TYPE_CHECKING:
    from ..want.settings import Settings


def tunnel_lines(settings: Settings) -> t.List[str]:
    """Write what makes learnt routes lead into the tunnel, as lines of a filter's body, two spaces inwards."""
    pools = [(one.prefix, one.mode) for one in settings.encapsulation]
    routers = [peer.address for peer in settings.peers if peer.is_external]
    return [line for way in ways(pools, settings.subnets, routers) for line in _into_tunnel(way)]


def _into_tunnel(way: Way) -> t.List[str]:
    conditions = [
        "source = RTS_BGP",
        f"net ~ {prefix_set(way.pools, '+')}",
        *(f"bgp_next_hop !~ {subnet}" for subnet in way.subnets),
        *(f"bgp_next_hop != {router}" for router in way.routers),
    ]
    return [
        f"  if {' && '.join(conditions)} then {{",
        f'    ifname = "{way.mode.device}";',
        "    onlink = true;",
        "    gw = bgp_next_hop;",
        # BIRD 3 has forgotten it by then.
        "    onlink = true;",
        "  }",
    ]
