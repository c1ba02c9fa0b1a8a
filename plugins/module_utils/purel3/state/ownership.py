# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marks by which this collection knows its own objects; everything else is foreign.

Interfaces bear a group from the moment they are created, and an alias that records whose they are and which addresses
came with them; tunl0, which the kernel makes, bears both while we use it. Namespaces bear an alias on their loopback,
set before they get a name. Routes bear a protocol number, except those of workloads, which must look as Calico's do:
they are ours when their device is ours and their destination is recorded in its alias. A table of nftables bears a
comment on its set.
"""

from __future__ import annotations

import typing as t

from .model import SCOPE_LINK, TABLE_DEFAULT, UNICAST, Route

WORKLOADS = "workloads"
OBJECTS = "objects"
TUNNELS = "tunnels"

WORKLOAD_GROUP = 28723
OBJECT_GROUP = 28724
DOOMED_GROUP = 28725
TUNNEL_GROUP = 28726
ROUTE_PROTOCOL = 112

GATEWAY = "169.254.1.1"
GATEWAY_HOST = GATEWAY + "/32"
DEFAULT_DESTINATION = "0.0.0.0/0"
GATEWAY_ROUTE = Route("", TABLE_DEFAULT, GATEWAY_HOST, 0, UNICAST, "", "lo", SCOPE_LINK, ROUTE_PROTOCOL)

TUNNEL_MODULE = "ipip"
# What hands BIRD's routes to the kernel, in a BIRD with our configuration.
KERNEL_PROTOCOL = "fabric_kernel"
TUNNEL_DEVICE = "tunl0"
TABLE_COMMENT = "purel3.fabric"

ALIAS_LENGTH = 255
_STICKY = 0o1000
_WRITABLE = 0o200
_ALIAS_START = "purel3 "
_OWNER_OF_GROUP = {
    WORKLOAD_GROUP: WORKLOADS,
    DOOMED_GROUP: WORKLOADS,
    OBJECT_GROUP: OBJECTS,
    TUNNEL_GROUP: TUNNELS,
}


def link_owner(group: int) -> str:
    """Tell whose an interface is.

    Args:
        group: its interface group.

    Returns:
        WORKLOADS, OBJECTS, TUNNELS, or empty for a foreign one.
    """
    return _OWNER_OF_GROUP.get(group, "")


def namespace_mark(owner: str) -> str:
    """Make the alias that a namespace's loopback bears.

    Args:
        owner: WORKLOADS or OBJECTS.

    Returns:
        The alias.
    """
    return _ALIAS_START + owner


def placeholder_mode(owner: str) -> int:
    """Make the mode of the file that a namespace is bound to, which shows when that has been undone.

    The sticky bit means nothing on a file; it and the user's bits outlast any umask.

    Args:
        owner: WORKLOADS or OBJECTS.

    Returns:
        The mode.
    """
    return _STICKY | 0o444 | (_WRITABLE if owner == OBJECTS else 0)


def placeholder_owner(mode: int) -> str:
    """Tell whose a placeholder is.

    Args:
        mode: of the file.

    Returns:
        WORKLOADS, OBJECTS, or empty for a foreign one.
    """
    if not mode & _STICKY:
        return ""
    return OBJECTS if mode & _WRITABLE else WORKLOADS


def namespace_owner(loopback_alias: str) -> str:
    """Tell whose a namespace is.

    Args:
        loopback_alias: the alias of its loopback.

    Returns:
        WORKLOADS, OBJECTS, or empty for a foreign one.
    """
    for owner in (WORKLOADS, OBJECTS):
        if loopback_alias == namespace_mark(owner):
            return owner
    return ""


def link_mark(title: str, addresses: t.Iterable[str]) -> str:
    """Make the alias that an interface of ours bears.

    Args:
        title: what the interface is for, one word: a workload's name.
        addresses: the addresses (with prefix length) that came with it.

    Returns:
        The alias.
    """
    return f"{_ALIAS_START}{title} {','.join(sorted(addresses))}".rstrip()


def title_of(alias: str) -> str:
    """Read what an interface of ours is for.

    Args:
        alias: as link_mark made it.

    Returns:
        The title; empty where there is none.
    """
    return alias[len(_ALIAS_START) :].partition(" ")[0] if alias.startswith(_ALIAS_START) else ""


def recorded_addresses(alias: str) -> t.FrozenSet[str]:
    """Read which addresses came with an interface of ours.

    Args:
        alias: as link_mark made it.

    Returns:
        Addresses with prefix length.
    """
    if not alias.startswith(_ALIAS_START):
        return frozenset()
    return frozenset(alias[len(_ALIAS_START) :].partition(" ")[2].split(",")) - {""}


def route_owner(route: Route, device_owner: str, device_alias: str) -> str:
    """Tell whose a route is.

    Args:
        route: the route.
        device_owner: whose its device is; empty for a foreign one or none.
        device_alias: the alias of its device.

    Returns:
        WORKLOADS, OBJECTS, or empty for a foreign one.
    """
    if route == GATEWAY_ROUTE:
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
