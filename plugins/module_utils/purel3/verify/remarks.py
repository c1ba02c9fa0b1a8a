# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What touches the fabric without being of it, and without standing in its way: no fault, but worth knowing. Pure."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ..dataplane.firewall import Blocker
from ..state.kinds.address import Address
from ..state.kinds.kind import Place, Resource
from ..state.kinds.ownership import WORKLOADS, title_of
from ..state.kinds.registry import describe
from ..state.kinds.route import PROTOCOL_KERNEL, ROUTE_PROTOCOLS, Route
from ..state.kinds.scope import OWN_NAMESPACE
from ..state.kinds.veth import Veth
from ..state.plan import Observed

FIREWALL = "firewall"
UPLINK = "uplink"
FOREIGN = "foreign"

# Those of the kernel come with an address; BIRD's are compared with what BIRD knows.
_TOLD_ELSEWHERE = (PROTOCOL_KERNEL, ROUTE_PROTOCOLS["bird"])


@dataclass(frozen=True)
class Remark:
    """One thing that is no fault.

    kind: firewall, uplink or foreign.
    object: what it is about.
    text: all of that but the node, in words.
    """

    node: str
    kind: str
    object: str
    text: str


def of_firewalls(node: str, found: t.Iterable[Blocker]) -> t.Iterator[Remark]:
    """Remark firewalls that drop what is forwarded."""
    for blocker in found:
        yield Remark(node, FIREWALL, f"{blocker.table} {blocker.chain}", blocker.text)


def of_uplinks(node: str, found: t.Mapping[str, str]) -> t.Iterator[Remark]:
    """Remark interfaces that take smaller packets than the fabric sends, with what is wrong of each."""
    for name, text in found.items():
        yield Remark(node, UPLINK, name, text)


def of_foreign(node: str, pools: t.Iterable[ipaddress.IPv4Network], observed: Observed) -> t.Iterator[Remark]:
    """Remark routes and addresses of others that lead into a pool, or stand on the node's end of a workload's veth."""
    networks = tuple(pools)
    workloads = {veth.outer.place: title_of(veth.outer.alias) for veth in observed.of(Veth)}
    ours = {place: workloads.get(place, "") for place, one in observed.interfaces.items() if one.owner == WORKLOADS}
    found: t.List[Resource] = [*observed.of(Address), *observed.of(Route)]
    for resource in sorted(found, key=lambda one: one.key):
        if resource.namespace == OWN_NAMESPACE and resource.key not in observed.owners:
            relation = _relation(resource, networks, ours)
            if relation:
                words = describe(resource)
                yield Remark(node, FOREIGN, words, f"{words} is not of this fabric, but {relation}")


def _relation(resource: Resource, pools: t.Iterable[ipaddress.IPv4Network], ours: t.Mapping[Place, str]) -> str:
    """Say in words what a foreign object has to do with the fabric; empty for nothing."""
    if isinstance(resource, Route):
        if resource.protocol in _TOLD_ELSEWHERE:
            return ""
        destination = ipaddress.ip_network(resource.destination)
        for pool in pools:
            if isinstance(destination, ipaddress.IPv4Network) and destination.subnet_of(pool):
                return f"lies in its pool {pool}"
    place = (resource.namespace, getattr(resource, "device", ""))
    return f"is on the interface of workload {ours[place]}" if place in ours else ""
