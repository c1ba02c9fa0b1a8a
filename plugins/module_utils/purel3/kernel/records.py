# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's answers about links, addresses, routes and namespace ids, decoded."""

from __future__ import annotations

import socket
import struct
import typing as t

from .attributes import (
    ATTRIBUTE,
    IFA_ADDRESS,
    IFA_LOCAL,
    IFADDRMSG,
    IFF_UP,
    IFINFOMSG,
    IFLA_ADDRESS,
    IFLA_AF_SPEC,
    IFLA_GROUP,
    IFLA_IFALIAS,
    IFLA_IFNAME,
    IFLA_INET6_ADDR_GEN_MODE,
    IFLA_INFO_KIND,
    IFLA_LINK,
    IFLA_LINK_NETNSID,
    IFLA_LINKINFO,
    IFLA_MTU,
    NETNSA_NSID,
    NLA_F_NESTED,
    NLA_TYPE_MASK,
    RTA_DST,
    RTA_GATEWAY,
    RTA_MULTIPATH,
    RTA_NH_ID,
    RTA_OIF,
    RTA_PRIORITY,
    RTA_TABLE,
    RTA_VIA,
    RTM_F_CLONED,
    RTMSG,
    RTNH_F_ONLINK,
    S32,
    U32,
    walk,
)

_LINK_ATTRIBUTES = frozenset(
    (
        IFLA_ADDRESS,
        IFLA_IFNAME,
        IFLA_MTU,
        IFLA_LINK,
        IFLA_IFALIAS,
        IFLA_GROUP,
        IFLA_LINK_NETNSID,
        IFLA_LINKINFO,
        IFLA_LINKINFO | NLA_F_NESTED,
        IFLA_AF_SPEC,
        IFLA_AF_SPEC | NLA_F_NESTED,
    )
)


class LinkRecord(t.NamedTuple):
    """One interface as the kernel reports it.

    Fields: ifindex; name; mac (colon form, empty where there is none); mtu in bytes; is_up (IFF_UP); group; alias; kind
    (veth, bridge, ...; empty for plain devices); peer_ifindex and peer_nsid (0 and None where there is none);
    addr_gen_mode (IFLA_INET6_ADDR_GEN_MODE; None where IPv6 is off).
    """

    ifindex: int
    name: str
    mac: str
    mtu: int
    is_up: bool
    group: int
    alias: str
    kind: str
    peer_ifindex: int
    peer_nsid: t.Optional[int]
    addr_gen_mode: t.Optional[int]


class AddressRecord(t.NamedTuple):
    """One address as the kernel reports it (address with prefix length)."""

    ifindex: int
    address: str


class RouteRecord(t.NamedTuple):
    """One route as the kernel reports it; numbers as in linux/rtnetlink.h.

    Fields: destination (CIDR); gateway (empty where there is none); ifindex of the device (0 where there is none);
    is_simple is False for multipath routes and next hop objects.
    """

    table: int
    destination: str
    metric: int
    kind: int
    gateway: str
    ifindex: int
    scope: int
    protocol: int
    is_onlink: bool
    is_simple: bool


