# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be read: namespaces, routing tables, settings, interfaces, tables of nftables."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

OWN_NAMESPACE = ""
UNSEEN_NAMESPACE = "?"

TABLE_MAIN = 254
TABLE_DEFAULT = 253
TABLE_LOCAL = 255


@dataclass(frozen=True)
class Scope:
    """What to read; the own namespace is always read.

    references: other namespaces: names in /run/netns, or absolute paths.
    has_every_own: also read every named namespace that bears a mark of ours.
    viewers: namespaces in which outer ends of veth pairs and routes of other tables are looked for.
    tables: numbers of the routing tables to read there; elsewhere it is the main one.
    sysctls: namespace and path of each setting to read.
    devices: interfaces of the own namespace to read; None for all.
    follows_pairs: also read the named namespaces in which pairs of ours end, so that a deleted one can be put back.
    nft_tables: family and name of each table of nftables to read.
    """

    references: t.FrozenSet[str] = frozenset()
    has_every_own: bool = False
    viewers: t.FrozenSet[str] = frozenset((OWN_NAMESPACE,))
    tables: t.FrozenSet[int] = frozenset((TABLE_MAIN,))
    sysctls: t.FrozenSet[t.Tuple[str, str]] = frozenset()
    devices: t.Optional[t.FrozenSet[str]] = None
    follows_pairs: bool = False
    nft_tables: t.FrozenSet[t.Tuple[str, str]] = frozenset()

    def joined(self, other: Scope) -> Scope:
        """A scope that reads what either reads."""
        return Scope(
            self.references | other.references,
            self.has_every_own or other.has_every_own,
            self.viewers | other.viewers,
            self.tables | other.tables,
            self.sysctls | other.sysctls,
            None if self.devices is None or other.devices is None else self.devices | other.devices,
            self.follows_pairs or other.follows_pairs,
            self.nft_tables | other.nft_tables,
        )


class Gathering:
    """What has to be read, gathered object by object; the own namespace and its main table are always."""

    def __init__(self) -> None:
        self.references: t.Set[str] = set()
        self.viewers = {OWN_NAMESPACE}
        self.tables = {TABLE_MAIN}
        self.sysctls: t.Set[t.Tuple[str, str]] = set()
        self.nft_tables: t.Set[t.Tuple[str, str]] = set()

    def scope(
        self,
        *,
        has_every_own: bool = False,
        devices: t.Optional[t.FrozenSet[str]] = None,
        follows_pairs: bool = False,
    ) -> Scope:
        """The scope; nobody can be told to read the namespace of an end that was not seen."""
        return Scope(
            frozenset(self.references - {OWN_NAMESPACE, UNSEEN_NAMESPACE}),
            has_every_own,
            frozenset(self.viewers),
            frozenset(self.tables),
            frozenset(self.sysctls),
            devices,
            follows_pairs,
            frozenset(self.nft_tables),
        )
