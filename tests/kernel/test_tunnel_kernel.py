# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels in the real kernel, with a real nft; a bridge stands in for tunl0, for the kernel here may lack ipip."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import subprocess
import typing as t

import pytest
from box import Box, workload
from node_program import purel3, save, state_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import MissingDependency
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.encapsulation import guard
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import modules, nf_tables, nftables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.nf_tables import (
    Chain,
    Element,
    Set,
    TableRule,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds import expressions, table
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import table_of

OPTIONS: t.Dict[str, t.Any] = {"address": "10.244.166.190", "endpoints": ["192.168.50.10", "192.168.50.11"]}
MADE = (
    "+ address 10.244.166.190/32 dev tunl0",
    "+ guard of tunnels for 2 endpoints",
    "~ sysctl net.ipv4.conf.tunl0.rp_filter = 0 => sysctl net.ipv4.conf.tunl0.rp_filter = 2",
    "~ tunnel tunl0 mtu 1480 down => tunnel tunl0  10.244.166.190/32  mtu 1480 up",
)


def nft(*words: str) -> str:
    return subprocess.run(["nft", *words], check=True, capture_output=True, encoding="utf-8").stdout


def prepare(box: Box) -> None:
    """A node whose kernel has just loaded its module ipip."""
    box.turn_ipv6_off()
    take_away(box)
    box.ip("link add tunl0 mtu 1480 type bridge")
    box.set("ipv4/conf/tunl0/rp_filter", "0")


def take_away(box: Box) -> None:
    """Rename the real tunl0, which is here if the kernel has loaded ipip for somebody else."""
    if "tunl0" in box.devices():
        box.ip("link set tunl0 name tunl99")


def link(box: Box) -> t.Tuple[t.Any, ...]:
    (found,) = json.loads("".join(box.ip("-j -d address show dev tunl0")))
    addresses = [f"{one['local']}/{one['prefixlen']}" for one in found["addr_info"] if one["family"] == "inet"]
    return "UP" in found["flags"], found["mtu"], found["group"], found.get("ifalias", ""), addresses


def table_there() -> table.Table:
    content = nftables.read_table(guard.FAMILY, guard.TABLE)
    assert content is not None
    return table_of(guard.FAMILY, guard.TABLE, content)


def endpoints() -> t.List[str]:
    return list(guard.endpoints_of(table_there()))


def test_once_and_then_never_again(box: Box) -> None:
    prepare(box)
    assert box.run("tunnel", **OPTIONS) == MADE
    rules = nft("list", "ruleset")
    with box.monitored() as heard:
        assert box.run("tunnel", **OPTIONS) == ()
    assert heard == []
    assert nft("list", "ruleset") == rules
    assert link(box) == (True, 1480, "28726", "purel3 tunnel 10.244.166.190/32", ["10.244.166.190/32"])
    assert endpoints() == OPTIONS["endpoints"]
    assert box.setting("ipv4/conf/tunl0/rp_filter") == "2"


def test_what_was_made_goes_again(box: Box) -> None:
    prepare(box)
    box.set("ipv4/conf/tunl0/rp_filter", "2")
    before = box.state()
    box.run("tunnel", **OPTIONS, mtu=1400)
    assert box.run("tunnel", state="absent") == (
        "- address 10.244.166.190/32 dev tunl0",
        "- guard of tunnels for 2 endpoints",
        "~ tunnel tunl0  10.244.166.190/32  mtu 1400 up => tunnel tunl0 mtu 1480 down",
    )
    assert box.run("tunnel", state="absent") == ()
    assert link(box) == (False, 1480, "default", "", [])
    assert box.state() ^ before == set()
    assert nft("list", "ruleset") == ""


def test_address_mtu_and_endpoints_change_in_place(box: Box) -> None:
    prepare(box)
    box.run("tunnel", **OPTIONS)
    handle = json.loads(nft("-j", "list", "tables"))["nftables"][1]["table"]["handle"]
    box.ip("route add 10.244.104.0/26 dev tunl0 proto bird")
    changed = {"address": "10.244.166.191", "mtu": 1400, "endpoints": ["192.168.50.11", "192.168.50.12"]}
    assert box.run("tunnel", **changed) == (
        "- address 10.244.166.190/32 dev tunl0",
        "+ address 10.244.166.191/32 dev tunl0",
        "~ guard of tunnels for 2 endpoints  192.168.50.10 => guard of tunnels for 2 endpoints  192.168.50.12",
        "~ tunnel tunl0  10.244.166.190/32  mtu 1480 up => tunnel tunl0  10.244.166.191/32  mtu 1400 up",
    )
    assert box.run("tunnel", **changed) == ()
    assert endpoints() == changed["endpoints"]
    # The table is the same one, and BIRD's routes have outlived the change of address.
    assert json.loads(nft("-j", "list", "tables"))["nftables"][1]["table"]["handle"] == handle
    assert box.ip("route show 10.244.104.0/26") == ["10.244.104.0/26 dev tunl0 proto bird scope link"]


TAMPERED: t.Dict[str, t.List[str]] = {
    "a rule is gone": ["flush chain ip purel3_tunnel input"],
    "a rule is added": ["insert rule ip purel3_tunnel input ip saddr 192.0.2.1 accept"],
    "a chain is added": ["add chain ip purel3_tunnel other"],
    "an endpoint is added": ["add element ip purel3_tunnel endpoints { 192.0.2.1 }"],
    "the table is gone": ["delete table ip purel3_tunnel"],
    "everything is gone": ["flush ruleset"],
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_guard_changed_by_hand_is_put_right(case: str, box: Box) -> None:
    prepare(box)
    box.run("tunnel", **OPTIONS)
    before = table_there()
    for command in TAMPERED[case]:
        nft(command)
    assert len(box.run("tunnel", **OPTIONS)) == 1
    assert box.run("tunnel", **OPTIONS) == ()
    assert table_there() == before


def test_many_endpoints(box: Box) -> None:
    prepare(box)
    many = [f"10.0.{number // 250}.{number % 250 + 1}" for number in range(2000)]
    box.run("tunnel", address="10.244.166.190", endpoints=many)
    assert box.run("tunnel", address="10.244.166.190", endpoints=many[::-1]) == ()
    assert len(box.run("tunnel", address="10.244.166.190", endpoints=many[1000:])) == 1
    assert endpoints() == many[1000:]


USED: t.Dict[str, t.Tuple[t.List[str], str]] = {
    "by somebody who set it up": (["link set tunl0 up"], "is up"),
    "by Calico": (
        ["address add 10.244.1.1/32 dev tunl0", "link set tunl0 up"],
        "has address 10.244.1.1/32 dev tunl0, is up",
    ),
    "by somebody who marked it": (["link set tunl0 alias theirs"], "bears group 0 and alias 'theirs'"),
}


@pytest.mark.parametrize("case", USED)
def test_tunl0_used(case: str, box: Box) -> None:
    setup, sign = USED[case]
    prepare(box)
    for words in setup:
        box.ip(words)
    before = box.state()
    assert box.error_of("tunnel", **OPTIONS) == (
        "interface tunl0 stands in the way of tunnel tunl0  10.244.166.190/32  mtu 1480 up: somebody else uses it, for "
        f"it {sign}; end that use, or do without encapsulation"
    )
    assert box.run("tunnel", state="absent") == ()
    assert box.state() ^ before == set()
    assert nft("list", "ruleset") == ""


def test_a_table_that_others_made_is_named_and_stays(box: Box) -> None:
    prepare(box)
    for command in (
        "table ip purel3_tunnel",
        "chain ip purel3_tunnel guard",
        "table ip other",
        "table inet purel3_tunnel",
    ):
        nft(f"add {command}")
    rules, before = nft("list", "ruleset"), box.state()
    assert "guard of tunnels stands in the way: it is there and not ours" in box.error_of("tunnel", **OPTIONS)
    assert "and what is not ours is never deleted" in box.error_of("tunnel", state="absent")
    assert box.state() ^ before == set()
    assert nft("list", "ruleset") == rules


def test_tables_of_others_stay(box: Box) -> None:
    prepare(box)
    for command in (
        "table ip other",
        "table inet purel3_tunnel",
        "chain ip other c { type filter hook input priority 0; }",
    ):
        nft(f"add {command}")
    rules = nft("list", "ruleset")
    box.run("tunnel", **OPTIONS)
    box.run("tunnel", state="absent")
    assert nft("list", "ruleset") == rules


def test_a_kernel_without_nftables_is_told_what_to_do(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(box)
    before = box.state()
    # As a kernel answers that knows nothing of this part of netlink.
    monkeypatch.setattr(nf_tables, "_SUBSYSTEM", 200)
    lacking = "this kernel has no nf_tables; boot one that has, or load its module: modprobe nf_tables"
    sentence = f"guard of tunnels for 2 endpoints: {lacking}"
    proposal = box.plan("tunnel", **OPTIONS)
    assert (proposal.operations, proposal.obstacles) == (MADE, (sentence,))
    assert box.error_of("tunnel", **OPTIONS) == sentence
    assert box.info("tunnel_info")["endpoints"] == []
    with pytest.raises(MissingDependency, match="modprobe nf_tables"):
        nftables.commit([nf_tables.new_table("ip", "any", "")])
    assert box.state() ^ before == set()


def test_a_transaction_that_the_kernel_refuses_is_told_in_its_words(box: Box) -> None:
    prepare(box)
    before = box.state()
    changes = [nf_tables.new_table("ip", "purel3_tunnel", ""), nf_tables.new_chain("ip", "nonesuch", Chain("input"))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "transaction", lambda *_tables: changes)
        complaint = box.error_of("tunnel", **OPTIONS)
    assert complaint == (
        "cannot add guard of tunnels for 2 endpoints: nftables: No such file or directory; nothing remains changed"
    )
    assert box.state() ^ before == set()
    assert nft("list", "ruleset") == ""


WORDS = {
    "ip protocol ipencap": expressions.is_equal(expressions.field("ip", "protocol"), 4),
    "ip saddr != @endpoints": expressions.is_outside("endpoints", expressions.field("ip", "saddr")),
    "ip daddr 10.244.0.1": expressions.is_equal(expressions.field("ip", "daddr"), 0x0AF40001),
    "iifgroup 28723": expressions.is_equal(expressions.meta("iifgroup"), 28723),
    "udp dport 4789": expressions.is_equal(expressions.field("udp", "dport"), 4789),
    "ip saddr 10.244.0.0/20": expressions.is_in_network(expressions.field("ip", "saddr"), 0x0AF40000, 20),
    "ip saddr != 10.244.0.0/20": expressions.is_in_network(
        expressions.field("ip", "saddr"), 0x0AF40000, 20, is_inverted=True
    ),
    "th sport 1024-2047": expressions.is_between(expressions.field("th", "sport"), 1024, 2047),
    "ip protocol != tcp": expressions.is_different(expressions.field("ip", "protocol"), 6),
    "ct state established,related": expressions.is_in_state("established", "related"),
    "iifname . ip saddr @sources": expressions.is_inside(
        "sources", expressions.meta("iifname"), expressions.field("ip", "saddr")
    ),
    "meta l4proto . th dport vmap @ways": expressions.follow(
        "ways", expressions.meta("l4proto"), expressions.field("th", "dport")
    ),
    "icmp type echo-request": expressions.is_equal(expressions.field("icmp", "type"), 8),
    'limit rate 10/second log prefix "db ingress 0: "': expressions.log("db ingress 0: "),
    "jump other": (expressions.jump("other"),),
    "goto other": (expressions.goto("other"),),
    "return": (expressions.RETURN,),
    "accept": (expressions.ACCEPT,),
    "counter packets 0 bytes 0 drop": (expressions.COUNT, expressions.DROP),
}


SOURCES = {
    "meta l4proto udp masquerade to :10000-51819 fully-random": (
        *expressions.is_equal(expressions.meta("l4proto"), 17),
        *expressions.masquerade(None, (10000, 51819)),
    ),
    "masquerade fully-random": expressions.masquerade(None, None),
    "meta l4proto udp snat to 192.0.2.1:10000-51819 fully-random": (
        *expressions.is_equal(expressions.meta("l4proto"), 17),
        *expressions.masquerade(bytes((192, 0, 2, 1)), (10000, 51819)),
    ),
    "snat to 192.0.2.1 fully-random": expressions.masquerade(bytes((192, 0, 2, 1)), None),
    "snat to ip saddr . ip daddr map @hairpins": expressions.source_from(
        "hairpins", expressions.field("ip", "saddr"), expressions.field("ip", "daddr")
    ),
}
DESTINATIONS = {
    "ip protocol tcp dnat to ip daddr map @floating": (
        *expressions.is_equal(expressions.field("ip", "protocol"), 6),
        *expressions.destination_from("floating", expressions.field("ip", "daddr")),
    ),
}
SETS = (
    Set("endpoints", ("ipv4_addr",)),
    Set("sources", ("ifname", "ipv4_addr")),
    Set("ways", ("inet_proto", "inet_service"), is_map=True),
    Set("floating", ("ipv4_addr",), "a map", is_map=True, value_type="ipv4_addr"),
    Set("hairpins", ("ipv4_addr", "ipv4_addr"), is_map=True, value_type="ipv4_addr"),
)
CHAINS: t.Mapping[Chain, t.Mapping[str, expressions.Expressions]] = {
    Chain("any", "input", -300, "filter"): WORDS,
    Chain("any", "postrouting", 100, "nat"): SOURCES,
    Chain("any", "output", -100, "nat"): DESTINATIONS,
}


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: str(chain.hook))
def test_nft_shows_each_rule_in_the_words_that_it_has_for_it(box: Box, chain: Chain) -> None:
    table, words = ("ip", "any"), CHAINS[chain]
    rules = [TableRule(chain.name, steps) for steps in words.values()]
    nftables.commit(
        [
            nf_tables.new_table(*table, ""),
            *(nf_tables.new_set(*table, known, number) for number, known in enumerate(SETS, start=1)),
            *(nf_tables.new_chain(*table, made) for made in (Chain("other"), chain)),
            *(nf_tables.append_rule(*table, rule) for rule in rules),
        ]
    )
    shown = nft("list", "chain", *table, chain.name).splitlines()
    assert [line.strip() for line in shown[3:-2]] == list(words)
    # What nft makes of its own words is the same to the kernel.
    nft("flush", "chain", *table, chain.name)
    for line in words:
        nft("add", "rule", *table, chain.name, line)
    content = nftables.read_table(*table)
    assert content is not None
    assert list(content.rules) == rules
    assert sorted(content.sets) == sorted(SETS)


def test_nft_shows_a_map_of_addresses_as_its_own_and_writes_the_same(box: Box) -> None:
    table, members = (
        ("ip", "any"),
        {
            "floating": {Element(bytes((198, 51, 100, 1)), value=bytes((10, 0, 0, 1)))},
            "hairpins": {Element(bytes((10, 0, 0, 1, 10, 0, 0, 1)), value=bytes((198, 51, 100, 1)))},
        },
    )
    nftables.commit(
        [
            nf_tables.new_table(*table, ""),
            *(nf_tables.new_set(*table, known, number) for number, known in enumerate(SETS[3:], start=1)),
            *(change for name, keys in members.items() for change in nf_tables.add_elements(*table, name, keys)),
        ]
    )
    shown = nft("list", "ruleset")
    assert "198.51.100.1 : 10.0.0.1" in shown
    assert "10.0.0.1 . 10.0.0.1 : 198.51.100.1" in shown
    nft("flush", "ruleset")
    subprocess.run(["nft", "-f", "-"], input=shown, check=True, encoding="utf-8")
    content = nftables.read_table(*table)
    assert content is not None
    assert content.elements == {name: frozenset(keys) for name, keys in members.items()}
    assert set(content.sets) == set(SETS[3:])


# What the release before wrote, word for word.
OF_OLD = """
create table ip purel3_tunnel { comment "purel3.fabric"; }
add set ip purel3_tunnel endpoints { type ipv4_addr; comment "purel3.fabric"; }
add chain ip purel3_tunnel prerouting { type filter hook prerouting priority -300; policy accept; }
add chain ip purel3_tunnel input { type filter hook input priority -300; policy accept; }
add element ip purel3_tunnel endpoints { 192.168.50.10, 192.168.50.11 }
add rule ip purel3_tunnel prerouting ip protocol 4 iifgroup 28723 counter drop comment "from workloads"
add rule ip purel3_tunnel input ip protocol 4 ip saddr != @endpoints counter drop comment "from others than nodes"
"""


def test_a_guard_of_the_release_before_is_the_same_to_the_kernel_and_to_nft(box: Box) -> None:
    prepare(box)
    subprocess.run(["nft", "-f", "-"], input=OF_OLD, check=True, encoding="utf-8")
    shown = nft("list", "ruleset")
    assert "+ guard" not in "\n".join(box.run("tunnel", **OPTIONS))
    assert nft("list", "ruleset") == shown
    nft("delete table ip purel3_tunnel")
    assert box.run("tunnel", **OPTIONS) == ("+ guard of tunnels for 2 endpoints",)
    assert nft("list", "ruleset") == shown


def test_fifty_thousand_keys_are_all_read_right_after_they_are_written(box: Box) -> None:
    keys = frozenset(Element((10 << 24 | number).to_bytes(4, "big")) for number in range(50_000))
    made = Set("many", ("ipv4_addr",))
    changes = [nf_tables.new_table("ip", "any", ""), nf_tables.new_set("ip", "any", made, 1)]
    nftables.commit([*changes, *nf_tables.add_elements("ip", "any", "many", sorted(keys))])
    content = nftables.read_table("ip", "any")
    assert content is not None
    assert content.elements["many"] == keys


def test_a_kernel_without_ipip_is_named_before_anything_is_changed(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    take_away(box)
    monkeypatch.setattr(modules, "state", lambda name: modules.MISSING)
    before = box.state()
    assert (
        " has no module ipip, which encapsulation needs; install"
        in box.info("tunnel_info", address="10.1.0.1")["faults"][0]
    )
    assert box.state() ^ before == set()


def test_a_tunnel_as_data(box: Box) -> None:
    prepare(box)
    nothing = {
        "address": "",
        "mtu": 0,
        "is_up": False,
        "endpoints": [],
        "dropped": {"from_others": 0, "from_workloads": 0},
        "faults": [],
    }
    assert box.info("tunnel_info", address="10.244.166.190") == nothing
    assert box.run("tunnel", **OPTIONS) == MADE
    assert box.info("tunnel_info") == {
        **nothing,
        **OPTIONS,
        "mtu": 1480,
        "is_up": True,
    }
    box.run("tunnel", state="absent")
    box.ip("link set tunl0 up")
    (fault,) = box.info("tunnel_info", address="10.244.166.190")["faults"]
    assert fault.startswith("interface tunl0 stands in the way of tunnel tunl0  10.244.166.190/32 ")


def test_a_node_that_would_send_from_an_address_that_no_node_has_is_told(box: Box) -> None:
    prepare(box)
    connect(box, "wire", "192.168.50", 11)
    options = {"address": "10.244.166.190", "peers": ["192.168.50.11", "192.0.2.1"]}
    assert box.info("tunnel_info", **options, endpoints=["192.168.50.10", "192.168.50.11"])["faults"] == []
    (fault,) = box.info("tunnel_info", **options, endpoints=["192.168.50.11"])["faults"]
    assert fault.startswith("packets in the tunnel to 192.168.50.11 would come from 192.168.50.10, which no node ")
    (fault,) = box.info("tunnel_info", address="10.244.166.190/32")["faults"]
    assert fault.startswith("address 10.244.166.190/32 is not an IPv4 address without prefix length")


def packet(protocol: int, source: str, destination: str, content: bytes) -> bytes:
    """An IP packet; the kernel fills in the checksum."""
    addresses = socket.inet_aton(source), socket.inet_aton(destination)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(content), 0, 0, 64, protocol, 0, *addresses) + content


def passes(box: Box, source: str, to: str, inside: str, at: str = "") -> bool:
    """Whether a packet with another one in it is delivered; a count of those dropped would not say so.

    One of ICMP follows it on the same CPU, where none overtakes another, and is always delivered.

    Args:
        source: an address.
        to: an address.
        inside: the namespace where it is sent.
        at: the namespace where it should arrive; the node itself by default.
    """
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with contextlib.ExitStack() as sockets:
        with box.inside(at) if at else contextlib.nullcontext():
            tunnelled, following = (
                sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol))
                for protocol in (socket.IPPROTO_IPIP, socket.IPPROTO_ICMP)
            )
        with box.inside(inside):
            there = sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
        inner = packet(socket.IPPROTO_ICMP, "0.0.0.0", "0.0.0.0", b"")
        there.sendto(packet(socket.IPPROTO_IPIP, source, to, inner), (to, 0))
        mark = os.urandom(8)
        there.sendto(packet(socket.IPPROTO_ICMP, source, to, mark), (to, 0))
        following.settimeout(60)
        while following.recv(100)[20:] != mark:
            pass
        if not select.select([tunnelled], [], [], 0)[0]:
            return False
        assert tunnelled.recv(100)[12:20] == socket.inet_aton(source) + socket.inet_aton(to)
        return True


