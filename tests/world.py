# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's kernel as far as plans are concerned: it carries operations out one by one, and refuses what a kernel would.

It keeps the rules that make the order of operations matter: an interface must be there before its addresses, a next hop
before the routes through it; all that hangs on an interface goes with it; the last address takes the routes along. And
one rule that is ours: no tunnel is up without its guard.
"""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.encapsulation import guard
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.address import Address
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.kind import Key, Place, Resource
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.namespace import Namespace
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.ownership import (
    link_owner,
    recorded_addresses,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.registry import device_place
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.route import (
    PROTOCOL_KERNEL,
    SCOPE_LINK,
    UNICAST,
    Route,
    route_owner,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import OWN_NAMESPACE, TABLE_MAIN
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.sysctl import (
    Sysctl,
    proxy_arp,
    proxy_delay,
    rp_filter,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import MARK, OURS, Table
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.tunnel import Tunnel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.veth import Veth
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Interface, Observed, Op, Plan

FORWARDING = Sysctl(OWN_NAMESPACE, "net/ipv4/ip_forward", "0")


class Refused(Exception):
    """What this kernel says to an operation that makes no sense."""


class World:
    """A node; `bridges` are foreign interfaces, `paths` are namespaces without a name."""

    def __init__(self, *resources: Resource, bridges: t.Iterable[Place] = (), paths: t.Iterable[str] = ()) -> None:
        self.resources: t.Dict[Key, Resource] = {FORWARDING.key: FORWARDING}
        self.bridges = set(bridges)
        self.paths = set(paths)
        for resource in resources:
            self._add(resource)

    def copy(self) -> World:
        other = World(bridges=self.bridges, paths=self.paths)
        other.resources = dict(self.resources)
        return other

    def observed(self) -> Observed:
        """What a reader of everything would see."""
        names = [resource.name for resource in self._all(Namespace) if resource.is_whole]
        interfaces = {(name, "lo"): Interface(1, "", "", None) for name in [OWN_NAMESPACE, *names, *self.paths]}
        interfaces.update({place: Interface(2, "bridge", "", None) for place in self.bridges})
        for veth in self._all(Veth):
            interfaces.update({end.place: Interface(3, "veth", link_owner(end.group), veth.key) for end in veth})
        for tunnel in self._all(Tunnel):
            interfaces[(tunnel.namespace, tunnel.device)] = Interface(
                4, "ipip", link_owner(tunnel.group), None, tunnel.is_up
            )
        owners = {key: self._owner(resource) for key, resource in self.resources.items()}
        return Observed(
            dict(self.resources),
            {key: owner for key, owner in owners.items() if owner},
            interfaces,
            frozenset([OWN_NAMESPACE, *names, *self.paths]),
        )

    def apply(self, plan: Plan) -> None:
        for op in plan:
            self.carry_out(op)

    def carry_out(self, op: Op) -> None:
        if op.before is None:
            self._add(op.subject)
        elif op.after is None:
            self._delete(op.before)
        else:
            self._change(op.before, op.after)

    def _all(self, kind: t.Type[t.Any]) -> t.List[t.Any]:
        return [resource for resource in self.resources.values() if isinstance(resource, kind)]

    def _marks_of(self, place: t.Optional[Place]) -> t.Tuple[str, str]:
        for veth in self._all(Veth):
            for end in veth:
                if end.place == place:
                    return link_owner(end.group), end.alias
        for tunnel in self._all(Tunnel):
            if device_place(tunnel) == place:
                return link_owner(tunnel.group), tunnel.alias
        return "", ""

    def _owner(self, resource: Resource) -> str:
        if isinstance(resource, Namespace):
            return resource.owner
        if isinstance(resource, Veth):
            return link_owner(resource.outer.group)
        if isinstance(resource, Table):
            return OURS[resource.name].owner if any(known.comment == MARK for known in resource.sets) else ""
        owner, alias = self._marks_of(device_place(resource))
        if isinstance(resource, Address):
            return owner if resource.address in recorded_addresses(alias) else ""
        if isinstance(resource, Tunnel):
            return owner
        return route_owner(resource, owner, alias) if isinstance(resource, Route) else ""

    def _add(self, resource: Resource) -> None:
        if resource.key in self.resources and not self._is_replaceable(resource):
            raise Refused(f"{resource} is there already")
        place = device_place(resource)
        if place is not None and place not in self._places() and not isinstance(resource, Tunnel):
            raise Refused(f"{resource}: no such interface")
        if isinstance(resource, Veth):
            for end in resource:
                if end.namespace not in self.observed().namespaces or end.place in self._places():
                    raise Refused(f"{resource}: cannot be at {end.place}")
        if isinstance(resource, Route) and resource.gateway and not self._is_reachable(resource):
            raise Refused(f"{resource}: next hop is unreachable")
        self.resources[resource.key] = resource
        if isinstance(resource, Veth):
            for end in resource:
                for setting in (proxy_arp(*end.place, "0"), proxy_delay(*end.place, "80")):
                    self.resources[setting.key] = setting
        elif isinstance(resource, Tunnel):
            setting = rp_filter(resource.namespace, resource.device, "0")
            self.resources[setting.key] = setting

    def _is_replaceable(self, resource: Resource) -> bool:
        there = self.resources[resource.key]
        return isinstance(there, Sysctl) or (isinstance(there, Namespace) and not there.is_whole)

    def _places(self) -> t.Set[Place]:
        return set(self.observed().interfaces)

    def _is_reachable(self, route: Route) -> bool:
        gateway = ipaddress.ip_address(route.gateway)
        return route.is_onlink or any(
            other.namespace == route.namespace
            and other.kind == UNICAST
            and not other.gateway
            and gateway in ipaddress.ip_network(other.destination)
            for other in self._all(Route)
        )

    def _delete(self, resource: Resource) -> None:
        if self.resources.get(resource.key) != resource:
            raise Refused(f"{resource} is not there")
        del self.resources[resource.key]
        if isinstance(resource, Veth):
            for end in resource:
                self._clear(end.place)
        elif isinstance(resource, Namespace):
            for veth in self._all(Veth):
                if resource.name in (veth.outer.namespace, veth.inner.namespace):
                    self._delete(veth)
            for key, other in list(self.resources.items()):
                if not isinstance(other, (Namespace, Veth)) and other.namespace == resource.name:
                    del self.resources[key]
        elif isinstance(resource, Address):
            self._delete_with_address(resource)
        elif isinstance(resource, Table):
            self._check_guard()

    def _delete_with_address(self, address: Address) -> None:
        place = device_place(address)
        others = [other for other in self._all(Address) if device_place(other) == place]
        subnet = ipaddress.ip_interface(address.address).network
        for other in others:
            if ipaddress.ip_interface(other.address).network == subnet:
                raise Refused(f"{other} goes with {address}, whose secondary it is")
        if not others:
            for key, route in list(self.resources.items()):
                if isinstance(route, Route) and device_place(route) == place:
                    del self.resources[key]

    def _clear(self, place: Place) -> None:
        for key, resource in list(self.resources.items()):
            if device_place(resource) == place:
                del self.resources[key]

    def _change(self, before: Resource, after: Resource) -> None:
        if self.resources.get(before.key) != before or before.key != after.key:
            raise Refused(f"{before} is not there")
        self.resources[after.key] = after
        self._check_guard()

    def _check_guard(self) -> None:
        is_open = any(tunnel.is_up and link_owner(tunnel.group) for tunnel in self._all(Tunnel))
        if is_open and not any(table.name == guard.TABLE for table in self._all(Table)):
            raise Refused("a tunnel is open without its guard")


def foreign_route(namespace: str, destination: str, device: str) -> Route:
    return Route(namespace, TABLE_MAIN, destination, 0, UNICAST, "", device, SCOPE_LINK, PROTOCOL_KERNEL)
