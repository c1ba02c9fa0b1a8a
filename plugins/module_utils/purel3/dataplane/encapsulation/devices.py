# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the interface of each tunnel comes and goes, by its name: a mode with an interface of its own adds an entry."""

from __future__ import annotations

import typing as t

from ...state.kinds.kind import Key, Resource
from ...state.kinds.ownership import TUNNEL_GROUP, link_mark
from ...state.kinds.scope import OWN_NAMESPACE
from ...state.kinds.tunnel import Tunnel
from ...values.modes import IPIP, Mode

_TITLE = "tunnel"


class NodeTunnel(t.NamedTuple):
    """A node's end of the tunnels: its mode, address (with prefix length), MTU, and the addresses of all nodes."""

    mode: Mode
    cidr: str
    mtu: int
    endpoints: t.Sequence[str]


class Device(t.NamedTuple):
    """What a kernel must hold where a tunnel is open, and what where it is closed: objects, and keys that must go."""

    opened: t.Callable[[NodeTunnel], t.Tuple[Resource, ...]]
    closed: t.Callable[[Mode], t.Tuple[t.Tuple[Resource, ...], t.Tuple[Key, ...]]]


def _taken(end: NodeTunnel) -> t.Tuple[Resource, ...]:
    return (Tunnel(OWN_NAMESPACE, end.mode.device, end.mtu, True, TUNNEL_GROUP, link_mark(_TITLE, [end.cidr])),)


def _given_back(mode: Mode) -> t.Tuple[t.Tuple[Resource, ...], t.Tuple[Key, ...]]:
    # With the MTU that the kernel gave it: Ethernet's less the outer header (ip_tunnel_init in net/ipv4/ip_tunnel.c).
    return (Tunnel(OWN_NAMESPACE, mode.device, mode.default_mtu, False, 0, ""),), ()


DEVICES: t.Mapping[str, Device] = {IPIP.device: Device(_taken, _given_back)}
