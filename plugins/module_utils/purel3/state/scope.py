# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the kernel's network has to be read for a request."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from .model import (
    GUARD,
    OWN_NAMESPACE,
    ROUTE,
    TABLE_DEFAULT,
    TABLE_MAIN,
    UNSEEN_NAMESPACE,
    Guard,
    Namespace,
    Place,
    Resource,
    Route,
    RouteKey,
    Sysctl,
    Veth,
    device_place,
    proxy_arp,
    proxy_delay,
)

if t.TYPE_CHECKING:
    from .plan import Request


@dataclass(frozen=True)
class Scope:
    """What to read; the own namespace is always read.

    Args:
        references: other namespaces: names in /run/netns, or absolute paths.
        has_every_own: also read every named namespace that bears a mark of ours.
        viewers: namespaces in which outer ends of veth pairs and routes of other tables are looked for.
        tables: numbers of the routing tables to read there; elsewhere it is the main one.
        sysctls: namespace and path of each setting to read.
        devices: interfaces of the own namespace to read; None for all.
        follows_pairs: also read the named namespaces in which pairs of ours end, so that a deleted one can be put back.
        has_guard: also read the guard of tunnels.
    """

    references: t.FrozenSet[str] = frozenset()
    has_every_own: bool = False
    viewers: t.FrozenSet[str] = frozenset((OWN_NAMESPACE,))
    tables: t.FrozenSet[int] = frozenset((TABLE_MAIN,))
    sysctls: t.FrozenSet[t.Tuple[str, str]] = frozenset()
    devices: t.Optional[t.FrozenSet[str]] = None
    follows_pairs: bool = False
    has_guard: bool = False

    def joined(self, other: Scope) -> Scope:
        """Join two scopes.

        Args:
            other: another scope.

        Returns:
            A scope that reads what either reads.
        """
        return Scope(
            self.references | other.references,
            self.has_every_own or other.has_every_own,
            self.viewers | other.viewers,
            self.tables | other.tables,
            self.sysctls | other.sysctls,
            None if self.devices is None or other.devices is None else self.devices | other.devices,
            self.follows_pairs or other.follows_pairs,
            self.has_guard or other.has_guard,
        )


def scope_of(resources: t.Iterable[Resource]) -> Scope:
    """Find what has to be read to see some objects.

    Args:
        resources: the objects, as wanted or as they were.

    Returns:
        The scope.
    """
    references: t.Set[str] = set()
    viewers = {OWN_NAMESPACE}
    tables = {TABLE_MAIN}
    sysctls: t.Set[t.Tuple[str, str]] = set()
    has_guard = False
    for resource in resources:
        if isinstance(resource, Namespace):
            references.add(resource.name)
        elif isinstance(resource, Guard):
            has_guard = True
        elif isinstance(resource, Veth):
            references.update((resource.inner.namespace, resource.outer.namespace))
            viewers.add(resource.outer.namespace)
            sysctls.update(settings_lost_with(resource.outer.place))
        else:
            references.add(resource.namespace)
        if isinstance(resource, Route) and resource.table != TABLE_MAIN:
            tables.add(resource.table)
            viewers.add(resource.namespace)
        elif isinstance(resource, Sysctl):
            sysctls.add((resource.namespace, resource.path))
    references -= {OWN_NAMESPACE, UNSEEN_NAMESPACE}
    return Scope(
        frozenset(references), False, frozenset(viewers), frozenset(tables), frozenset(sysctls), has_guard=has_guard
    )


def narrow_scope_of(resources: t.Sequence[Resource]) -> Scope:
    """Find what has to be read to see some objects and no others of the own namespace.

    Args:
        resources: the objects, as wanted or as they were.

    Returns:
        The scope; too narrow to plan additions, because the numbers that interfaces have already are not read.
    """
    places = [end.place for veth in resources if isinstance(veth, Veth) for end in veth]
    places += [place for place in map(device_place, resources) if place is not None]
    devices = frozenset(device for namespace, device in places if namespace == OWN_NAMESPACE)
    return replace(scope_of(resources), devices=devices)


def settings_lost_with(place: Place) -> t.Iterator[t.Tuple[str, str]]:
    """Find the settings of ours that go with an interface, and must come back if its deletion is undone.

    Args:
        place: namespace and interface name.

    Yields:
        Namespace and path.
    """
    for setting in (proxy_arp(*place, ""), proxy_delay(*place, "")):
        yield setting.namespace, setting.path


def scope_of_request(request: Request) -> Scope:
    """Find what has to be read to plan a request.

    Args:
        request: what should be so.

    Returns:
        The scope.
    """
    scope = scope_of(request.present.values())
    places = {place[0] for place in request.absent_interfaces}
    namespaces = {key[1] for key in request.absent} | places
    viewers = set(places)
    tables = set()
    sysctls = frozenset(setting for place in request.absent_interfaces for setting in settings_lost_with(place))
    for key in request.absent:
        if key[0] == ROUTE:
            viewers.add(key[1])
            tables.add(t.cast(RouteKey, key)[2])
    if request.purges:
        tables.add(TABLE_DEFAULT)
    return scope.joined(
        Scope(
            frozenset(namespaces - {OWN_NAMESPACE}),
            bool(request.purges),
            frozenset(viewers),
            frozenset(tables),
            sysctls,
            follows_pairs=bool(request.purges or request.absent_interfaces) or _has_veth(request),
            has_guard=any(key[0] == GUARD for key in request.absent),
        )
    )


def _has_veth(request: Request) -> bool:
    return any(isinstance(wanted, Veth) for wanted in request.present.values())
