# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the node answers ARP for the gateway of its workloads; without that, they reach nobody. Pure."""

from __future__ import annotations

import typing as t

from ..kernel.wire import Packet
from ..state.kinds.kind import Resource
from ..state.kinds.ownership import title_of
from ..state.kinds.registry import device_place, kind_of
from ..state.kinds.route import GATEWAY, GATEWAY_ROUTE, Route
from ..state.kinds.scope import OWN_NAMESPACE, TABLE_MAIN
from ..state.kinds.sysctl import Sysctl
from ..state.kinds.veth import Veth
from ..state.plan import Plan, Request
from .differences import WORKLOAD, Difference

_LISTED = 3


def packets_to_gateway(request: Request, plan: Plan) -> t.Dict[Packet, str]:
    """List what workloads send to their gateway, with their names; not those of which something is missing, as told."""
    subjects = [op.subject for op in plan]
    if any(_is_of_all(subject) for subject in subjects):
        return {}
    touched = {place for subject in subjects for place in (*kind_of(subject).places(subject), device_place(subject))}
    names = {
        resource.outer.device: title_of(resource.outer.alias)
        for resource in request.present.values()
        if isinstance(resource, Veth) and touched.isdisjoint((resource.outer.place, resource.inner.place))
    }
    return {
        Packet(GATEWAY, route.destination.partition("/")[0], route.device): names[route.device]
        for route in request.present.values()
        if isinstance(route, Route) and (route.namespace, route.table) == (OWN_NAMESPACE, TABLE_MAIN)
        if route.device in names
    }


def _is_of_all(subject: Resource) -> bool:
    return subject == GATEWAY_ROUTE or (isinstance(subject, Sysctl) and not subject.device)


def unanswered(node: str, names: t.Mapping[Packet, str], refused: t.Mapping[Packet, str]) -> t.Iterator[Difference]:
    """Turn the packets to the gateway that the kernel refuses into one difference for each reason that it gives."""
    by_reason: t.Dict[str, t.List[Packet]] = {}
    for packet in sorted(refused, key=lambda one: names[one]):
        by_reason.setdefault(refused[packet], []).append(packet)
    for reason, packets in sorted(by_reason.items()):
        whose = ", ".join(names[packet] for packet in packets[:_LISTED])
        if len(packets) > _LISTED:
            whose += f" and {len(packets) - _LISTED} more"
        first = packets[0]
        text = (
            f"the node does not answer ARP for {GATEWAY}, the gateway of {whose}, because its kernel knows no way "
            f"to it: {reason}; see ip rule, sysctl net.ipv4.conf.{first.device}.forwarding, and "
            f"ip route get {GATEWAY} from {first.source} iif {first.device}"
        )
        yield Difference(node, WORKLOAD, GATEWAY, "answered for", reason, text)
