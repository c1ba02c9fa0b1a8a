# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workloads that every way makes, and the one that is changed."""

from __future__ import annotations

import ipaddress
import typing as t
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import (
    HOST_MAC,
    Workload,
    host_device,
)

CHECKOUT = Path(__file__).resolve().parent.parent
GATEWAY = "169.254.1.1"
MAC = HOST_MAC
DEVICE = "eth0"
GROUP = 28723
"""Of the ends that other ways make, so that those that can may delete by group as the module does."""

_FIRST = ipaddress.IPv4Address("10.64.0.1")
_CHANGED = "10.127.0.1"


class Member(t.NamedTuple):
    """A workload: its name is its namespace's, `host` names the host's end of its veth pair."""

    name: str
    address: str
    host: str


class Fleet(t.NamedTuple):
    """All workloads before and after the change of one, which gets another address."""

    members: t.Tuple[Member, ...]
    changed: t.Tuple[Member, ...]

    @property
    def victim(self) -> int:
        """The position of the one that changes."""
        return len(self.members) // 2


def make_fleet(size: int) -> Fleet:
    """Make up workloads.

    Args:
        size: how many.

    Returns:
        Them.
    """
    names = [f"w{position:05d}" for position in range(size)]
    members = [Member(name, str(_FIRST + position), host_device(name)) for position, name in enumerate(names)]
    changed = list(members)
    changed[size // 2] = changed[size // 2]._replace(address=_CHANGED)
    return Fleet(tuple(members), tuple(changed))


def workloads_of(members: t.Iterable[Member]) -> t.List[Workload]:
    """Put workloads in the library's words.

    Args:
        members: the workloads.

    Returns:
        The same.
    """
    return [Workload(member.name, member.address, member.name, DEVICE) for member in members]
