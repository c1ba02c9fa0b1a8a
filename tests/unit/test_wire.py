# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message that we build, decoded by pyroute2, which knows nothing of us."""

from __future__ import annotations

import socket
import struct
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroute2.netlink import nlmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.nsidmsg import nsidmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import attributes, records, wire

Decoded = t.Dict[str, t.Any]

CREATE_ONLY = wire.NLM_F_CREATE | wire.NLM_F_EXCL
OUTER = wire.VethEnd("cali977588a87e1", 107, "ee:ee:ee:ee:ee:ee", 1400, 28723)
INNER = wire.VethEnd("eth0", 100, "", 0, 28723)
ONE_QUEUE = {"IFLA_NUM_TX_QUEUES": 1, "IFLA_NUM_RX_QUEUES": 1}
DEFAULT = records.RouteRecord(254, "0.0.0.0/0", 0, 1, "169.254.1.1", 100, 0, 3, False, True)


# What pyroute2 adds of its own.
OF_PYROUTE2 = ("attrs", "header", "state", "__align", "__pad")


def decode(message: wire.Message, kind: t.Type[nlmsg]) -> Decoded:
    """The header's own fields, and the attributes by their names, all as plain data."""
    data = struct.pack("=IHHII", len(message.body) + 16, message.kind, message.flags, 1, 0) + message.body
    decoded = kind(data)
    decoded.decode()
    return plain(decoded)


def plain(found: t.Any) -> Decoded:
    fields = {name: value for name, value in found.items() if name not in OF_PYROUTE2}
    for name, value in found.get("attrs", ()):
        fields[name] = plain(value) if isinstance(value, dict) else value
    return fields


def link(index: int, flags: int = 0, change: int = 0, **attributes: t.Any) -> Decoded:
    header = {"family": 0, "ifi_type": 0, "index": index, "flags": flags, "change": change}
    return {**header, **attributes}


def route(**different: t.Any) -> Decoded:
    header = {"family": 2, "dst_len": 0, "src_len": 0, "tos": 0, "table": 254, "proto": 3, "scope": 0, "type": 1}
    return {**header, "flags": 0, **different}


LINKS: t.Dict[str, t.Tuple[wire.Message, int, int, Decoded]] = {
    "a veth pair": (
        wire.create_veth(INNER, OUTER, 17),
        wire.RTM_NEWLINK,
        CREATE_ONLY,
        link(
            100,
            IFLA_IFNAME="eth0",
            IFLA_GROUP=28723,
            **ONE_QUEUE,
            IFLA_LINKINFO={
                "IFLA_INFO_KIND": "veth",
                "IFLA_INFO_DATA": {
                    "VETH_INFO_PEER": link(
                        107,
                        IFLA_IFNAME="cali977588a87e1",
                        IFLA_GROUP=28723,
                        IFLA_ADDRESS="ee:ee:ee:ee:ee:ee",
                        IFLA_MTU=1400,
                        IFLA_NET_NS_FD=17,
                        **ONE_QUEUE,
                    )
                },
            },
        ),
    ),
    "up": (wire.set_link(7, is_up=True), wire.RTM_SETLINK, 0, link(7, 1, 1)),
    "down": (wire.set_link(7, is_up=False), wire.RTM_SETLINK, 0, link(7, 0, 1)),
    "nothing": (wire.set_link(7), wire.RTM_SETLINK, 0, link(7)),
    "name": (wire.set_link(7, name="cali1"), wire.RTM_SETLINK, 0, link(7, IFLA_IFNAME="cali1")),
    "no alias": (wire.set_link(7, alias=""), wire.RTM_SETLINK, 0, link(7, IFLA_IFALIAS="")),
    "all settings": (
        wire.set_link(7, alias="ours", group=3, link_address="02:00:00:00:00:01", mtu=1500),
        wire.RTM_SETLINK,
        0,
        link(7, IFLA_IFALIAS="ours", IFLA_GROUP=3, IFLA_ADDRESS="02:00:00:00:00:01", IFLA_MTU=1500),
    ),
    "no link-local addresses": (
        wire.set_link(7, addr_gen_mode=wire.ADDR_GEN_NONE),
        wire.RTM_SETLINK,
        0,
        link(7, IFLA_AF_SPEC={"AF_INET6": {"IFLA_INET6_ADDR_GEN_MODE": 1}}),
    ),
    "one deletion": (wire.delete_link(7), wire.RTM_DELLINK, 0, link(7)),
    "the deletion of a group": (wire.delete_group(28725), wire.RTM_DELLINK, 0, link(0, IFLA_GROUP=28725)),
    "a question for all": (wire.dump_links(), wire.RTM_GETLINK, wire.NLM_F_DUMP, link(0, IFLA_EXT_MASK=8)),
    "a question for one": (
        wire.get_link(name="eth0"),
        wire.RTM_GETLINK,
        0,
        link(0, IFLA_EXT_MASK=8, IFLA_IFNAME="eth0"),
    ),
}

