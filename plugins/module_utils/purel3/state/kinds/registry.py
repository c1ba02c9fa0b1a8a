# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of objects: the one place that names them."""

from __future__ import annotations

import typing as t

from . import address, namespace, route, sysctl, table, tunnel, veth
from .kind import Kind, Place, Resource

KINDS: t.Mapping[str, Kind] = {
    kind.KIND.name: kind.KIND for kind in (namespace, table, veth, tunnel, address, sysctl, route)
}


def kind_of(resource: Resource) -> Kind:
    """The kind that an object is of."""
    return KINDS[resource.key[0]]


def describe(resource: Resource) -> str:
    """An object in one line, for example `route 10.244.1.2/32 dev cali9e48d9de449 scope link`."""
    return kind_of(resource).describe(resource)


def device_place(resource: Resource) -> t.Optional[Place]:
    """Namespace and name of the interface that an object hangs on; of a tunnel, its own."""
    return kind_of(resource).place(resource)
