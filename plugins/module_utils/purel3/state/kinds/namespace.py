# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named network namespaces: files in /run/netns.

They bear an alias on their loopback, set before they get a name. The file itself shows when a namespace of ours is not
bound to it (any more): by the sticky bit, which means nothing on a file, and outlasts any umask as the user's bits do.
"""

from __future__ import annotations

import typing as t

from ...kernel import wire
from .kind import Found, KernelStep, Key, Kind, Numbers, Resource
from .ownership import ALIAS_START, OBJECTS, WORKLOADS

if t.TYPE_CHECKING:
    from ..plan import Comparer

NAMESPACE = "namespace"

_STICKY = 0o1000
_WRITABLE = 0o200


class Namespace(t.NamedTuple):
    """A named network namespace.

    name: the file's name.
    owner: whose mark it bears; empty for a foreign one.
    is_whole: False for a placeholder of ours that holds no namespace, which an interrupted run left.
    """

    name: str
    owner: str
    is_whole: bool = True

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


def namespace_owner(loopback_alias: str) -> str:
    """Whose a namespace is: WORKLOADS, OBJECTS, or empty for a foreign one."""
    return next((owner for owner in (WORKLOADS, OBJECTS) if loopback_alias == namespace_mark(owner)), "")


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


def _is_whole(resource: Resource) -> bool:
    return isinstance(resource, Namespace) and resource.is_whole


def _found(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    for name in found.names:
        yield name, name.owner if isinstance(name, Namespace) else ""


def _write(_before: t.Optional[Namespace], after: t.Optional[Namespace], _numbers: Numbers) -> t.Iterator[KernelStep]:
    """The writer itself makes a namespace, enters and names it, and takes its name away: this only marks it."""
    if after is not None:
        yield KernelStep(after.name, wire.set_link(wire.LOOPBACK_INDEX, is_up=True, alias=namespace_mark(after.owner)))


KIND = Kind(
    NAMESPACE,
    0,
    lambda namespace: f"netns {namespace.name}",
    _found,
    _write,
    compare=_compare,
    is_last=True,
    is_whole=_is_whole,
    folds_into=lambda namespace: (namespace.name, ""),
)
