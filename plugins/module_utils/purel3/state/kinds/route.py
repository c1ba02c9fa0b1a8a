# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes.

Those of workloads bear no number of ours, since they must look as Calico's do: they are ours when their device is ours
and their destination is recorded in its alias. All others of ours bear route protocol 112.
"""

from __future__ import annotations

import typing as t

from ...kernel import records, wire
from .kind import Dump, Found, KernelStep, Key, Kind, Numbers, Place, Resource, name_of, words_in_place
from .ownership import OBJECTS, WORKLOADS, link_owner, recorded_addresses
from .scope import TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN, Gathering

ROUTE = "route"
ROUTE_PROTOCOL = 112

UNICAST = 1
BLACKHOLE = 6
UNREACHABLE = 7
PROHIBIT = 8
ROUTE_TYPES = {"unicast": UNICAST, "blackhole": BLACKHOLE, "unreachable": UNREACHABLE, "prohibit": PROHIBIT}

SCOPE_GLOBAL = 0
SCOPE_LINK = 253
ROUTE_SCOPES = {"global": SCOPE_GLOBAL, "site": 200, "link": SCOPE_LINK, "host": 254}

PROTOCOL_KERNEL = 2
PROTOCOL_BOOT = 3
ROUTE_PROTOCOLS = {"kernel": PROTOCOL_KERNEL, "boot": PROTOCOL_BOOT, "static": 4, "zebra": 11, "bird": 12, "dhcp": 16}

ROUTE_TABLES = {"main": TABLE_MAIN, "default": TABLE_DEFAULT, "local": TABLE_LOCAL}


class Route(t.NamedTuple):
    """A route; an empty gateway or device is none.

    destination: CIDR.
    metric: priority; 0 for none.
    kind: RTN_* number, see ROUTE_TYPES.
    scope: RT_SCOPE_* number.
    protocol: RTPROT_* number, 0 to 255.
    is_onlink: the next hop counts as directly connected.
    is_simple: False for multipath routes and next hop objects, which are never ours.
    """

    namespace: str
    table: int
    destination: str
    metric: int
    kind: int
    gateway: str
    device: str
    scope: int
    protocol: int
    is_onlink: bool = False
    is_simple: bool = True

    @property
    def key(self) -> Key:
        """The kernel's identity of it."""
        return (ROUTE, self.namespace, self.table, self.destination, self.metric)


GATEWAY = "169.254.1.1"
GATEWAY_HOST = GATEWAY + "/32"
DEFAULT_DESTINATION = "0.0.0.0/0"
# The kernel looks into `local` first: no route of `main` hides it, and no rule is needed for it.
GATEWAY_ROUTE = Route("", TABLE_LOCAL, GATEWAY_HOST, 0, UNICAST, "", "lo", SCOPE_LINK, ROUTE_PROTOCOL)
# Where it stood once, and any default route of `main` hid it.
FORMER_GATEWAY_ROUTE = GATEWAY_ROUTE._replace(table=TABLE_DEFAULT)


def route_owner(route: Route, device_owner: str, device_alias: str) -> str:
    """Whose a route is, given owner and alias of its device: WORKLOADS, OBJECTS, or empty for a foreign one."""
    if route in (GATEWAY_ROUTE, FORMER_GATEWAY_ROUTE):
        return WORKLOADS
    if route.protocol == ROUTE_PROTOCOL:
        return OBJECTS
    if device_owner != WORKLOADS or not route.is_simple:
        return ""
    if route.destination in recorded_addresses(device_alias):
        return WORKLOADS
    is_way_out = route.destination == GATEWAY_HOST or (
        route.destination == DEFAULT_DESTINATION and route.gateway == GATEWAY
    )
    return WORKLOADS if is_way_out else ""


def _place(route: Route) -> t.Optional[Place]:
    return (route.namespace, route.device) if route.device else None


def _describe(route: Route) -> str:
    kind = "" if route.kind == UNICAST else f"{name_of(route.kind, ROUTE_TYPES)} "
    destination = "default" if route.destination in ("0.0.0.0/0", "::/0") else route.destination
    words = f"route {kind}{destination}"
    if route.gateway:
        words += f" via {route.gateway}"
    if route.device:
        words += f" dev {route.device}"
    if route.table != TABLE_MAIN:
        words += f" table {name_of(route.table, ROUTE_TABLES)}"
    if route.protocol != PROTOCOL_BOOT:
        words += f" proto {name_of(route.protocol, ROUTE_PROTOCOLS)}"
    if route.scope != SCOPE_GLOBAL:
        words += f" scope {name_of(route.scope, ROUTE_SCOPES)}"
    if route.metric:
        words += f" metric {route.metric}"
    if not route.is_simple:
        words += " multipath"
    return words_in_place(words + (" onlink" if route.is_onlink else ""), route.namespace)


def _is_named(route: Route, protocols: t.Container[int]) -> bool:
    return route.is_simple and route.protocol in protocols


def _gather(gathering: Gathering, route: Route) -> None:
    gathering.references.add(route.namespace)
    if route.table != TABLE_MAIN:
        gathering.tables.add(route.table)
        gathering.viewers.add(route.namespace)


def _gather_key(gathering: Gathering, key: Key) -> None:
    gathering.references.add(key[1])
    gathering.tables.add(key[2])
    gathering.viewers.add(key[1])


def _dumps(tables: t.Iterable[int]) -> t.Iterator[Dump]:
    for table in sorted(tables):
        yield Dump(wire.dump_routes(table=table), records.parse_route)


def _found(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    for reference, content in found.contents.items():
        for record in content.dumps.get(ROUTE, ()):
            link = content.links.get(record.ifindex)
            route = Route(
                reference, record.table, record.destination, record.metric, record.kind, record.gateway,
                link.name if link else "", record.scope, record.protocol, record.is_onlink, record.is_simple,
            )  # fmt: skip
            owner, alias = (link_owner(link.group), link.alias) if link else ("", "")
            yield route, route_owner(route, owner, alias)


def _write(before: t.Optional[Route], after: t.Optional[Route], numbers: Numbers) -> t.Iterator[KernelStep]:
    if after is None:
        if before is not None:
            yield KernelStep(before.namespace, wire.delete_route(_record(before, numbers)))
    else:
        message = wire.add_route if before is None else wire.replace_route
        yield KernelStep(after.namespace, message(_record(after, numbers)))


def _record(route: Route, numbers: Numbers) -> records.RouteRecord:
    ifindex = numbers.ifindexes[(route.namespace, route.device)] if route.device else 0
    return records.RouteRecord(
        route.table, route.destination, route.metric, route.kind, route.gateway, ifindex, route.scope,
        route.protocol, route.is_onlink, route.is_simple,
    )  # fmt: skip


KIND = Kind(
    ROUTE,
    5,
    _describe,
    _found,
    _write,
    # A next hop must be reachable before a route can name it.
    is_late=lambda route: bool(route.gateway),
    is_named=_is_named,
    comes_along=lambda route: bool(route.protocol == PROTOCOL_KERNEL),
    place=_place,
    gather=_gather,
    gather_key=_gather_key,
    dumps=_dumps,
)
