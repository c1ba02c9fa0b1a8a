# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marks by which this collection knows its own objects; everything else is foreign.

Interfaces bear a group from the moment they are created, and an alias that records whose they are and which addresses
came with them; tunl0, which the kernel makes, bears both while we use it. The inner end of a veth pair that somebody
else made, and that was taken over, bears a group of its own. A table of nftables bears a comment on a set.
Each kind of object says in its own file which mark it goes by.
"""

from __future__ import annotations

import typing as t

WORKLOADS = "workloads"
OBJECTS = "objects"
TUNNELS = "tunnels"
POLICIES = "policies"
TRANSLATION = "translation"

WORKLOAD_GROUP = 28723
OBJECT_GROUP = 28724
DOOMED_GROUP = 28725
TUNNEL_GROUP = 28726
ADOPTED_GROUP = 28727

ALIAS_LENGTH = 255
ALIAS_START = "purel3 "
_OWNER_OF_GROUP = {
    WORKLOAD_GROUP: WORKLOADS,
    DOOMED_GROUP: WORKLOADS,
    ADOPTED_GROUP: WORKLOADS,
    OBJECT_GROUP: OBJECTS,
    TUNNEL_GROUP: TUNNELS,
}


def link_owner(group: int) -> str:
    """Whose an interface of this group is: WORKLOADS, OBJECTS, TUNNELS, or empty for a foreign one."""
    return _OWNER_OF_GROUP.get(group, "")


def link_mark(title: str, addresses: t.Iterable[str]) -> str:
    """The alias that an interface of ours bears.

    title: what the interface is for, one word: a workload's name.
    addresses: those (with prefix length) that came with it.
    """
    return f"{ALIAS_START}{title} {','.join(sorted(addresses))}".rstrip()


def joint_mark(alias: str, later: str) -> str:
    """The later of two aliases, with the addresses that either records; the later alone where they are too many."""
    mark = link_mark(title_of(later), recorded_addresses(alias) | recorded_addresses(later))
    return mark if title_of(later) and len(mark) <= ALIAS_LENGTH else later


def title_of(alias: str) -> str:
    """What an interface with such an alias is for; empty where it does not say."""
    return alias[len(ALIAS_START) :].partition(" ")[0] if alias.startswith(ALIAS_START) else ""


def recorded_addresses(alias: str) -> t.FrozenSet[str]:
    """Which addresses (with prefix length) came with an interface with such an alias."""
    if not alias.startswith(ALIAS_START):
        return frozenset()
    return frozenset(alias[len(ALIAS_START) :].partition(" ")[2].split(",")) - {""}
