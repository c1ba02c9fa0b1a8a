# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns which block and which address."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network


@dataclass(frozen=True)
class Allocations:
    """Which node has which block, and which workload or tunnel which address.

    blocks: the node's name by block.
    addresses: the workload's name by address.
    tunnels: the node's name by the address of its tunnel interface.
    freed: blocks, and addresses in blocks, that somebody had and nobody has; they are given again last.
    """

    blocks: t.Mapping[IPv4Network, str] = field(default_factory=dict)
    addresses: t.Mapping[IPv4Address, str] = field(default_factory=dict)
    tunnels: t.Mapping[IPv4Address, str] = field(default_factory=dict)
    freed: t.FrozenSet[t.Union[IPv4Network, IPv4Address]] = frozenset()


def block_of(address: IPv4Address, block_size: int) -> IPv4Network:
    """The block that an address of a pool lies in."""
    return IPv4Network((int(address), block_size), strict=False)
