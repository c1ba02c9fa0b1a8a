# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a part of the fabric file is: some of its keys, with their form, their sense, and the variables they become."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ...lab.base.backend import Backend
from ..file.report import Report
from ..file.section import Section

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric

Variables = t.Dict[str, t.Any]
ByNode = t.Mapping[str, Variables]


@dataclass(frozen=True)
class Draft:
    """A fabric file as far as it could be read.

    fabric: what it declares, without the objects that could not be read.
    lab_name: the lab's name where the file gives none.
    computed: the variables that parts make, which are not the user's to set.
    backends: of labs, the default first.
    """

    file: Section
    fabric: Fabric
    lab_name: str
    computed: t.Collection[str]
    backends: t.Sequence[Backend]

    @property
    def node_names(self) -> t.AbstractSet[str]:
        """All nodes, also those that could not be read."""
        return self.file.mapping("nodes").keys()


def _declare_nothing(draft: Draft) -> Fabric:
    return draft.fabric


def _find_nothing(draft: Draft, report: Report) -> None:
    """No fault."""


def _make_nothing(checked: CheckedFabric) -> Variables:
    return {}


class Part(t.NamedTuple):
    """One topic of the fabric file; what it has no need of is left out.

    keys: those of the file that are its own.
    read: adds to the draft's fabric what they declare; parts before it in the table have added theirs.
    check: finds what cannot be true of all objects together.
    by_node: variables of each node by its name, over those of the parts before it.
    of_nodes: variables of the group fabric.
    of_all: variables of the group all.
    variables: the names of these that no node may set itself.
    large: further ones, which grow with the fabric. On every host they would be N² values, so one host holds them.
    is_allocated: a file that has such a key has allocations of its own, also where it extends another one.
    """

    keys: t.Tuple[str, ...]
    read: t.Callable[[Draft], Fabric] = _declare_nothing
    check: t.Callable[[Draft, Report], None] = _find_nothing
    by_node: t.Callable[[CheckedFabric], ByNode] = _make_nothing
    of_nodes: t.Callable[[CheckedFabric], Variables] = _make_nothing
    of_all: t.Callable[[CheckedFabric], Variables] = _make_nothing
    variables: t.Tuple[str, ...] = ()
    large: t.Tuple[str, ...] = ()
    is_allocated: bool = False


def as_one_value(items: t.Iterable[t.Mapping[str, str]]) -> t.Union[str, t.List[str]]:
    """Write a list of mappings as the text that a module's option takes as well as the list.

    Every node is handed the whole of it, and Ansible looks for templates in each value of a list, for each host again.
    """
    return ",".join(" ".join(f"{key}={value}" for key, value in item.items()) for item in items) or []
