# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of rtnetlink messages: their numbers and layouts, written and walked over.

Numbers: linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h, linux/net_namespace.h, linux/netlink.h.
"""

from __future__ import annotations

import struct
import typing as t

IFLA_ADDRESS = 1
IFLA_IFNAME = 3
IFLA_MTU = 4
IFLA_LINK = 5
IFLA_LINKINFO = 18
IFLA_IFALIAS = 20
IFLA_AF_SPEC = 26
IFLA_GROUP = 27
IFLA_NET_NS_FD = 28
IFLA_EXT_MASK = 29
IFLA_NUM_TX_QUEUES = 31
IFLA_NUM_RX_QUEUES = 32
IFLA_LINK_NETNSID = 37
IFLA_INFO_KIND = 1
IFLA_INFO_DATA = 2
VETH_INFO_PEER = 1
IFLA_INET6_ADDR_GEN_MODE = 8
RTEXT_FILTER_SKIP_STATS = 8
IFF_UP = 0x1

IFA_ADDRESS = 1
IFA_LOCAL = 2

RTA_DST = 1
RTA_SRC = 2
RTA_IIF = 3
RTA_OIF = 4
RTA_GATEWAY = 5
RTA_PRIORITY = 6
RTA_MULTIPATH = 9
RTA_TABLE = 15
RTA_VIA = 18
RTA_NH_ID = 30
RTNH_F_ONLINK = 4
RTM_F_CLONED = 0x200

NETNSA_NSID = 1
NETNSA_FD = 3

NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF
PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")

ATTRIBUTE = struct.Struct("=HH")
U32_ATTRIBUTE = struct.Struct("=HHI")
U32 = struct.Struct("=I")
S32 = struct.Struct("=i")
IFINFOMSG = struct.Struct("=BxHiII")
IFADDRMSG = struct.Struct("=BBBBI")
RTMSG = struct.Struct("=BBBBBBBBI")
RTGENMSG = struct.Struct("=Bxxx")


def attribute(kind: int, payload: bytes) -> bytes:
    """Encode one attribute: header, payload and padding to four bytes."""
    length = len(payload)
    return ATTRIBUTE.pack(length + 4, kind) + payload + PADDING[length & 3]


def nested(kind: int, *attributes: bytes) -> bytes:
    """Encode an attribute that holds encoded attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(attributes))


def number(kind: int, value: int) -> bytes:
    """Encode an attribute that holds an unsigned 32-bit number."""
    return U32_ATTRIBUTE.pack(8, kind, value)


def text(kind: int, value: str) -> bytes:
    """Encode an attribute that holds a zero-terminated string."""
    return attribute(kind, value.encode() + b"\0")


def mac(value: str) -> bytes:
    """Encode a link-layer address, six hex bytes with colons, as six bytes."""
    return bytes.fromhex(value.replace(":", ""))


def walk(data: bytes, offset: int, end: int) -> t.Iterator[t.Tuple[int, int, int]]:
    """Walk over attributes in a part of a buffer: number (without flags), start and end of each payload."""
    while offset + 4 <= end:
        length, kind = ATTRIBUTE.unpack_from(data, offset)
        if length < 4:
            return
        yield kind & NLA_TYPE_MASK, offset + 4, offset + length
        offset += (length + 3) & ~3
