# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests and answers of ctnetlink, which conntrack(8) shows as connections.

Layouts and numbers: linux/netfilter/nfnetlink.h, linux/netfilter/nfnetlink_conntrack.h.
"""

from __future__ import annotations

import socket
import struct
import typing as t

from .attributes import attribute, nested, walk
from .wire import NLM_F_DUMP, Message

_SUBSYSTEM = 1
_GET, _DELETE = 1, 2
_ORIGINAL, _ID, _ZONE = 1, 12, 18
_ADDRESSES, _DESTINATION = 1, 2
_HEADER = struct.pack("!BBH", socket.AF_INET, 0, 0)


class Connection(t.NamedTuple):
    """A connection of IPv4, by what tells it from all others.

    destination: where its first packet was for, before any translation, in four bytes.
    original: protocol, addresses and ports of that packet, as the kernel shows them.
    number, zone: as the kernel shows them; zone is empty where there is none.
    """

    destination: bytes
    original: bytes
    number: bytes
    zone: bytes = b""


def dump_connections() -> Message:
    """Ask for all connections of IPv4."""
    return Message(_SUBSYSTEM << 8 | _GET, NLM_F_DUMP, _HEADER)


def delete_connection(known: Connection) -> Message:
    """Forget a connection, and none that has taken its place."""
    parts = nested(_ORIGINAL, known.original) + attribute(_ID, known.number)
    if known.zone:
        parts += attribute(_ZONE, known.zone)
    return Message(_SUBSYSTEM << 8 | _DELETE, 0, _HEADER + parts)


def parse_connection(data: bytes, offset: int, end: int) -> Connection:
    """Read a connection."""
    found = {number: data[start:stop] for number, start, stop in walk(data, offset + len(_HEADER), end)}
    original = found[_ORIGINAL]
    destination = b""
    for number, start, stop in walk(original, 0, len(original)):
        if number == _ADDRESSES:
            ends = {kind: original[first:last] for kind, first, last in walk(original, start, stop)}
            destination = ends.get(_DESTINATION, b"")
    return Connection(destination, original, found.get(_ID, b""), found.get(_ZONE, b""))
