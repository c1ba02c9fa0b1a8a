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

from ...kernel import nf_tables
from ...kernel.nf_tables import DATA_VALUE, DATA_VERDICT, VERDICT_CHAIN, VERDICT_CODE, Expression

Expressions = t.Tuple[Expression, ...]

# A register has four words of four bytes; one that begins in its middle is counted in words, from 8.
_VERDICT_REGISTER, _REGISTER, _WORDS, _WORD, _FIRST_WORD = 0, 1, 4, 4, 8
# Of what the kernel knows of a packet: its number, and how many bytes it has.
_META_KEYS = {
    "iifgroup": (21, 4),
    "iifname": (6, 16),
    "l4proto": (16, 1),
    "nfproto": (15, 1),
    "oif": (5, 4),
    "oifgroup": (22, 4),
    "oifname": (7, 16),
}
_NETWORK_HEADER, _TRANSPORT_HEADER = 1, 2
_EQUAL, _NOT_EQUAL, _AT_MOST, _AT_LEAST = 0, 1, 3, 5
_INVERTED = 1
_CT_STATE = 0
# linux/netfilter/nf_nat.h: what of a translation is given, and how ports are drawn.
_GIVEN_ADDRESS, _GIVEN_PORTS, _FULLY_RANDOM = 0x1, 0x2, 0x10
_SOURCE, _DESTINATION = 0, 1
_IPV4 = 2
CT_STATES = {"invalid": 1, "established": 2, "related": 4, "new": 8}


class PacketField(t.NamedTuple):
    """What is asked of a packet.

    name, numbers: the expression that loads it, but for its register.
    length: in bytes.
    protocol: which must be there for it to be there; 0 for any.
    """

    name: str
    numbers: t.Tuple[int, ...]
    length: int
    is_in_host_order: bool = False
    protocol: int = 0


def _in_header(base: int, offset: int, length: int, protocol: int = 0) -> PacketField:
    return PacketField("payload", (base, offset, length), length, protocol=protocol)


# RFC 791, RFC 792, RFC 768; ports stand at the same place in all protocols that have them (th).
_FIELDS: t.Mapping[t.Tuple[str, str], PacketField] = {
    ("ip", "protocol"): _in_header(_NETWORK_HEADER, 9, 1),
    ("ip", "saddr"): _in_header(_NETWORK_HEADER, 12, 4),
    ("ip", "daddr"): _in_header(_NETWORK_HEADER, 16, 4),
    ("udp", "dport"): _in_header(_TRANSPORT_HEADER, 2, 2, socket.IPPROTO_UDP),
    ("th", "sport"): _in_header(_TRANSPORT_HEADER, 0, 2),
    ("th", "dport"): _in_header(_TRANSPORT_HEADER, 2, 2),
    ("icmp", "type"): _in_header(_TRANSPORT_HEADER, 0, 1, socket.IPPROTO_ICMP),
    ("icmp", "code"): _in_header(_TRANSPORT_HEADER, 1, 1, socket.IPPROTO_ICMP),
}


def meta(key: str) -> PacketField:
    """What the kernel knows of a packet, such as iifgroup."""
    number, length = _META_KEYS[key]
    return PacketField("meta", (number,), length, is_in_host_order=True)


def field(header: str, name: str) -> PacketField:
    """A field of a header, such as saddr of ip."""
    return _FIELDS[header, name]


def _expression(name: str, *values: t.Any) -> Expression:
    """Make one of its attributes, in the order of their numbers, from 1; numbers as 32 bits."""
    encoded = (struct.pack("!I", value) if isinstance(value, int) else value for value in values)
    return Expression(name, tuple(enumerate(encoded, start=1)))


def load(asked: PacketField, word: int = 0) -> Expression:
    """Put a field into a register; `word` is the first of the register's words that it takes."""
    register = _FIRST_WORD + word if word % _WORDS else _REGISTER + word // _WORDS
    return _expression(asked.name, register, *asked.numbers)


