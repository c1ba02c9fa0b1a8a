# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a node's end of the tunnels to the objects in its kernel."""

from __future__ import annotations

import typing as t

from ...base.errors import InvalidInput
from ...state.kinds.address import Address
from ...state.kinds.kind import Key, Resource
from ...state.kinds.scope import OWN_NAMESPACE
from ...state.kinds.sysctl import rp_filter
from ...state.plan import Request
from ...values.interface import MTU_MINIMUM, is_of_host
from ...values.modes import IPIP, MODE_OF_DEVICE, Mode
from .devices import DEVICES, NodeTunnel
from .guard import guard

_SHOWN = 3
_LARGEST_PACKET = 65535
# Packets may come out of the tunnel from where the way back leads beside it: while nodes change one by one.
_ANY_WAY_BACK = "2"


def mode_of(device: t.Optional[str]) -> Mode:
    """Find the mode of a tunnel by its interface, None for tunl0; InvalidInput where no tunnel has it."""
    if device is None:
        return IPIP
    if device not in MODE_OF_DEVICE:
        raise InvalidInput([f"device {device} is no tunnel's; give one of {', '.join(MODE_OF_DEVICE)}"])
    return MODE_OF_DEVICE[device]


def to_request(
    address: str, mtu: t.Optional[int], endpoints: t.Sequence[str], device: t.Optional[str] = None
) -> Request:
    """Work out what a node's kernel must hold to exchange encapsulated packets with others; raises InvalidInput.

    address: of the tunnel's interface, IPv4 without prefix length, of a block of the node.
    mtu: of the interface, in bytes; None for what Ethernet leaves.
    endpoints: the nodes' own addresses, from which packets may be decapsulated.
    device: the interface; see mode_of.
    """
    mode = mode_of(device)
    mtu = mode.default_mtu if mtu is None else mtu
    faults = [fault for fault in (_fault_of_host("address", address), _fault_of_mtu(mtu, mode.overhead)) if fault]
    faults += [fault for endpoint in endpoints for fault in [_fault_of_host("endpoint", endpoint)] if fault]
    if address in endpoints:
        faults.append(f"address {address} is also an endpoint; the tunnel's address is one of the node's block")
    if faults:
        raise InvalidInput(faults)
    cidr = f"{address}/32"
    resources: t.Tuple[Resource, ...] = (
        guard(endpoints, mode.match),
        *DEVICES[mode.device].opened(NodeTunnel(mode, cidr, mtu, endpoints)),
        Address(OWN_NAMESPACE, mode.device, cidr),
        rp_filter(OWN_NAMESPACE, mode.device, _ANY_WAY_BACK),
    )
    present: t.Dict[Key, Resource] = {resource.key: resource for resource in resources}
    return Request(present, exact_interfaces=frozenset([(OWN_NAMESPACE, mode.device)]))


def to_release() -> Request:
    """Work out what a node's kernel must hold when it exchanges no encapsulated packets any more: no guard either."""
    closed = [DEVICES[mode.device].closed(mode) for mode in MODE_OF_DEVICE.values()]
    present: t.Dict[Key, Resource] = {resource.key: resource for resources, _keys in closed for resource in resources}
    return Request(
        present,
        absent=frozenset([guard([], IPIP.match).key, *(key for _resources, keys in closed for key in keys)]),
        exact_interfaces=frozenset((OWN_NAMESPACE, device) for device in MODE_OF_DEVICE),
    )


def faults_of_sources(sources: t.Mapping[str, t.Optional[str]], endpoints: t.Collection[str]) -> t.List[str]:
    """Find out which packets in tunnels the guards at their other ends would drop.

    sources: by node, the address that packets to it would come from; None where there is no way.
    endpoints: the nodes' own addresses, from which packets may be decapsulated.
    """
    wrong: t.Dict[str, t.List[str]] = {}
    for node, source in sources.items():
        if source is not None and source not in endpoints:
            wrong.setdefault(source, []).append(node)
    return [
        f"packets in the tunnel to {', '.join(nodes[:_SHOWN])}{' and others' if len(nodes) > _SHOWN else ''} "
        f"would come from {source}, which no node of the fabric has, and so be dropped there; name this address in the "
        "fabric file, as that of the node, its old one, or that of one of its interfaces, or have the route prefer "
        "another (src)"
        for source, nodes in sorted(wrong.items())
    ]


def _fault_of_host(what: str, text: str) -> str:
    is_usable = is_of_host(text)
    if is_usable is None:
        return f"{what} {text} is not an IPv4 address without prefix length, such as 10.244.166.190"
    return "" if is_usable else f"{what} {text} cannot be a host's; give a unicast address"


def _fault_of_mtu(mtu: int, overhead: int) -> str:
    largest = _LARGEST_PACKET - overhead
    if MTU_MINIMUM <= mtu <= largest:
        return ""
    return f"mtu {mtu} is not between {MTU_MINIMUM} and {largest} bytes; give that of the network less {overhead}"