def parse_link(data: bytes, offset: int, end: int) -> LinkRecord:
    """Decode the body of RTM_NEWLINK, which stands between two places of a buffer."""
    _family, _type, index, flags, _change = IFINFOMSG.unpack_from(data, offset)
    name = address = alias = kind = ""
    mtu = group = peer_ifindex = 0
    peer_nsid: t.Optional[int] = None
    addr_gen_mode: t.Optional[int] = None
    # Walked by hand: an interface has some sixty attributes, and a node thousands of interfaces.
    offset += 16
    while offset + 4 <= end:
        length, number_ = ATTRIBUTE.unpack_from(data, offset)
        if length < 4:
            break
        start, stop = offset + 4, offset + length
        offset += (length + 3) & ~3
        if number_ not in _LINK_ATTRIBUTES:
            continue
        if number_ == IFLA_IFNAME:
            name = data[start : stop - 1].decode()
        elif number_ == IFLA_ADDRESS:
            address = data[start:stop].hex(":")
        elif number_ == IFLA_MTU:
            (mtu,) = U32.unpack_from(data, start)
        elif number_ == IFLA_GROUP:
            (group,) = U32.unpack_from(data, start)
        elif number_ == IFLA_IFALIAS:
            alias = data[start : stop - 1].decode(errors="replace")
        elif number_ == IFLA_LINK:
            (peer_ifindex,) = U32.unpack_from(data, start)
        elif number_ == IFLA_LINK_NETNSID:
            (peer_nsid,) = S32.unpack_from(data, start)
        elif number_ & NLA_TYPE_MASK == IFLA_LINKINFO:
            for inner, inner_start, inner_stop in walk(data, start, stop):
                if inner == IFLA_INFO_KIND:
                    kind = data[inner_start:inner_stop].rstrip(b"\0").decode()
                    break
        elif number_ & NLA_TYPE_MASK == IFLA_AF_SPEC:
            addr_gen_mode = _parse_addr_gen_mode(data, start, stop)
    return LinkRecord(
        index, name, address, mtu, bool(flags & IFF_UP), group, alias, kind, peer_ifindex, peer_nsid,
        addr_gen_mode,
    )  # fmt: skip


def _parse_addr_gen_mode(data: bytes, start: int, stop: int) -> t.Optional[int]:
    for family, family_start, family_stop in walk(data, start, stop):
        if family == socket.AF_INET6:
            for kind, value, _end in walk(data, family_start, family_stop):
                if kind == IFLA_INET6_ADDR_GEN_MODE:
                    return data[value]
    return None


def parse_address(data: bytes, offset: int, end: int) -> AddressRecord:
    """Decode the body of RTM_NEWADDR; the address is the local one where the interface is point-to-point."""
    family, length, _flags, _scope, index = IFADDRMSG.unpack_from(data, offset)
    found: t.Dict[int, bytes] = {
        kind: data[start:stop] for kind, start, stop in walk(data, offset + 8, end) if kind <= IFA_LOCAL
    }
    packed = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS, b"")
    return AddressRecord(index, f"{socket.inet_ntop(family, packed)}/{length}")


def parse_route(data: bytes, offset: int, end: int) -> t.Optional[RouteRecord]:
    """Decode the body of RTM_NEWROUTE; None for an entry of the cache or of a family other than IPv4 and IPv6."""
    family, length, _src, _tos, table, protocol, scope, kind, flags = RTMSG.unpack_from(data, offset)
    if flags & RTM_F_CLONED or family not in (socket.AF_INET, socket.AF_INET6):
        return None
    destination = "0.0.0.0" if family == socket.AF_INET else "::"
    gateway = ""
    metric = index = 0
    is_simple = True
    for attribute_kind, start, stop in walk(data, offset + 12, end):
        if attribute_kind == RTA_DST:
            destination = socket.inet_ntop(family, data[start:stop])
        elif attribute_kind == RTA_OIF:
            (index,) = U32.unpack_from(data, start)
        elif attribute_kind == RTA_GATEWAY:
            gateway = socket.inet_ntop(family, data[start:stop])
        elif attribute_kind == RTA_VIA:
            (via_family,) = struct.unpack_from("=H", data, start)
            gateway = socket.inet_ntop(via_family, data[start + 2 : stop])
        elif attribute_kind == RTA_PRIORITY:
            (metric,) = U32.unpack_from(data, start)
        elif attribute_kind == RTA_TABLE:
            (table,) = U32.unpack_from(data, start)
        elif attribute_kind in (RTA_MULTIPATH, RTA_NH_ID):
            is_simple = False
    return RouteRecord(
        table, f"{destination}/{length}", metric, kind, gateway, index, scope, protocol,
        bool(flags & RTNH_F_ONLINK), is_simple,
    )  # fmt: skip


def parse_namespace_id(data: bytes, offset: int, end: int) -> int:
    """Decode the body of RTM_NEWNSID: the id, or -1 where none has been given."""
    for kind, start, _stop in walk(data, offset + 4, end):
        if kind == NETNSA_NSID:
            return int(S32.unpack_from(data, start)[0])
    return -1
