# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects in words."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.nf_tables import Element
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.address import Address
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.kind import Resource
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.namespace import Namespace
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.ownership import (
    OBJECT_GROUP,
    WORKLOAD_GROUP,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.registry import describe, device_place
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.route import Route
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.sysctl import Sysctl
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import Table
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.tunnel import Tunnel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.veth import End, Veth, pair

PLAIN = Route("", 254, "10.9.0.0/24", 0, 1, "", "eth0", 253, 3)


def end(namespace: str, device: str, group: int = 0, alias: str = "") -> End:
    return End(namespace, device, "", 0, True, group, alias, None)


def guard_for(*keys: bytes) -> Table:
    return Table("ip", "purel3_tunnel", (), (), (), (("endpoints", frozenset(map(Element, keys))),))


WORDS: t.Dict[str, Resource] = {
    "netns blue": Namespace("blue", ""),
    "address 1.1.1.1/24 dev eth0": Address("", "eth0", "1.1.1.1/24"),
    "address 1.1.1.1/24 dev eth0 in netns blue": Address("blue", "eth0", "1.1.1.1/24"),
    "address 1.1.1.1/24 dev eth0 in /proc/7/ns/net": Address("/proc/7/ns/net", "eth0", "1.1.1.1/24"),
    "guard of tunnels for 2 endpoints": guard_for(b"1111", b"2222"),
    "guard of tunnels for 1 endpoint": guard_for(b"1111"),
    "table inet filter": Table("inet", "filter", (), (), (), ()),
    "tunnel tunl0 mtu 1480 down": Tunnel("", "tunl0", 1480, False, 0, ""),
    "tunnel tunl0  10.244.1.1/32  mtu 1400 up": Tunnel("", "tunl0", 1400, True, 28726, "purel3 tunnel 10.244.1.1/32"),
    "sysctl net.ipv4.ip_forward = 1": Sysctl("", "net/ipv4/ip_forward", "1"),
    "sysctl net.ipv4.conf.eth0.proxy_arp = 1 in netns blue": Sysctl("blue", "net/ipv4/conf/eth0/proxy_arp", "1"),
    "route 10.9.0.0/24 dev eth0 scope link": PLAIN,
    "route default via 192.0.2.1 dev eth0 proto bird metric 32 onlink": PLAIN._replace(
        destination="0.0.0.0/0", gateway="192.0.2.1", scope=0, protocol=12, metric=32, is_onlink=True
    ),
    "route default dev eth0 scope link": PLAIN._replace(destination="::/0"),
    "route blackhole 10.9.0.0/24 proto bird": PLAIN._replace(kind=6, device="", scope=0, protocol=12),
    "route unreachable 10.9.0.0/24 table 100": PLAIN._replace(kind=7, device="", scope=0, table=100),
    "route prohibit 10.9.0.0/24 table default in netns blue": PLAIN._replace(
        namespace="blue", kind=8, device="", scope=0, table=253
    ),
    "route 5 10.9.0.0/24 dev eth0 proto 77 scope 100 multipath": PLAIN._replace(
        kind=5, protocol=77, scope=100, is_simple=False
    ),
    "veth b -> a": pair(end("", "a"), end("", "b")),
    "veth b -> a in netns blue": pair(end("blue", "a"), end("", "b")),
    "veth b in netns green -> a in netns blue": pair(end("green", "b"), end("blue", "a")),
    "veth b -> a in netns green": pair(end("", "b", OBJECT_GROUP, "purel3 veth 1.1.1.1/24"), end("green", "a")),
    "workload web1  10.244.1.1/32  cali1 -> eth0": pair(
        end("", "cali1", WORKLOAD_GROUP, "purel3 web1 10.244.1.1/32"), end("web1", "eth0")
    ),
    "workload web1  10.244.1.1/32  cali1 -> eth0 in netns blue": pair(
        end("", "cali1", WORKLOAD_GROUP, "purel3 web1 10.244.1.1/32"), end("blue", "eth0")
    ),
}


@pytest.mark.parametrize("words", WORDS)
def test_an_object_in_words(words: str) -> None:
    assert describe(WORDS[words]) == words


PAIRS: t.Dict[str, t.Tuple[End, End, Veth]] = {
    "the end on the node is the outer one": (
        end("", "a"),
        end("blue", "b"),
        Veth(end("", "a"), end("blue", "b")),
    ),
    "of two namespaces the one that sorts last is outside": (
        end("blue", "b"),
        end("green", "a"),
        Veth(end("green", "a"), end("blue", "b")),
    ),
    "of two names in one namespace likewise": (end("", "a"), end("", "b"), Veth(end("", "b"), end("", "a"))),
    "an end that was not seen is inside": (end("blue", "a"), end("?", ""), Veth(end("blue", "a"), end("?", ""))),
}


@pytest.mark.parametrize("case", PAIRS)
def test_a_pair_is_the_same_whichever_end_is_named_first(case: str) -> None:
    one, other, veth = PAIRS[case]
    assert {pair(*ends) for ends in ((one, other), (other, one))} == {veth}


def test_what_hangs_on_an_interface() -> None:
    hanging = {
        Address("blue", "eth0", "1.1.1.1/24"): ("blue", "eth0"),
        PLAIN: ("", "eth0"),
        PLAIN._replace(device=""): None,
        Sysctl("", "net/ipv4/conf/eth0.100/proxy_arp", "1"): ("", "eth0.100"),
        Sysctl("", "net/ipv4/conf/all/proxy_arp", "1"): None,
        Sysctl("", "net/ipv4/ip_forward", "1"): None,
        Namespace("blue", ""): None,
        Table("ip", "filter", (), (), (), ()): None,
        Tunnel("", "tunl0", 1480, False, 0, ""): ("", "tunl0"),
        pair(end("", "a"), end("", "b")): None,
    }
    assert {resource: device_place(resource) for resource in hanging} == hanging
