# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From routes given as options to objects in the kernel."""

from __future__ import annotations

import ipaddress
import typing as t

from ..base.errors import InvalidInput
from ..state.kinds.kind import Key, name_of
from ..state.kinds.route import (
    ROUTE_PROTOCOLS,
    ROUTE_SCOPES,
    ROUTE_TABLES,
    ROUTE_TYPES,
    SCOPE_GLOBAL,
    SCOPE_LINK,
    UNICAST,
    Route,
)
from ..state.plan import Request
from ..values.names import fault_of_device, is_decimal

_TABLE_MAXIMUM = 2**32 - 1
_METRIC_MAXIMUM = 2**32 - 1
_BYTE_MAXIMUM = 255
_DEFAULTS = {4: "0.0.0.0/0", 6: "::/0"}

Options = t.Mapping[str, t.Any]


def to_request(routes: t.Sequence[Options], namespace: str, is_present: bool) -> Request:
    """Work out which routes should be there, or not, from options of the module route; raises InvalidInput.

    The namespace is as in veth.End.
    """
    faults: t.List[str] = []
    wanted: t.Dict[Key, Route] = {}
    for options in routes:
        try:
            route = _route(options, namespace, is_present)
        except InvalidInput as error:
            faults.extend(f"route {options['destination']}: {fault}" for fault in error.faults)
            continue
        if route.key in wanted:
            faults.append(f"route {options['destination']}: is listed twice with metric {route.metric}; list it once")
        wanted[route.key] = route
    if faults:
        raise InvalidInput(faults)
    protocols = frozenset(route.protocol for route in wanted.values())
    if not is_present:
        return Request({}, absent=frozenset(wanted), protocols=protocols)
    return Request(dict(wanted), protocols=protocols)


def _route(options: Options, namespace: str, is_present: bool) -> Route:
    faults: t.List[str] = []
    destination = _destination(options["destination"], options["gateway"], faults)
    kind = ROUTE_TYPES[options["type"]]
    gateway, device = options["gateway"] or "", options["device"] or ""
    if is_present:
        faults.extend(_faults_of_way(kind, gateway, device, destination))
    scope = SCOPE_LINK if kind == UNICAST and not gateway else SCOPE_GLOBAL
    if options["scope"] is not None:
        scope = _number("scope", options["scope"], ROUTE_SCOPES, _BYTE_MAXIMUM, faults)
    metric = options["metric"]
    if not 0 <= metric <= _METRIC_MAXIMUM:
        faults.append(f"metric {metric} is not between 0 and {_METRIC_MAXIMUM}")
    table = _number("table", options["table"], ROUTE_TABLES, _TABLE_MAXIMUM, faults)
    protocol = _number("protocol", options["protocol"], ROUTE_PROTOCOLS, _BYTE_MAXIMUM, faults)
    if faults:
        raise InvalidInput(faults)
    return Route(namespace, table, destination, metric, kind, gateway, device, scope, protocol, bool(options["onlink"]))


def _destination(text: str, gateway: t.Optional[str], faults: t.List[str]) -> str:
    if text == "default":
        return _DEFAULTS[6 if gateway and ":" in gateway else 4]
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        faults.append(f"{error}; give a network such as 10.244.0.0/26, an address, or default")
        return ""
    if network.version == 6:
        faults.append("IPv6 routes are not managed yet; give an IPv4 network")
    return str(network)


def _faults_of_way(kind: int, gateway: str, device: str, destination: str) -> t.Iterator[str]:
    if kind != UNICAST:
        if gateway or device:
            yield "a route that discards has neither gateway nor device; leave them out, or set type to unicast"
        return
    if not device:
        yield "a unicast route needs a device; name the interface"
    elif fault_of_device(device):
        yield fault_of_device(device)
    if gateway:
        try:
            ipaddress.IPv4Address(gateway)
        except ValueError:
            yield f"gateway {gateway} is not an IPv4 address without prefix length"


def _number(what: str, text: str, names: t.Mapping[str, int], maximum: int, faults: t.List[str]) -> int:
    if text in names:
        return names[text]
    if is_decimal(text) and 0 < int(text) <= maximum:
        return int(text)
    faults.append(f"{what} {text!r} is none of {', '.join(sorted(names))}, nor a number from 1 to {maximum}")
    return 0


def table_from(text: str) -> int:
    """Read the name or number of a table given as an option; raises InvalidInput where it is neither."""
    faults: t.List[str] = []
    number = _number("table", text, ROUTE_TABLES, _TABLE_MAXIMUM, faults)
    if faults:
        raise InvalidInput(faults)
    return number


def to_options(route: Route) -> t.Dict[str, t.Any]:
    """Describe a route by the options of the module route that would make it."""
    return {
        "destination": route.destination,
        "type": name_of(route.kind, ROUTE_TYPES),
        "gateway": route.gateway,
        "device": route.device,
        "onlink": route.is_onlink,
        "scope": name_of(route.scope, ROUTE_SCOPES),
        "metric": route.metric,
        "table": name_of(route.table, ROUTE_TABLES),
        "protocol": name_of(route.protocol, ROUTE_PROTOCOLS),
    }
