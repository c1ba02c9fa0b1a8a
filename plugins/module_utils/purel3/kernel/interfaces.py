# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interfaces of this host, with their addresses."""

from __future__ import annotations

import typing as t

from . import records, wire
from .rtnetlink import RtnetlinkSocket


class CarryingInterface(t.NamedTuple):
    """An interface; addresses are IPv4, with prefix length."""

    name: str
    mtu: int
    addresses: t.Tuple[str, ...] = ()


def read_interfaces() -> t.List[CarryingInterface]:
    """Read all of them; raises OSError where the kernel refuses."""
    with RtnetlinkSocket() as inside:
        links = [records.parse_link(*body[1:]) for body in inside.dump(wire.dump_links())]
        addresses = [records.parse_address(*body[1:]) for body in inside.dump(wire.dump_addresses())]
    return [
        CarryingInterface(link.name, link.mtu, tuple(one.address for one in addresses if one.ifindex == link.ifindex))
        for link in links
    ]
