# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a node's end of the tunnels to the objects in its kernel."""

from __future__ import annotations

import ipaddress
import typing as t

from ...base.errors import InvalidInput
from ...state.kinds.address import Address
from ...state.kinds.kind import Key, Resource
from ...state.kinds.ownership import TUNNEL_DEVICE, TUNNEL_GROUP, link_mark
from ...state.kinds.scope import OWN_NAMESPACE
from ...state.kinds.sysctl import rp_filter
from ...state.kinds.tunnel import Tunnel
from ...state.plan import Request
from .guard import guard

# What the kernel gives tunl0: Ethernet's 1,500 bytes less the outer header (ip_tunnel_init in net/ipv4/ip_tunnel.c).
DEFAULT_MTU = 1480

_TITLE = "tunnel"
_SHOWN = 3
_MTU_MINIMUM = 68
_MTU_MAXIMUM = 65515
# Packets may come out of the tunnel from where the way back leads beside it: while nodes change one by one.
_ANY_WAY_BACK = "2"


def to_request(address: str, mtu: int, endpoints: t.Sequence[str]) -> Request:
    """Work out what a node's kernel must hold to exchange encapsulated packets with others.

    Args:
        address: of tunl0, IPv4 without prefix length, of a block of the node.
        mtu: of tunl0, in bytes.
        endpoints: the nodes' own addresses, from which packets may be decapsulated.

    Returns:
        The request.

    Raises:
        InvalidInput: names each fault.
    """
    faults = [fault for fault in (_fault_of_host("address", address), _fault_of_mtu(mtu)) if fault]
    faults += [fault for endpoint in endpoints for fault in [_fault_of_host("endpoint", endpoint)] if fault]
    if address in endpoints:
        faults.append(f"address {address} is also an endpoint; the tunnel's address is one of the node's block")
    if faults:
        raise InvalidInput(faults)
    cidr = f"{address}/32"
    resources: t.Tuple[Resource, ...] = (
        guard(endpoints),
        Tunnel(OWN_NAMESPACE, TUNNEL_DEVICE, mtu, True, TUNNEL_GROUP, link_mark(_TITLE, [cidr])),
        Address(OWN_NAMESPACE, TUNNEL_DEVICE, cidr),
        rp_filter(OWN_NAMESPACE, TUNNEL_DEVICE, _ANY_WAY_BACK),
    )
    present: t.Dict[Key, Resource] = {resource.key: resource for resource in resources}
    return Request(present, exact_interfaces=frozenset([(OWN_NAMESPACE, TUNNEL_DEVICE)]))


def to_release() -> Request:
    """Work out what a node's kernel must hold when it exchanges no encapsulated packets any more.

    Returns:
        The request: tunl0 as the kernel made it, where it is ours, and no guard.
    """
    released = Tunnel(OWN_NAMESPACE, TUNNEL_DEVICE, DEFAULT_MTU, False, 0, "")
    return Request(
        {released.key: released},
        absent=frozenset([guard([]).key]),
        exact_interfaces=frozenset([(OWN_NAMESPACE, TUNNEL_DEVICE)]),
    )


def faults_of_sources(sources: t.Mapping[str, t.Optional[str]], endpoints: t.Collection[str]) -> t.List[str]:
    """Find out which packets in tunnels the guards at their other ends would drop.

    Args:
        sources: by node, the address that packets to it would come from; None where there is no way.
        endpoints: the nodes' own addresses, from which packets may be decapsulated.

    Returns:
        A sentence with its remedy for each address that is no endpoint.
    """
    wrong: t.Dict[str, t.List[str]] = {}
    for node, source in sources.items():
        if source is not None and source not in endpoints:
            wrong.setdefault(source, []).append(node)
    return [
        f"packets in the tunnel to {', '.join(nodes[:_SHOWN])}{' and others' if len(nodes) > _SHOWN else ''} "
        f"would come from {source}, which no node of the fabric has, and so be dropped there; name this address in the "
        "fabric file, as that of the node or of one of its interfaces, or have the route prefer another (src)"
        for source, nodes in sorted(wrong.items())
    ]


def _fault_of_host(what: str, text: str) -> str:
    try:
        parsed = ipaddress.IPv4Address(text)
    except ValueError:
        return f"{what} {text} is not an IPv4 address without prefix length, such as 10.244.166.190"
    if parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback or parsed.is_link_local or parsed.is_reserved:
        return f"{what} {text} cannot be a host's; give a unicast address"
    return ""


def _fault_of_mtu(mtu: int) -> str:
    if _MTU_MINIMUM <= mtu <= _MTU_MAXIMUM:
        return ""
    return f"mtu {mtu} is not between {_MTU_MINIMUM} and {_MTU_MAXIMUM} bytes; give that of the network less 20"
