# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects in words: one line each, as their user would say it."""

from __future__ import annotations

from .model import (
    PROTOCOL_BOOT,
    ROUTE_PROTOCOLS,
    ROUTE_SCOPES,
    ROUTE_TABLES,
    ROUTE_TYPES,
    SCOPE_GLOBAL,
    TABLE_MAIN,
    UNICAST,
    Address,
    Guard,
    Namespace,
    Resource,
    Route,
    Sysctl,
    Tunnel,
    Veth,
    name_of,
    place_in_words,
)
from .ownership import OBJECT_GROUP, recorded_addresses, title_of


def describe(resource: Resource) -> str:
    """Describe an object in one line.

    Args:
        resource: the object.

    Returns:
        For example `route 10.244.1.2/32 dev cali9e48d9de449 scope link`.
    """
    if isinstance(resource, Namespace):
        return f"netns {resource.name}"
    if isinstance(resource, Veth):
        return _describe_veth(resource)
    if isinstance(resource, Guard):
        count = len(resource.endpoints)
        return f"guard of tunnels for {count} endpoint{'' if count == 1 else 's'}"
    if isinstance(resource, Tunnel):
        words = _describe_tunnel(resource)
    elif isinstance(resource, Address):
        words = f"address {resource.address} dev {resource.device}"
    elif isinstance(resource, Sysctl):
        words = f"sysctl {resource.path.replace('/', '.')} = {resource.value}"
    else:
        words = _describe_route(resource)
    where = place_in_words(resource.namespace)
    return f"{words} {where}" if where else words


def _describe_veth(veth: Veth) -> str:
    inner = f"{veth.inner.device} {place_in_words(veth.inner.namespace)}".rstrip()
    title = title_of(veth.outer.alias)
    if title and veth.outer.group != OBJECT_GROUP:
        addresses = ",".join(sorted(recorded_addresses(veth.outer.alias)))
        is_plain = veth.inner.namespace == title
        return f"workload {title}  {addresses}  {veth.outer.device} -> {veth.inner.device if is_plain else inner}"
    outer = f"{veth.outer.device} {place_in_words(veth.outer.namespace)}".rstrip()
    return f"veth {outer} -> {inner}"


def _describe_tunnel(tunnel: Tunnel) -> str:
    addresses = ",".join(sorted(recorded_addresses(tunnel.alias)))
    state = "up" if tunnel.is_up else "down"
    return f"tunnel {tunnel.device}{f'  {addresses} ' if addresses else ''} mtu {tunnel.mtu} {state}"


def _describe_route(route: Route) -> str:
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
    return words + (" onlink" if route.is_onlink else "")