def packets() -> int:
    return sum(guard.dropped(nftables.read_table(guard.FAMILY, guard.TABLE)).values())


def connect(box: Box, name: str, network: str, *hosts: int) -> None:
    """A network between the node, which is host 10 there, and a namespace."""
    box.add_namespace_of_others(name)
    box.ip(f"link add to-{name} type veth peer name eth0 netns {name}")
    box.ip(f"address add {network}.10/24 dev to-{name}")
    box.ip(f"link set to-{name} up")
    for host in hosts:
        box.ip(f"-n {name} address add {network}.{host}/24 dev eth0")
    box.ip(f"-n {name} link set eth0 up")
    box.ip(f"-n {name} route add default via {network}.10")


def test_packets_of_nodes_alone_are_delivered_to_the_tunnel(box: Box) -> None:
    prepare(box)
    connect(box, "wire", "192.168.50", 11, 99)
    connect(box, "beyond", "192.168.51", 99)
    box.settle()
    box.run("tunnel", **OPTIONS)
    # The source guard, too, would stop all that this one sends.
    box.workloads(workload("web1", "10.244.166.129", source_spoofing="any"))
    box.settle()

    assert passes(box, "192.168.50.11", "192.168.50.10", "wire")
    assert not passes(box, "192.168.50.99", "192.168.50.10", "wire")
    assert box.info("tunnel_info")["dropped"] == {"from_others": 1, "from_workloads": 0}
    # From a workload, even if it bears the address of a node, and whether it is for this node or for the next.
    box.set("ipv4/conf/all/rp_filter", "0")
    assert not passes(box, "192.168.50.11", "192.168.50.10", "web1")
    assert not passes(box, "192.168.50.11", "192.168.51.99", "web1", "beyond")
    assert not passes(box, "10.244.166.129", "192.168.51.99", "web1", "beyond")
    assert box.info("tunnel_info")["dropped"] == {"from_others": 1, "from_workloads": 3}

    box.run("tunnel", address="10.244.166.190", endpoints=["192.168.50.99"])
    assert passes(box, "192.168.50.99", "192.168.50.10", "wire")
    assert not passes(box, "192.168.50.11", "192.168.50.10", "wire")