ADDRESSES: t.Dict[str, t.Tuple[wire.Message, int, int, Decoded]] = {
    "a new one": (
        wire.add_address(7, "10.244.1.2/32"),
        wire.RTM_NEWADDR,
        CREATE_ONLY,
        {"family": 2, "prefixlen": 32, "IFA_LOCAL": "10.244.1.2", "IFA_ADDRESS": "10.244.1.2"},
    ),
    "a new one of IPv6": (
        wire.add_address(7, "2001:db8::1/64"),
        wire.RTM_NEWADDR,
        CREATE_ONLY,
        {"family": 10, "prefixlen": 64, "IFA_LOCAL": "2001:db8::1", "IFA_ADDRESS": "2001:db8::1"},
    ),
    "a deletion": (
        wire.delete_address(7, "1.1.1.1/24"),
        wire.RTM_DELADDR,
        0,
        {"family": 2, "prefixlen": 24, "IFA_LOCAL": "1.1.1.1", "IFA_ADDRESS": "1.1.1.1"},
    ),
    "a question for all": (
        wire.dump_addresses(),
        wire.RTM_GETADDR,
        wire.NLM_F_DUMP,
        {"family": 2, "prefixlen": 0, "index": 0},
    ),
}

ROUTES: t.Dict[str, t.Tuple[wire.Message, int, int, Decoded]] = {
    "the default route of a workload": (
        wire.add_route(DEFAULT),
        wire.RTM_NEWROUTE,
        CREATE_ONLY,
        route(RTA_TABLE=254, RTA_GATEWAY="169.254.1.1", RTA_OIF=100),
    ),
    "the host route of a workload": (
        wire.add_route(records.RouteRecord(254, "10.244.1.2/32", 0, 1, "", 107, 253, 3, False, True)),
        wire.RTM_NEWROUTE,
        CREATE_ONLY,
        route(dst_len=32, scope=253, RTA_TABLE=254, RTA_DST="10.244.1.2", RTA_OIF=107),
    ),
    "an exchange for a blackhole with a metric in a table of a large number": (
        wire.replace_route(records.RouteRecord(70000, "10.9.0.0/24", 32, 6, "", 0, 0, 112, False, True)),
        wire.RTM_NEWROUTE,
        wire.NLM_F_CREATE | wire.NLM_F_REPLACE,
        route(dst_len=24, table=0, proto=112, type=6, RTA_TABLE=70000, RTA_DST="10.9.0.0", RTA_PRIORITY=32),
    ),
    "a deletion of a route whose next hop counts as connected": (
        wire.delete_route(records.RouteRecord(254, "10.9.0.0/24", 0, 1, "192.0.2.1", 7, 0, 12, True, True)),
        wire.RTM_DELROUTE,
        0,
        route(dst_len=24, proto=12, flags=4, RTA_TABLE=254, RTA_DST="10.9.0.0", RTA_GATEWAY="192.0.2.1", RTA_OIF=7),
    ),
    "a route of IPv4 through a next hop of IPv6": (
        wire.add_route(records.RouteRecord(254, "10.9.0.0/24", 0, 1, "fe80::1", 7, 0, 12, False, True)),
        wire.RTM_NEWROUTE,
        CREATE_ONLY,
        route(
            dst_len=24,
            proto=12,
            RTA_TABLE=254,
            RTA_DST="10.9.0.0",
            RTA_VIA={"family": 10, "addr": "fe80::1"},
            RTA_OIF=7,
        ),
    ),
    "a question for one table": (
        wire.dump_routes(table=100),
        wire.RTM_GETROUTE,
        wire.NLM_F_DUMP,
        route(table=0, proto=0, type=0, RTA_TABLE=100),
    ),
    "a question for all tables": (
        wire.dump_routes(),
        wire.RTM_GETROUTE,
        wire.NLM_F_DUMP,
        route(table=0, proto=0, type=0),
    ),
}


@pytest.mark.parametrize("case", LINKS)
def test_messages_on_links(case: str) -> None:
    message, kind, flags, meaning = LINKS[case]
    assert (message.kind, message.flags) == (kind, flags)
    assert decode(message, ifinfmsg) == meaning


@pytest.mark.parametrize("case", ADDRESSES)
def test_messages_on_addresses(case: str) -> None:
    message, kind, flags, meaning = ADDRESSES[case]
    assert (message.kind, message.flags) == (kind, flags)
    assert decode(message, ifaddrmsg) == {"index": 7, "flags": 0, "scope": 0, **meaning}


@pytest.mark.parametrize("case", ROUTES)
def test_messages_on_routes(case: str) -> None:
    message, kind, flags, meaning = ROUTES[case]
    assert (message.kind, message.flags) == (kind, flags)
    assert decode(message, rtmsg) == meaning


def test_a_question_for_the_way_of_a_packet() -> None:
    message = wire.get_route(wire.Packet("169.254.1.1", "10.244.1.1", "eth0"), 7)
    assert (message.kind, message.flags) == (wire.RTM_GETROUTE, 0)
    asked = {"RTA_DST": "169.254.1.1", "RTA_SRC": "10.244.1.1", "RTA_IIF": 7}
    assert decode(message, rtmsg) == route(dst_len=32, src_len=32, table=0, proto=0, type=0, **asked)


