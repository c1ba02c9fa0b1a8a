# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says, decoded by us and by pyroute2."""

from __future__ import annotations

import socket
import typing as t

from box import Box, workload
from pyroute2.netlink import nlmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import records, wire
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.rtnetlink import Body, RtnetlinkSocket

SETUP = (
    "netns add blue",
    "link add br0 type bridge",
    "link set br0 up alias described mtu 1300 group 7",
    "link add va type veth peer name vb",
    "link add vc type veth peer name vd netns blue",
    "link set va address 02:00:00:00:00:01 addrgenmode none",
    "link set va up",
    "link set vb up",
    "link set vc up addrgenmode none",
    "address add 192.0.2.1/24 dev br0",
    "address add 192.0.2.2/24 dev br0",
    "address add 198.51.100.1 peer 198.51.100.2/32 dev va",
    "address add 2001:db8::1/64 dev br0 nodad",
    "route add 10.1.0.0/24 dev br0 metric 32 proto bird",
    "route add 10.2.0.0/24 via 192.0.2.9 dev br0 onlink",
    "route add default via 192.0.2.9",
    "route add blackhole 10.3.0.0/24",
    "route add unreachable 10.4.0.0/24 metric 4294967295 table 70000",
    "route add prohibit 10.5.0.0/24 table 100",
    "route add 10.6.0.0/24 nexthop via 192.0.2.8 nexthop via 192.0.2.9",
    "route add 10.7.0.0/24 via inet6 2001:db8::9 dev br0",
    "nexthop add id 5 via 192.0.2.7 dev br0",
    "route add 10.8.0.0/24 nhid 5",
    "-6 route add 2001:db8:1::/48 via 2001:db8::9",
)
Seen = t.Tuple[t.Any, ...]


def captured(message: wire.Message) -> t.List[Body]:
    with RtnetlinkSocket() as netlink:
        return netlink.dump(message)


def judged(body: Body, kind: t.Type[nlmsg]) -> nlmsg:
    _kind, data, start, end = body
    decoded = kind(data[start - 16 : end])
    decoded.decode()
    return decoded


def mode_of(link: nlmsg) -> t.Optional[int]:
    families = link.get_attr("IFLA_AF_SPEC")
    of_ipv6 = families.get_attr("AF_INET6") if families is not None else None
    return of_ipv6.get_attr("IFLA_INET6_ADDR_GEN_MODE") if of_ipv6 is not None else None


def kind_of(link: nlmsg) -> str:
    info = link.get_attr("IFLA_LINKINFO")
    return info.get_attr("IFLA_INFO_KIND") if info is not None else ""


def prepare(box: Box) -> None:
    for words in SETUP:
        box.ip(words)
    box.workloads(workload("web1", "10.244.1.1"), workload("web2", "10.244.1.2", netns="blue"))


def test_links(box: Box) -> None:
    prepare(box)
    bodies = captured(wire.dump_links())
    assert len(bodies) == 7
    for body in bodies:
        link = judged(body, ifinfmsg)
        assert records.parse_link(*body[1:]) == records.LinkRecord(
            link["index"],
            link.get_attr("IFLA_IFNAME"),
            link.get_attr("IFLA_ADDRESS"),
            link.get_attr("IFLA_MTU"),
            bool(link["flags"] & 1),
            link.get_attr("IFLA_GROUP"),
            link.get_attr("IFLA_IFALIAS") or "",
            kind_of(link),
            link.get_attr("IFLA_LINK") or 0,
            link.get_attr("IFLA_LINK_NETNSID"),
            mode_of(link),
        )


def test_addresses(box: Box) -> None:
    prepare(box)
    bodies = captured(wire.dump_addresses()) + captured(wire.dump_addresses(socket.AF_INET6))
    assert len(bodies) > 5
    for body in bodies:
        address = judged(body, ifaddrmsg)
        text = address.get_attr("IFA_LOCAL") or address.get_attr("IFA_ADDRESS")
        assert records.parse_address(*body[1:]) == (address["index"], f"{text}/{address['prefixlen']}")


def gateway_of(route: nlmsg) -> str:
    via = route.get_attr("RTA_VIA")
    return via["addr"] if via else route.get_attr("RTA_GATEWAY") or ""


def test_routes(box: Box) -> None:
    prepare(box)
    bodies = captured(wire.dump_routes()) + captured(wire.dump_routes(socket.AF_INET6))
    assert len(bodies) > 25
    found = set()
    for body in bodies:
        route = judged(body, rtmsg)
        anywhere = "0.0.0.0" if route["family"] == socket.AF_INET else "::"
        record = records.parse_route(*body[1:])
        # pyroute2 does not know RTA_NH_ID, the object that 10.8.0.0/24 goes through.
        assert record == records.RouteRecord(
            route.get_attr("RTA_TABLE"),
            f"{route.get_attr('RTA_DST') or anywhere}/{route['dst_len']}",
            route.get_attr("RTA_PRIORITY") or 0,
            route["type"],
            gateway_of(route),
            route.get_attr("RTA_OIF") or 0,
            route["scope"],
            route["proto"],
            bool(route["flags"] & 4),
            route.get_attr("RTA_MULTIPATH") is None and route.get_attr("RTA_DST") != "10.8.0.0",
        )
        found.add(record.destination)
    assert found >= {f"10.{number}.0.0/24" for number in range(1, 9)} | {"0.0.0.0/0", "10.244.1.1/32"}


def test_one_table(box: Box) -> None:
    prepare(box)
    (body,) = captured(wire.dump_routes(table=100))
    record = records.parse_route(*body[1:])
    assert record is not None
    assert (record.table, record.destination, record.kind) == (100, "10.5.0.0/24", 8)


def test_one_link_and_one_that_is_not_there(box: Box) -> None:
    prepare(box)
    with RtnetlinkSocket() as netlink:
        body = netlink.get(wire.get_link(name="br0"))
        assert body is not None
        assert records.parse_link(*body[1:])[1:7] == (
            "br0",
            judged(body, ifinfmsg).get_attr("IFLA_ADDRESS"),
            1300,
            True,
            7,
            "described",
        )
        assert netlink.get(wire.get_link(name="nothing")) is None


def test_the_words_of_a_refusal_are_the_kernels_own(box: Box) -> None:
    many = [
        wire.add_route(records.RouteRecord(254, f"10.{n}.0.0/24", 0, 6, "", 0, 0, 112, False, True)) for n in range(70)
    ]
    wrong = wire.add_route(records.RouteRecord(254, "10.1.0.0/24", 0, 1, "192.0.2.1", 1, 0, 112, False, True))
    with RtnetlinkSocket() as netlink:
        (refusal,) = netlink.execute([*many[:3], wrong, *many[3:]])
        assert refusal.position == 3
        assert refusal.text == "Network is unreachable (Nexthop has invalid gateway)"
    # The rest of the batch was tried, the next batch was not sent.
    assert len(box.ip("route")) == 63
