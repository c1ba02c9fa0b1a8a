# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the kernel's network has to be read for a request."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .kinds.kind import Resource
from .kinds.registry import KINDS, device_place, kind_of
from .kinds.scope import OWN_NAMESPACE, TABLE_DEFAULT, TABLE_LOCAL, Gathering, Scope
from .kinds.table import gather_all_of
from .kinds.veth import settings_lost_with

if t.TYPE_CHECKING:
    from .plan import Request


def scope_of(resources: t.Iterable[Resource]) -> Scope:
    """What has to be read to see some objects, as wanted or as they were."""
    return _gathered(resources).scope()


def _gathered(resources: t.Iterable[Resource]) -> Gathering:
    gathering = Gathering()
    for resource in resources:
        kind_of(resource).gather(gathering, resource)
    return gathering


def narrow_scope_of(resources: t.Sequence[Resource]) -> Scope:
    """What has to be read to see some objects and no others of the own namespace.

    Too narrow to plan additions, because the numbers that interfaces have already are not read.
    """
    places = [place for resource in resources for place in kind_of(resource).places(resource)]
    places += [place for place in map(device_place, resources) if place is not None]
    devices = frozenset(device for namespace, device in places if namespace == OWN_NAMESPACE)
    return replace(scope_of(resources), devices=devices)


def scope_of_request(request: Request) -> Scope:
    """What has to be read to plan a request."""
    gathering = _gathered(request.present.values())
    for key in request.absent:
        KINDS[key[0]].gather_key(gathering, key)
    for place in request.absent_interfaces:
        gathering.references.add(place[0])
        gathering.viewers.add(place[0])
        gathering.sysctls.update(settings_lost_with(place))
    if request.purges:
        gathering.tables.update((TABLE_LOCAL, TABLE_DEFAULT))
        gather_all_of(gathering, request.purges)
    has_pairs = any(kind_of(wanted).places(wanted) for wanted in request.present.values())
    return gathering.scope(
        has_every_own=bool(request.purges),
        follows_pairs=bool(request.purges or request.absent_interfaces or has_pairs),
    )
