# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which learnt routes lead into the tunnel, as the export filter of the kernel's protocol says it."""

from __future__ import annotations

import ipaddress
import typing as t

from ...state.kinds.ownership import TUNNEL_DEVICE
from .rules import prefix_set

if t.TYPE_CHECKING:
    from ..want.settings import Settings

_ELSEWHERE = "bgp_next_hop !~"


def tunnel_lines(settings: Settings) -> t.List[str]:
    """Write what makes learnt routes lead into the tunnel.

    Args:
        settings: of the node.

    Returns:
        Lines of a filter's body, two spaces inwards; none without encapsulation.
    """
    everywhere = [one.prefix for one in settings.encapsulation if not one.is_cross_subnet]
    elsewhere = [one.prefix for one in settings.encapsulation if one.is_cross_subnet]
    here = [f"{_ELSEWHERE} {subnet}" for subnet in settings.subnets]
    return [*_into_tunnel(settings, everywhere, []), *_into_tunnel(settings, elsewhere, here)]


def _into_tunnel(settings: Settings, prefixes: t.Sequence[ipaddress.IPv4Network], more: t.Sequence[str]) -> t.List[str]:
    if not prefixes:
        return []
    # A router outside of the fabric has no tunnel: what goes to itself goes as it is.
    routers = [f"bgp_next_hop != {peer.address}" for peer in settings.peers if peer.is_external]
    conditions = ["source = RTS_BGP", f"net ~ {prefix_set(prefixes, '+')}", *more, *routers]
    return [
        f"  if {' && '.join(conditions)} then {{",
        f'    ifname = "{TUNNEL_DEVICE}";',
        "    onlink = true;",
        "    gw = bgp_next_hop;",
        # BIRD 3 has forgotten it by then.
        "    onlink = true;",
        "  }",
    ]
