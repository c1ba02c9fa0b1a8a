# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of the kernel, as the data that the info modules return."""

from __future__ import annotations

import typing as t

from ..state.kinds.address import Address
from ..state.kinds.kind import Place
from ..state.kinds.namespace import Namespace
from ..state.kinds.ownership import WORKLOAD_GROUP, recorded_addresses, title_of
from ..state.kinds.route import Route
from ..state.kinds.table import Table
from ..state.kinds.tunnel import Tunnel
from ..state.kinds.veth import End, Veth
from ..state.plan import Observed
from .encapsulation.guard import endpoints_of
from .routes import to_options

Data = t.Dict[str, t.Any]


def describe_namespaces(observed: Observed) -> t.List[Data]:
    """Describe the named namespaces as the module netns_info returns them."""
    interfaces: t.Dict[str, t.List[str]] = {}
    for namespace, device in sorted(observed.interfaces):
        interfaces.setdefault(namespace, []).append(device)
    found = sorted(resource for resource in observed.resources.values() if isinstance(resource, Namespace))
    return [
        {"name": namespace.name, "owner": namespace.owner, "interfaces": interfaces.get(namespace.name, [])}
        for namespace in found
    ]


def describe_routes(observed: Observed, namespace: str, table: int) -> t.List[Data]:
    """Describe the routes of one table as the module route_info returns them; the namespace is as in veth.End."""
    routes = [
        route
        for route in observed.resources.values()
        if isinstance(route, Route) and route.namespace == namespace and route.table == table
    ]
    return [
        {**to_options(route), "owner": observed.owners.get(route.key, "")}
        for route in sorted(routes, key=lambda route: (route.destination, route.metric))
    ]


def describe_veths(observed: Observed, namespace: str) -> t.List[Data]:
    """Describe the pairs with an end in a namespace (as in veth.End) as the module veth_info returns them."""
    addresses = _addresses(observed)
    veths = [
        veth
        for veth in observed.resources.values()
        if isinstance(veth, Veth) and namespace in (veth.outer.namespace, veth.inner.namespace)
    ]
    return [
        {
            "owner": observed.owners.get(veth.key, ""),
            "outer": _describe_end(veth.outer, addresses),
            "inner": _describe_end(veth.inner, addresses),
        }
        for veth in sorted(veths, key=lambda veth: veth.key)
    ]


def _addresses(observed: Observed) -> t.Dict[Place, t.List[str]]:
    addresses: t.Dict[Place, t.List[str]] = {}
    for resource in observed.resources.values():
        if isinstance(resource, Address):
            addresses.setdefault((resource.namespace, resource.device), []).append(resource.address)
    return addresses


def _describe_end(end: End, addresses: t.Mapping[Place, t.List[str]]) -> Data:
    return {
        "name": end.device,
        "namespace": end.namespace,
        "mac": end.mac,
        "mtu": end.mtu,
        "is_up": end.is_up,
        "addresses": sorted(addresses.get(end.place, [])),
    }


def describe_workloads(observed: Observed) -> t.List[Data]:
    """Describe the workloads that are attached to this node as the module workloads_info returns them."""
    found = []
    for veth in observed.resources.values():
        if isinstance(veth, Veth) and veth.outer.group == WORKLOAD_GROUP and title_of(veth.outer.alias):
            found.append(
                {
                    "name": title_of(veth.outer.alias),
                    "addresses": sorted(cidr.partition("/")[0] for cidr in recorded_addresses(veth.outer.alias)),
                    "netns": veth.inner.namespace.strip("?"),
                    "interface_name": veth.inner.device,
                    "host_interface_name": veth.outer.device,
                    "mac": veth.inner.mac,
                    "mtu": veth.inner.mtu,
                    "is_up": veth.outer.is_up and veth.inner.is_up,
                }
            )
    return sorted(found, key=lambda workload: str(workload["name"]))


def describe_tunnel(observed: Observed) -> Data:
    """Describe this node's end of the tunnels as the module tunnel_info returns it; what is not ours is left out.

    What was read must include the guard.
    """
    found: Data = {"address": "", "mtu": 0, "is_up": False, "endpoints": []}
    for key in observed.owners:
        resource = observed.resources[key]
        if isinstance(resource, Table):
            found["endpoints"] = list(endpoints_of(resource))
        elif isinstance(resource, Tunnel):
            found.update(mtu=resource.mtu, is_up=resource.is_up)
            for address in _addresses(observed).get((resource.namespace, resource.device), []):
                if address in recorded_addresses(resource.alias):
                    found["address"] = address.partition("/")[0]
    return found