def _loaded(*fields: PacketField) -> Expressions:
    """Load fields side by side, each from a word of its own on; go on only where all are there."""
    found: t.List[Expression] = []
    for protocol in sorted({asked.protocol for asked in fields} - {0}):
        found.extend(is_equal(meta("l4proto"), protocol))
    word = 0
    for asked in fields:
        found.append(load(asked, word))
        word += -(-asked.length // _WORD)
    return tuple(found)


def _data(asked: PacketField, value: int) -> t.Any:
    return ((DATA_VALUE, value.to_bytes(asked.length, sys.byteorder if asked.is_in_host_order else "big")),)


def is_equal(asked: PacketField, value: int) -> Expressions:
    """Go on where it is this number."""
    return (*_loaded(asked), _expression("cmp", _REGISTER, _EQUAL, _data(asked, value)))


def is_different(asked: PacketField, value: int) -> Expressions:
    """Go on where it is another number."""
    return (*_loaded(asked), _expression("cmp", _REGISTER, _NOT_EQUAL, _data(asked, value)))


def is_between(asked: PacketField, first: int, last: int) -> Expressions:
    """Go on where it is one of these numbers, both included."""
    return (
        *_loaded(asked),
        _expression("cmp", _REGISTER, _AT_LEAST, _data(asked, first)),
        _expression("cmp", _REGISTER, _AT_MOST, _data(asked, last)),
    )


def is_in_network(asked: PacketField, network: int, length: int, *, is_inverted: bool = False) -> Expressions:
    """Go on where an address is in a network, given as a number with its prefix length, or outside of it."""
    mask = ((1 << length) - 1) << (8 * asked.length - length)
    parts = [_REGISTER, _REGISTER, asked.length, _data(asked, mask), _data(asked, 0)]
    masked = () if length == 8 * asked.length else (_expression("bitwise", *parts),)
    operator = _NOT_EQUAL if is_inverted else _EQUAL
    return (*_loaded(asked), *masked, _expression("cmp", _REGISTER, operator, _data(asked, network)))


def is_inside(name: str, *fields: PacketField) -> Expressions:
    """Go on where fields, side by side, are in a set."""
    return (*_loaded(*fields), _expression("lookup", _text(name), _REGISTER))


def is_outside(name: str, *fields: PacketField) -> Expressions:
    """Go on where fields, side by side, are not in a set."""
    found = _expression("lookup", _text(name), _REGISTER).attributes
    return (*_loaded(*fields), Expression("lookup", (*found, (5, struct.pack("!I", _INVERTED)))))


def follow(name: str, *fields: PacketField) -> Expressions:
    """Go where a map leads for fields, side by side; go on where they are not in it."""
    return (*_loaded(*fields), _expression("lookup", _text(name), _REGISTER, _VERDICT_REGISTER))


def _look_up(name: str, *fields: PacketField) -> Expressions:
    """Put what a map leads to into the register; go on where the fields are in it."""
    return (*_loaded(*fields), _expression("lookup", _text(name), _REGISTER, _REGISTER))


def _nat(end: int, first_port: t.Optional[int], flags: int) -> Expression:
    """Translate an end to the address in the register, and to ports from those in this register to those in the next.

    All flags are said: kernels since 5.8 show those that follow from the registers as well.
    """
    ports = () if first_port is None else ((5, first_port), (6, first_port + 1))
    numbers = ((1, end), (2, _IPV4), (3, _REGISTER), (4, _REGISTER), *ports, (7, flags | _GIVEN_ADDRESS))
    return Expression("nat", tuple((number, struct.pack("!I", value)) for number, value in numbers))


def source_from(name: str, *fields: PacketField) -> Expressions:
    """Let a connection come from the address to which a map leads; go on where the fields are not in it."""
    return (*_look_up(name, *fields), _nat(_SOURCE, None, 0))


def destination_from(name: str, *fields: PacketField) -> Expressions:
    """Let a connection go to the address to which a map leads; go on where the fields are not in it."""
    return (*_look_up(name, *fields), _nat(_DESTINATION, None, 0))


def _immediate(register: int, value: bytes) -> Expression:
    return _expression("immediate", register, ((DATA_VALUE, value),))


def masquerade(address: t.Optional[bytes], ports: t.Optional[t.Tuple[int, int]]) -> Expressions:
    """Let a connection come from a random port of an address.

    address: None for that of the interface by which it leaves.
    ports: the first and the last; None for those that the kernel takes by itself.
    """
    flags = _FULLY_RANDOM | (_GIVEN_PORTS if ports else 0)
    values = [*([address] if address else []), *(struct.pack("!H", port) for port in ports or ())]
    given = tuple(_immediate(register, value) for register, value in enumerate(values, start=_REGISTER))
    if address:
        return (*given, _nat(_SOURCE, _REGISTER + 1 if ports else None, flags))
    return (*given, _expression("masq", flags, *((_REGISTER, _REGISTER + 1) if ports else ())))


def is_in_state(*states: str) -> Expressions:
    """Go on where the packet's connection is in one of these states, such as established."""
    bits = 0
    for state in states:
        bits |= CT_STATES[state]
    mask, nothing = (((DATA_VALUE, value.to_bytes(4, sys.byteorder)),) for value in (bits, 0))
    return (
        _expression("ct", _REGISTER, _CT_STATE),
        _expression("bitwise", _REGISTER, _REGISTER, 4, mask, nothing),
        _expression("cmp", _REGISTER, _NOT_EQUAL, nothing),
    )


def _text(name: str) -> bytes:
    return name.encode() + b"\0"


def _verdict(code: int, chain: str = "") -> Expression:
    words = ((VERDICT_CODE, struct.pack("!I", code)), *(((VERDICT_CHAIN, _text(chain)),) if chain else ()))
    return _expression("immediate", _VERDICT_REGISTER, ((DATA_VERDICT, words),))


def goto(chain: str) -> Expression:
    """Go on in another chain, and not come back."""
    return _verdict(nf_tables.GOTO, chain)


def jump(chain: str) -> Expression:
    """Go on in another chain, and here where that does not decide."""
    return _verdict(nf_tables.JUMP, chain)


def log(prefix: str) -> Expressions:
    """Write packets to the kernel's log, at most ten a second, and go on."""
    per_second, seconds = (struct.pack("!Q", number) for number in (10, 1))
    return _expression("limit", per_second, seconds, 5, 0), Expression("log", ((2, _text(prefix)),))


COUNT = _expression("counter")
DROP = _verdict(nf_tables.DROP)
ACCEPT = _verdict(nf_tables.ACCEPT)
# Administratively prohibited (RFC 1812, 5.2.7.1), so that nobody takes it for a port on which nobody listens.
REJECT = Expression("reject", ((1, struct.pack("!I", 0)), (2, b"\x0d")))
RETURN = _verdict(nf_tables.RETURN)
