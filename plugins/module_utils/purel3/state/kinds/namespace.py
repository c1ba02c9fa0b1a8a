# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named network namespaces: files in /run/netns.

Their loopback bears an alias and a group, set before they get a name; either is enough, so that one that somebody takes
away can be put back. The file itself shows when a namespace of ours is not
bound to it (any more): by the sticky bit, which means nothing on a file, and outlasts any umask as the user's bits do.
"""

from __future__ import annotations

import typing as t

from ...kernel import wire
from ...kernel.records import LinkRecord
from .kind import Found, KernelStep, Key, Kind, Numbers, Resource
from .ownership import ALIAS_START, OBJECT_GROUP, OBJECTS, WORKLOAD_GROUP, WORKLOADS

if t.TYPE_CHECKING:
    from ..plan import Comparer

NAMESPACE = "namespace"

_GROUPS = {WORKLOADS: WORKLOAD_GROUP, OBJECTS: OBJECT_GROUP}
_STICKY = 0o1000
_WRITABLE = 0o200


class Namespace(t.NamedTuple):
    """A named network namespace.

    name: the file's name.
    owner: whose mark it bears; empty for a foreign one.
    is_whole: False for a placeholder of ours that holds no namespace, which an interrupted run left.
    is_up: whether its loopback is.
    has_alias, has_group: which of the two marks its loopback bears.
    """

    name: str
    owner: str
    is_whole: bool = True
    is_up: bool = True
    has_alias: bool = True
    has_group: bool = True

    @property
    def key(self) -> Key:
        """The kernel's identity of it."""
        return (NAMESPACE, self.name)

    @property
    def namespace(self) -> str:
        """It is worked on from inside."""
        return self.name


def namespace_mark(owner: str) -> str:
    """The alias that a namespace's loopback bears; its owner is WORKLOADS or OBJECTS."""
    return ALIAS_START + owner


def namespace_from(name: str, loopback: LinkRecord) -> Namespace:
    """A namespace as its loopback shows it."""
    told = next((owner for owner in _GROUPS if loopback.alias == namespace_mark(owner)), "")
    grouped = next((owner for owner, group in _GROUPS.items() if loopback.group == group), "")
    owner = told or grouped
    return Namespace(name, owner, True, loopback.is_up, told == owner, grouped == owner)


def placeholder_mode(owner: str) -> int:
    """The mode of the file that a namespace is bound to; its owner is WORKLOADS or OBJECTS."""
    return _STICKY | 0o444 | (_WRITABLE if owner == OBJECTS else 0)


def placeholder_owner(mode: int) -> str:
    """Whose a placeholder is: WORKLOADS, OBJECTS, or empty for a foreign one."""
    if not mode & _STICKY:
        return ""
    return OBJECTS if mode & _WRITABLE else WORKLOADS


def _compare(comparer: Comparer, wanted: Namespace) -> None:
    actual = comparer.observed.resources.get(wanted.key)
    if actual is None or not _is_whole(actual):
        comparer.build(None, wanted)
    elif isinstance(actual, Namespace) and actual.owner == wanted.owner and actual != wanted:
        comparer.build(actual, wanted)


def _describe(namespace: Namespace) -> str:
    lacks = [
        *([] if namespace.is_up else ["lo down"]),
        *([] if namespace.has_alias else ["lo without our alias"]),
        *([] if namespace.has_group else ["lo without our group"]),
    ]
    return "  ".join([f"netns {namespace.name}", *(lacks if namespace.owner else ())])


def _is_whole(resource: Resource) -> bool:
    return isinstance(resource, Namespace) and resource.is_whole


def _found(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    for name in found.names:
        yield name, name.owner if isinstance(name, Namespace) else ""


def _write(_before: t.Optional[Namespace], after: t.Optional[Namespace], _numbers: Numbers) -> t.Iterator[KernelStep]:
    """The writer itself makes a namespace, enters and names it, and takes its name away: this only marks it."""
    if after is not None:
        alias = namespace_mark(after.owner) if after.has_alias else ""
        group = _GROUPS[after.owner] if after.has_group else 0
        yield KernelStep(after.name, wire.set_link(wire.LOOPBACK_INDEX, is_up=after.is_up, alias=alias, group=group))


KIND = Kind(
    NAMESPACE,
    0,
    _describe,
    _found,
    _write,
    compare=_compare,
    is_last=True,
    is_whole=_is_whole,
    folds_into=lambda namespace: (namespace.name, ""),
)
