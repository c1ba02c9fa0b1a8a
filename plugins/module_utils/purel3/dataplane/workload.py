# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a node's workloads to the objects in its kernel."""

from __future__ import annotations

import typing as t
from dataclasses import replace

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
from ..values.workload import HOST_MAC, Workload, faults_of, host_device, workload_from
from .source_guard import source_guard


def request_from(options: t.Mapping[str, t.Any], missing: t.Collection[str] = ()) -> Request:
    """Work out what a node's kernel must hold, from options of the module workloads; raises InvalidInput."""
    workloads = [workload_from(item, options.get("mtu")) for item in options["workloads"]]
    request = to_request(workloads, is_transit=bool(options.get("transit")), missing=missing)
    return replace(request, adopts=bool(options.get("adopt")))


def find_missing(workloads: t.Iterable[Workload], fault_of: t.Callable[[str], str]) -> t.Dict[str, str]:
    """Find the workloads whose namespaces a function finds fault with: why, by their names."""
    faults = ((workload.name, fault_of(workload.netns)) for workload in workloads if not faults_of(workload))
    return {name: f"workload {name} is left out: {fault}" for name, fault in faults if fault}


def check(workloads: t.Sequence[Workload]) -> None:
    """Refuse workloads of a node that cannot be; raises InvalidInput."""
    faults: t.List[str] = []
    seen: t.Dict[t.Tuple[str, str], Workload] = {}
    for workload in workloads:
        faults.extend(faults_of(workload))
        for what, value in (
            ("name", workload.name),
            *(("address", address) for address in (workload.address, *workload.floating_ips)),
            ("netns", workload.netns),
            ("host interface", host_device(workload.name)),
        ):
            first = seen.setdefault((what, value), workload)
            if first is not workload and (what == "name" or first.name != workload.name):
                faults.append(
                    f"workload {workload.name}: {what} {value} is also workload {first.name}'s; give each its own"
                )
    if faults:
        raise InvalidInput(faults)


def to_request(
    workloads: t.Sequence[Workload], *, is_transit: bool = False, missing: t.Collection[str] = ()
) -> Request:
    """Work out what a node's kernel must hold for its workloads; others of ours go. Raises InvalidInput.

    is_transit: the node also forwards between other nodes.
    missing: the names of those whose namespaces are not there; what is left of them stays.
    """
    check(workloads)
    resources: t.List[Resource] = []
    if workloads:
        resources.append(GATEWAY_ROUTE)
    if workloads or is_transit:
        resources.append(Sysctl(OWN_NAMESPACE, "net/ipv4/ip_forward", "1"))
    resources.extend(source_guard(workloads))
    for workload in workloads:
        if workload.name not in missing:
            resources.extend(_resources(workload))
    present: t.Dict[Key, Resource] = {resource.key: resource for resource in resources}
    spared = frozenset((OWN_NAMESPACE, host_device(name)) for name in missing)
    return Request(present, purges=WORKLOADS, spared=spared)


def _resources(workload: Workload) -> t.Iterator[Resource]:
    name, cidr = workload.netns, workload.address + "/32"
    device, host = workload.interface_name, host_device(workload.name)
    cidrs = [cidr, *(f"{address}/32" for address in workload.floating_ips)]
    mark = link_mark(workload.name, cidrs)
    if not name.startswith("/"):
        yield Namespace(name, WORKLOADS)
    yield Veth(
        End(OWN_NAMESPACE, host, HOST_MAC, workload.mtu, True, WORKLOAD_GROUP, mark, False),
        End(name, device, workload.mac, workload.mtu, True, WORKLOAD_GROUP, mark, False),
    )
    yield Address(name, device, cidr)
    yield Route(name, TABLE_MAIN, GATEWAY_HOST, 0, UNICAST, "", device, SCOPE_LINK, PROTOCOL_BOOT)
    yield Route(name, TABLE_MAIN, DEFAULT_DESTINATION, 0, UNICAST, GATEWAY, device, SCOPE_GLOBAL, PROTOCOL_BOOT)
    yield proxy_arp(OWN_NAMESPACE, host, "1")
    yield proxy_delay(OWN_NAMESPACE, host, "0")
    # Those of floating IPs are for BIRD, which announces them, and for the node's own sockets.
    for destination in cidrs:
        yield Route(OWN_NAMESPACE, TABLE_MAIN, destination, 0, UNICAST, "", host, SCOPE_LINK, PROTOCOL_BOOT)
