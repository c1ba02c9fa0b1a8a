# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interfaces of this namespace are up at both ends; anybody may ask."""

from __future__ import annotations

import typing as t

from ..base.errors import KernelError
from . import records, wire
from .attributes import IFF_UP, IFINFOMSG
from .rtnetlink import RtnetlinkSocket

# Set while a veth's other end is up as well (include/uapi/linux/if.h).
_IFF_LOWER_UP = 1 << 16


class Carrier(t.NamedTuple):
    """An interface of this namespace.

    is_up: it is up, and so is what is at its other end.
    alias: its IFLA_IFALIAS.
    """

    is_up: bool
    alias: str


def read_carriers() -> t.Dict[str, Carrier]:
    """Read the interfaces of the calling thread's namespace, by name; raises KernelError."""
    found = {}
    try:
        with RtnetlinkSocket() as inside:
            for _kind, data, offset, end in inside.dump(wire.dump_links()):
                link = records.parse_link(data, offset, end)
                flags = IFINFOMSG.unpack_from(data, offset)[3]
                found[link.name] = Carrier(bool(flags & IFF_UP and flags & _IFF_LOWER_UP), link.alias)
    except OSError as error:
        raise KernelError(f"the kernel refuses to show its interfaces: {error}") from error
    return found
