# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of rtnetlink that workloads need: links, addresses, routes and namespace ids.

Layouts and numbers: linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h, linux/net_namespace.h.
"""

from __future__ import annotations

import socket
import struct
import typing as t

from .attributes import (
    IFA_ADDRESS,
    IFA_LOCAL,
    IFADDRMSG,
    IFF_UP,
    IFINFOMSG,
    IFLA_ADDRESS,
    IFLA_AF_SPEC,
    IFLA_EXT_MASK,
    IFLA_GROUP,
    IFLA_IFALIAS,
    IFLA_IFNAME,
    IFLA_INET6_ADDR_GEN_MODE,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MTU,
    IFLA_NET_NS_FD,
    IFLA_NUM_RX_QUEUES,
    IFLA_NUM_TX_QUEUES,
    NETNSA_FD,
    RTA_DST,
    RTA_GATEWAY,
    RTA_IIF,
    RTA_OIF,
    RTA_PRIORITY,
    RTA_SRC,
    RTA_TABLE,
    RTA_VIA,
    RTEXT_FILTER_SKIP_STATS,
    RTGENMSG,
    RTMSG,
    RTNH_F_ONLINK,
    VETH_INFO_PEER,
    attribute,
    mac,
    nested,
    number,
    text,
)
from .records import RouteRecord

RTM_NEWLINK = 16
RTM_DELLINK = 17
RTM_GETLINK = 18
RTM_SETLINK = 19
RTM_NEWADDR = 20
RTM_DELADDR = 21
RTM_GETADDR = 22
RTM_NEWROUTE = 24
RTM_DELROUTE = 25
RTM_GETROUTE = 26
RTM_GETNSID = 90

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_REPLACE = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_APPEND = 0x800
NLM_F_DUMP = 0x300

LOOPBACK_INDEX = 1
ADDR_GEN_EUI64 = 0
ADDR_GEN_NONE = 1


class Message(t.NamedTuple):
    """One request to the kernel; the socket adds length, sequence number and NLM_F_REQUEST."""

    kind: int
    flags: int
    body: bytes


def _network(cidr: str) -> t.Tuple[int, int, bytes]:
    address, _slash, length = cidr.partition("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, int(length), socket.inet_pton(family, address)


# A veth uses one queue of each kind unless told otherwise, but is made with one for each processor and then waits for
# all processors to give the others up (veth_init_queues in drivers/net/veth.c); that was 40 % of its cost.
_ONE_QUEUE = number(IFLA_NUM_TX_QUEUES, 1) + number(IFLA_NUM_RX_QUEUES, 1)


class VethEnd(t.NamedTuple):
    """One end of a veth pair to be created (mac empty and mtu 0: the kernel chooses)."""

    name: str
    ifindex: int
    mac: str
    mtu: int
    group: int


def _veth_end(end: VethEnd) -> bytes:
    parts = text(IFLA_IFNAME, end.name) + number(IFLA_GROUP, end.group) + _ONE_QUEUE
    if end.mac:
        parts += attribute(IFLA_ADDRESS, mac(end.mac))
    if end.mtu:
        parts += number(IFLA_MTU, end.mtu)
    return parts


def create_veth(end: VethEnd, peer: VethEnd, peer_namespace_fd: int) -> Message:
    """Create a veth pair, the peer born in its namespace with its address; both ends stay down (RTM_NEWLINK)."""
    born = IFINFOMSG.pack(0, 0, peer.ifindex, 0, 0) + _veth_end(peer) + number(IFLA_NET_NS_FD, peer_namespace_fd)
    info = nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "veth"), nested(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, born)))
    body = IFINFOMSG.pack(0, 0, end.ifindex, 0, 0) + _veth_end(end) + info
    return Message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body)


def set_link(
    index: int,
    *,
    is_up: t.Optional[bool] = None,
    name: str = "",
    alias: t.Optional[str] = None,
    group: t.Optional[int] = None,
    link_address: str = "",
    mtu: int = 0,
    addr_gen_mode: t.Optional[int] = None,
) -> Message:
    """Change an interface (RTM_SETLINK); what is None, empty or 0 stays, but for an empty alias, which removes it.

    The kernel applies is_up before addr_gen_mode (do_setlink in net/core/rtnetlink.c), so send the latter in a message
    of its own, first.

    name: another one; kernels before 6.2 refuse it for an interface that is up.
    alias: at most 255 bytes.
    addr_gen_mode: how IPv6 makes link-local addresses.
    """
    parts = b""
    if name:
        parts += text(IFLA_IFNAME, name)
    if alias is not None:
        parts += text(IFLA_IFALIAS, alias)
    if group is not None:
        parts += number(IFLA_GROUP, group)
    if link_address:
        parts += attribute(IFLA_ADDRESS, mac(link_address))
    if mtu:
        parts += number(IFLA_MTU, mtu)
    if addr_gen_mode is not None:
        mode = attribute(IFLA_INET6_ADDR_GEN_MODE, bytes((addr_gen_mode,)))
        parts += nested(IFLA_AF_SPEC, nested(socket.AF_INET6, mode))
    flags, change = (IFF_UP if is_up else 0, IFF_UP) if is_up is not None else (0, 0)
    return Message(RTM_SETLINK, 0, IFINFOMSG.pack(0, 0, index, flags, change) + parts)


def delete_link(index: int) -> Message:
    """Delete one interface (RTM_DELLINK)."""
    return Message(RTM_DELLINK, 0, IFINFOMSG.pack(0, 0, index, 0, 0))


def delete_group(group: int) -> Message:
    """Delete every interface of a group, not 0, at once (RTM_DELLINK); the kernel answers ENODEV where it is empty."""
    return Message(RTM_DELLINK, 0, IFINFOMSG.pack(0, 0, 0, 0, 0) + number(IFLA_GROUP, group))


def _address(kind: int, flags: int, index: int, address: str) -> Message:
    family, length, packed = _network(address)
    body = IFADDRMSG.pack(family, length, 0, 0, index)
    return Message(kind, flags, body + attribute(IFA_LOCAL, packed) + attribute(IFA_ADDRESS, packed))


def add_address(index: int, address: str) -> Message:
    """Give an interface an address, with prefix length (RTM_NEWADDR)."""
    return _address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address)


def add_again(data: bytes, offset: int, end: int) -> Message:
    """Give an interface an address as the kernel has described it before, in the body of RTM_NEWADDR."""
    return Message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, data[offset:end])


def delete_address(index: int, address: str) -> Message:
    """Take an address, with prefix length, from an interface (RTM_DELADDR)."""
    return _address(RTM_DELADDR, 0, index, address)


def _route(kind: int, flags: int, route: RouteRecord) -> Message:
    family, length, packed = _network(route.destination)
    table = route.table if route.table < 256 else 0
    next_hop_flags = RTNH_F_ONLINK if route.is_onlink else 0
    body = RTMSG.pack(family, length, 0, 0, table, route.protocol, route.scope, route.kind, next_hop_flags)
    body += number(RTA_TABLE, route.table)
    if length:
        body += attribute(RTA_DST, packed)
    if route.metric:
        body += number(RTA_PRIORITY, route.metric)
    if route.gateway:
        gateway_family = socket.AF_INET6 if ":" in route.gateway else socket.AF_INET
        gateway = socket.inet_pton(gateway_family, route.gateway)
        if gateway_family == family:
            body += attribute(RTA_GATEWAY, gateway)
        else:
            body += attribute(RTA_VIA, struct.pack("=H", gateway_family) + gateway)
    if route.ifindex:
        body += number(RTA_OIF, route.ifindex)
    return Message(kind, flags, body)


def add_route(route: RouteRecord) -> Message:
    """Add a route where none of its destination, metric and table is (RTM_NEWROUTE with NLM_F_EXCL)."""
    return _route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route)


def replace_route(route: RouteRecord) -> Message:
    """Exchange the route of the same destination, metric and table without a gap (RTM_NEWROUTE with NLM_F_REPLACE)."""
    return _route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route)


def delete_route(route: RouteRecord) -> Message:
    """Delete exactly this route (RTM_DELROUTE)."""
    return _route(RTM_DELROUTE, 0, route)


def dump_links() -> Message:
    """Ask for all interfaces, without their counters (RTM_GETLINK)."""
    return Message(
        RTM_GETLINK, NLM_F_DUMP, IFINFOMSG.pack(0, 0, 0, 0, 0) + number(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
    )


def get_link(index: int = 0, name: str = "") -> Message:
    """Ask for one interface by its index, or where that is 0, by its name (RTM_GETLINK)."""
    parts = number(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
    if name:
        parts += text(IFLA_IFNAME, name)
    return Message(RTM_GETLINK, 0, IFINFOMSG.pack(0, 0, index, 0, 0) + parts)


def dump_addresses(family: int = socket.AF_INET) -> Message:
    """Ask for all addresses of a family (RTM_GETADDR)."""
    return Message(RTM_GETADDR, NLM_F_DUMP, IFADDRMSG.pack(family, 0, 0, 0, 0))


def dump_routes(family: int = socket.AF_INET, table: int = 0) -> Message:
    """Ask for all routes of a family (RTM_GETROUTE), in all tables or one (needs NETLINK_GET_STRICT_CHK)."""
    parts = number(RTA_TABLE, table) if table else b""
    return Message(RTM_GETROUTE, NLM_F_DUMP, RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0) + parts)


class Packet(t.NamedTuple):
    """An IPv4 packet that comes in by an interface."""

    destination: str
    source: str
    device: str


def get_route(packet: Packet, ifindex: int) -> Message:
    """Ask which way a packet would take (RTM_GETROUTE).

    ifindex: of the interface by which it comes in.
    """
    ends = [(RTA_DST, packet.destination), (RTA_SRC, packet.source)]
    parts = b"".join(attribute(kind, socket.inet_pton(socket.AF_INET, address)) for kind, address in ends)
    return Message(
        RTM_GETROUTE, 0, RTMSG.pack(socket.AF_INET, 32, 32, 0, 0, 0, 0, 0, 0) + parts + number(RTA_IIF, ifindex)
    )


def get_namespace_id(namespace_fd: int) -> Message:
    """Ask for the id by which the socket's namespace knows another, given as an open file (RTM_GETNSID)."""
    return Message(RTM_GETNSID, 0, RTGENMSG.pack(0) + number(NETNSA_FD, namespace_fd))
