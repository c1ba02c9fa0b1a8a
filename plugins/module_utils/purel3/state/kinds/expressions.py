# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules of nftables are made of: what is asked of a packet, what the answer must be, and what becomes of it.

Numbers: linux/netfilter/nf_tables.h; the forms are those in which nft 1.0.6 writes the same words.
"""

from __future__ import annotations

import socket
import struct
import sys
import typing as t

from ...kernel.nf_tables import DATA_VALUE, DATA_VERDICT, VERDICT_CODE, Expression

_VERDICT_REGISTER, _REGISTER = 0, 1
# Of what the kernel knows of a packet: its number, and how many bytes it has.
_META_KEYS = {"iifgroup": (21, 4), "l4proto": (16, 1)}
_NETWORK_HEADER, _TRANSPORT_HEADER = 1, 2
_DROP = 0
_EQUAL = 0
_INVERTED = 1


class PacketField(t.NamedTuple):
    """What is asked of a packet.

    expressions: go on where it has this field, and load it.
    length: of its value, in bytes.
    is_in_host_order: otherwise in that of headers.
    """

    expressions: t.Tuple[Expression, ...]
    length: int
    is_in_host_order: bool = False


class _Place(t.NamedTuple):
    base: int
    offset: int
    length: int
    protocol: int = 0


# RFC 791, RFC 768.
_FIELDS: t.Mapping[t.Tuple[str, str], _Place] = {
    ("ip", "protocol"): _Place(_NETWORK_HEADER, 9, 1),
    ("ip", "saddr"): _Place(_NETWORK_HEADER, 12, 4),
    ("ip", "daddr"): _Place(_NETWORK_HEADER, 16, 4),
    ("udp", "dport"): _Place(_TRANSPORT_HEADER, 2, 2, socket.IPPROTO_UDP),
}


def _expression(name: str, *values: t.Any) -> Expression:
    """Make one of its attributes, in the order of their numbers, from 1; numbers as 32 bits."""
    encoded = (struct.pack("!I", value) if isinstance(value, int) else value for value in values)
    return Expression(name, tuple(enumerate(encoded, start=1)))


def meta(key: str) -> PacketField:
    """Ask for what the kernel knows of a packet, such as iifgroup."""
    number, length = _META_KEYS[key]
    return PacketField((_expression("meta", _REGISTER, number),), length, is_in_host_order=True)


def field(header: str, name: str) -> PacketField:
    """Ask for a field of a header, such as saddr of ip."""
    base, offset, length, protocol = _FIELDS[header, name]
    loaded = _expression("payload", _REGISTER, base, offset, length)
    return PacketField((*(is_equal(meta("l4proto"), protocol) if protocol else ()), loaded), length)


def is_equal(asked: PacketField, value: int) -> t.Tuple[Expression, ...]:
    """Go on where it is this number."""
    data = ((DATA_VALUE, value.to_bytes(asked.length, sys.byteorder if asked.is_in_host_order else "big")),)
    return (*asked.expressions, _expression("cmp", _REGISTER, _EQUAL, data))


def is_outside(asked: PacketField, name: str) -> t.Tuple[Expression, ...]:
    """Go on where it is not in a set."""
    set_name, register = _expression("lookup", name.encode() + b"\0", _REGISTER).attributes
    return (*asked.expressions, Expression("lookup", (set_name, register, (5, struct.pack("!I", _INVERTED)))))


COUNT = _expression("counter")
DROP = _expression("immediate", _VERDICT_REGISTER, ((DATA_VERDICT, ((VERDICT_CODE, struct.pack("!I", _DROP)),)),))