def test_what_others_send_each_other_through_the_node_passes(box: Box) -> None:
    prepare(box)
    connect(box, "wire", "192.168.50", 99)
    connect(box, "beyond", "192.168.51", 99)
    box.settle()
    box.set("ipv4/ip_forward", "1")
    box.run("tunnel", **OPTIONS)
    assert passes(box, "192.168.50.99", "192.168.51.99", "wire", "beyond")
    assert packets() == 0


def test_the_command_guard_says_who_may_and_what_was_dropped(box: Box) -> None:
    prepare(box)
    connect(box, "wire", "192.168.50", 11, 99)
    save(state_of())
    none = purel3("guard")
    assert (none.returncode, none.stdout) == (1, "There is no guard, and so no tunnel.\n")
    box.run("tunnel", **OPTIONS)
    assert not passes(box, "192.168.50.99", "192.168.50.10", "wire")
    shown = purel3("guard")
    assert (shown.returncode, shown.stdout) == (
        0,
        "Packets come out of the tunnel from\n  192.168.50.10\n  192.168.50.11\n"
        "dropped from workloads: 0\ndropped from others than nodes: 1\n",
    )
    assert json.loads(purel3("guard", "-o", "json").stdout) == {
        "is_guarded": True,
        "endpoints": ["192.168.50.10", "192.168.50.11"],
        "dropped": {"from_workloads": 0, "from_others": 1},
    }
