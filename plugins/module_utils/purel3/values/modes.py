# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modes in which packets to a pool may travel between nodes: all that differs between them, as data."""

from __future__ import annotations

import typing as t

# Of a pool whose packets travel as they are.
NO_ENCAPSULATION = "none"
ETHERNET_MTU = 1500


class Match(t.NamedTuple):
    """What tells the packets of a tunnel from all others, in words of nftables: a field of a header, and its value."""

    header: str
    field: str
    value: int


class Mode(t.NamedTuple):
    """One way to put packets into others, from node to node.

    name: as the fabric file has it.
    device: the interface that routes lead into.
    module: of the kernel.
    overhead: bytes around each packet.
    match: what the guard drops unless a node sent it.
    is_made_by_kernel: whether the device comes with the module; otherwise we make it.
    is_across_subnets_only: whether packets to nodes in an own subnet travel as they are.
    """

    name: str
    device: str
    module: str
    overhead: int
    match: Match
    is_made_by_kernel: bool
    is_across_subnets_only: bool

    @property
    def default_mtu(self) -> int:
        """The MTU of its device where the nodes are joined by Ethernet."""
        return ETHERNET_MTU - self.overhead


# An IPv4 header without options around each packet; IP protocol 4.
IPIP = Mode("ipip", "tunl0", "ipip", 20, Match("ip", "protocol", 4), True, False)
_ROWS = (IPIP, IPIP._replace(name="ipip_cross_subnet", is_across_subnets_only=True))

MODES: t.Mapping[str, Mode] = {mode.name: mode for mode in _ROWS}
# One mode for each device: modes that share it differ only in when they apply.
MODE_OF_DEVICE: t.Dict[str, Mode] = {}
for _row in _ROWS:
    MODE_OF_DEVICE.setdefault(_row.device, _row)
