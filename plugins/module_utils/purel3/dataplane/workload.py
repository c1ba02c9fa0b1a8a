# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a node's workloads to the objects in its kernel."""

from __future__ import annotations

import hashlib
import ipaddress
import typing as t

from ..base.errors import InvalidInput
from ..state.kinds.address import Address
from ..state.kinds.kind import Key, Resource
from ..state.kinds.namespace import Namespace
from ..state.kinds.ownership import WORKLOAD_GROUP, WORKLOADS, link_mark
from ..state.kinds.route import (
    DEFAULT_DESTINATION,
    GATEWAY,
    GATEWAY_HOST,
    GATEWAY_ROUTE,
    PROTOCOL_BOOT,
    SCOPE_GLOBAL,
    SCOPE_LINK,
    UNICAST,
    Route,
)
from ..state.kinds.scope import OWN_NAMESPACE, TABLE_MAIN
from ..state.kinds.sysctl import Sysctl, proxy_arp, proxy_delay
from ..state.kinds.veth import End, Veth
from ..state.plan import Request
from ..values.names import fault_of_namespace, fault_of_new_device, fault_of_word, namespace_from

HOST_MAC = "ee:ee:ee:ee:ee:ee"
_HOST_DEVICE_PREFIX = "cali"
_DEVICE = "eth0"
_DIGEST_DIGITS = 11
_MTU_MINIMUM = 68
_MTU_MAXIMUM = 65535


class Workload(t.NamedTuple):
    """A network namespace attached to a node.

    Args:
        name: its name in the fabric, one word.
        address: without prefix length.
        namespace: a name in /run/netns, made if it does not exist, or an absolute path that does.
        device: the interface's name inside.
        mtu: of both ends, in bytes; 0 leaves it to the kernel.
    """

    name: str
    address: str
    namespace: str
    device: str = _DEVICE
    mtu: int = 0


def workloads_from(options: t.Mapping[str, t.Any]) -> t.List[Workload]:
    """Read the workloads of a node given as options.

    Args:
        options: of the module workloads; what has a default may be left out.

    Returns:
        The workloads.

    Raises:
        InvalidInput: names each fault.
    """
    return [
        Workload(
            name=item["name"],
            address=item["address"],
            namespace=namespace_from(item.get("netns")) or item["name"],
            device=_DEVICE if item.get("interface_name") is None else item["interface_name"],
            mtu=item.get("mtu") or options.get("mtu") or 0,
        )
        for item in options["workloads"]
    ]


def request_from(options: t.Mapping[str, t.Any]) -> Request:
    """Work out what a node's kernel must hold for the workloads given as options.

    Args:
        options: of the module workloads; what has a default may be left out.

    Returns:
        The request; workloads of ours that are not listed go.

    Raises:
        InvalidInput: names each fault.
    """
    return to_request(workloads_from(options), is_transit=bool(options.get("transit")))


def host_device(name: str) -> str:
    """Name the host's end of a workload's veth, in Calico's form.

    Args:
        name: the workload's name.

    Returns:
        cali and 11 hex digits of the name's SHA-1.
    """
    return _HOST_DEVICE_PREFIX + hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()[:_DIGEST_DIGITS]


def check(workloads: t.Sequence[Workload]) -> None:
    """Refuse workloads that cannot be.

    Args:
        workloads: all workloads of the node.

    Raises:
        InvalidInput: names each fault.
    """
    faults: t.List[str] = []
    seen: t.Dict[t.Tuple[str, str], Workload] = {}
    for workload in workloads:
        title = f"workload {workload.name}"
        for fault in (
            fault_of_word(workload.name),
            fault_of_new_device("interface_name", workload.device),
            fault_of_namespace(workload.namespace),
            _fault_of_address(workload.address),
        ):
            faults.extend([f"{title}: {fault}"] if fault else [])
        if workload.mtu and not _MTU_MINIMUM <= workload.mtu <= _MTU_MAXIMUM:
            faults.append(f"{title}: mtu {workload.mtu} is not between {_MTU_MINIMUM} and {_MTU_MAXIMUM} bytes")
        for what, value in (
            ("name", workload.name),
            ("address", workload.address),
            ("netns", workload.namespace),
            ("host interface", host_device(workload.name)),
        ):
            first = seen.setdefault((what, value), workload)
            if first is not workload and (what == "name" or first.name != workload.name):
                faults.append(f"{title}: {what} {value} is also workload {first.name}'s; give each its own")
    if faults:
        raise InvalidInput(faults)


def _fault_of_address(address: str) -> str:
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return f"address {address} is not an IPv4 address without prefix length, such as 10.244.1.2"
    if parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback or parsed.is_link_local or parsed.is_reserved:
        return f"address {address} cannot be a workload's; take one from the node's block"
    return ""


def to_request(workloads: t.Sequence[Workload], *, is_transit: bool = False) -> Request:
    """Work out what a node's kernel must hold for its workloads, and nothing else of theirs.

    Args:
        workloads: all workloads of the node.
        is_transit: the node also forwards between other nodes.

    Returns:
        The request; workloads of ours that are not listed go.

    Raises:
        InvalidInput: names each fault.
    """
    check(workloads)
    resources: t.List[Resource] = []
    if workloads:
        resources.append(GATEWAY_ROUTE)
    if workloads or is_transit:
        resources.append(Sysctl(OWN_NAMESPACE, "net/ipv4/ip_forward", "1"))
    for workload in workloads:
        resources.extend(_resources(workload))
    present: t.Dict[Key, Resource] = {resource.key: resource for resource in resources}
    return Request(present, purges=WORKLOADS)


def _resources(workload: Workload) -> t.Iterator[Resource]:
    name, cidr = workload.namespace, workload.address + "/32"
    device, host = workload.device, host_device(workload.name)
    mark = link_mark(workload.name, [cidr])
    if not name.startswith("/"):
        yield Namespace(name, WORKLOADS)
    yield Veth(
        End(OWN_NAMESPACE, host, HOST_MAC, workload.mtu, True, WORKLOAD_GROUP, mark, False),
        End(name, device, "", workload.mtu, True, WORKLOAD_GROUP, mark, False),
    )
    yield Address(name, device, cidr)
    yield Route(name, TABLE_MAIN, GATEWAY_HOST, 0, UNICAST, "", device, SCOPE_LINK, PROTOCOL_BOOT)
    yield Route(name, TABLE_MAIN, DEFAULT_DESTINATION, 0, UNICAST, GATEWAY, device, SCOPE_GLOBAL, PROTOCOL_BOOT)
    yield proxy_arp(OWN_NAMESPACE, host, "1")
    yield proxy_delay(OWN_NAMESPACE, host, "0")
    yield Route(OWN_NAMESPACE, TABLE_MAIN, cidr, 0, UNICAST, "", host, SCOPE_LINK, PROTOCOL_BOOT)