def test_a_question_for_the_id_of_a_namespace() -> None:
    message = wire.get_namespace_id(17)
    assert message.kind == wire.RTM_GETNSID
    assert decode(message, nsidmsg) == {"rtgen_family": 0, "NETNSA_FD": 17}


IPV4 = st.ip_addresses(v=4).map(str)
INDEX = st.integers(1, 2**31 - 1)
WORD = st.integers(0, 2**32 - 1)
NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-_", min_size=1, max_size=15)
MAC = st.binary(min_size=6, max_size=6).map(lambda data: data.hex(":"))
ROUTE = st.builds(
    records.RouteRecord,
    table=st.integers(1, 2**32 - 1),
    destination=st.tuples(IPV4, st.integers(1, 32)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    metric=WORD,
    kind=st.integers(1, 8),
    gateway=st.one_of(st.just(""), IPV4),
    ifindex=st.integers(0, 2**31 - 1),
    scope=st.integers(0, 255),
    protocol=st.integers(0, 255),
    is_onlink=st.booleans(),
    is_simple=st.just(True),
)
QUICK = settings(max_examples=100, deadline=None, derandomize=True)


@QUICK
@given(ROUTE)
def test_any_route_is_read_as_it_was_written(record: records.RouteRecord) -> None:
    message = wire.add_route(record)
    assert records.parse_route(message.body, 0, len(message.body)) == record
    meaning = decode(message, rtmsg)
    assert meaning["RTA_TABLE"] == record.table
    assert f"{meaning['RTA_DST']}/{meaning['dst_len']}" == record.destination
    assert meaning.get("RTA_PRIORITY", 0) == record.metric
    assert meaning.get("RTA_GATEWAY", "") == record.gateway
    assert meaning.get("RTA_OIF", 0) == record.ifindex
    assert (meaning["type"], meaning["scope"], meaning["proto"]) == (record.kind, record.scope, record.protocol)
    assert bool(meaning["flags"] & 4) == record.is_onlink


@QUICK
@given(INDEX, IPV4, st.integers(0, 32))
def test_any_address_is_read_as_it_was_written(index: int, address: str, length: int) -> None:
    message = wire.add_address(index, f"{address}/{length}")
    assert records.parse_address(message.body, 0, len(message.body)) == (index, f"{address}/{length}")
    meaning = decode(message, ifaddrmsg)
    assert (meaning["index"], meaning["IFA_LOCAL"], meaning["prefixlen"]) == (index, address, length)


@QUICK
@given(NAME, INDEX, MAC, st.integers(68, 65535), WORD, st.integers(0, 1023))
def test_any_pair_is_understood(name: str, index: int, mac: str, mtu: int, group: int, fd: int) -> None:
    peer = wire.VethEnd(name, index, mac, mtu, group)
    meaning = decode(wire.create_veth(INNER, peer, fd), ifinfmsg)
    assert meaning["IFLA_LINKINFO"]["IFLA_INFO_DATA"]["VETH_INFO_PEER"] == link(
        index, IFLA_IFNAME=name, IFLA_GROUP=group, IFLA_ADDRESS=mac, IFLA_MTU=mtu, IFLA_NET_NS_FD=fd, **ONE_QUEUE
    )


@QUICK
@given(
    INDEX, st.text(max_size=60).filter(lambda text: "\0" not in text), WORD, MAC, st.integers(1, 65535), st.booleans()
)
def test_any_settings_of_a_link_are_read_as_they_were_written(
    index: int, alias: str, group: int, mac: str, mtu: int, is_up: bool
) -> None:
    message = wire.set_link(index, alias=alias, group=group, link_address=mac, mtu=mtu, is_up=is_up, addr_gen_mode=1)
    record = records.parse_link(message.body, 0, len(message.body))
    assert record == records.LinkRecord(index, "", mac, mtu, is_up, group, alias, "", 0, None, 1)
    meaning = decode(message, ifinfmsg)
    assert (meaning["IFLA_IFALIAS"], meaning["IFLA_GROUP"], meaning["IFLA_ADDRESS"]) == (alias, group, mac)


def test_an_answer_that_is_cut_off_ends_the_reading() -> None:
    message = wire.set_link(7, alias="ours")
    found = attributes.walk(message.body + bytes(8), 16, len(message.body) + 8)
    assert [kind for kind, _start, _stop in found] == [20]
    assert list(attributes.walk(b"\3\0\1\0", 0, 4)) == []


def test_entries_of_the_cache_and_of_other_families_are_no_routes() -> None:
    cached = struct.pack("=BBBBBBBBI", socket.AF_INET, 32, 0, 0, 254, 0, 0, 1, 0x200)
    other = struct.pack("=BBBBBBBBI", 28, 32, 0, 0, 254, 0, 0, 1, 0)
    assert records.parse_route(cached, 0, len(cached)) is None
    assert records.parse_route(other, 0, len(other)) is None
