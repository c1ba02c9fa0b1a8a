# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translation of addresses in the real kernel: who reaches whom from where, and as whom.

The node has two workloads, web1 and web2; beside it is node2 with its workload far. Outside of the fabric are router,
middle and beyond, in a row. Nobody outside has a route to the pools, but there is one to the floating IPs.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import typing as t

import pytest
from box import Box, workload

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import KernelError
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import connections, conntrack
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.rtnetlink import RtnetlinkSocket

PATIENCE = 30.0
NODE = ""
WEB1, WEB2, FAR = "10.1.0.1", "10.1.0.2", "10.1.1.2"
NODE2, ROUTER, BEYOND = "192.0.3.2", "192.0.2.2", "203.0.113.2"
FLOATING, OTHER = "198.51.100.10", "198.51.100.11"
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM

Options = t.Dict[str, t.Any]


def floating(snat: str = "hairpin", workload: str = WEB1, address: str = FLOATING) -> Options:
    return {"address": address, "workload_address": workload, "snat": snat}


def options(*floating_ips: Options, exclusions: str = "pools", address: str = "masquerade") -> Options:
    return {
        "inside": ["10.1.0.0/16", f"{FLOATING}/32", f"{OTHER}/32"],
        "nodes": [NODE2, "192.0.3.1"],
        "outgoing": [{"pool": "10.1.0.0/16", "exclusions": exclusions, "address": address}],
        "floating_ips": list(floating_ips),
    }


def wire(box: Box, one: str, other: str, subnet: str, mtu: int = 1500) -> None:
    """Connect two namespaces: the first has .1 of a /24, the second .2."""
    ends = ((one, f"{one}-{other}", 1), (other, f"{other}-{one}", 2))
    box.ip(f"link add {ends[0][1]} mtu {mtu} type veth peer name {ends[1][1]} mtu {mtu}")
    for place, device, number in ends:
        inside = f"-n {place} " if place != "node" else ""
        if inside:
            box.ip(f"link set {device} netns {place}")
        box.ip(f"{inside}address add {subnet}.{number}/24 dev {device}")
        box.ip(f"{inside}link set {device} up")


def prepare(box: Box) -> None:
    box.turn_ipv6_off()
    box.workloads({**workload("web1", WEB1), "floating_ips": [FLOATING, OTHER]}, workload("web2", WEB2))
    for name in ("router", "middle", "beyond", "node2", "far"):
        box.add_namespace_of_others(name)
        box.ip(f"-n {name} link set lo up")
    wire(box, "node", "router", "192.0.2")
    wire(box, "router", "middle", "192.0.4", mtu=1400)
    wire(box, "middle", "beyond", "203.0.113")
    wire(box, "node", "node2", "192.0.3")
    wire(box, "node2", "far", "10.1.1")
    routes = (
        "route add 203.0.113.0/24 via 192.0.2.2",
        "route add 192.0.4.0/24 via 192.0.2.2",
        "route add 10.1.1.0/24 via 192.0.3.2",
        "-n node2 route add 10.1.0.0/24 via 192.0.3.1",
        "-n node2 route add 198.51.100.0/24 via 192.0.3.1",
        "-n far route add default via 10.1.1.1",
        "-n router route add 198.51.100.0/24 via 192.0.2.1",
        "-n router route add 192.0.3.0/24 via 192.0.2.1",
        "-n router route add 203.0.113.0/24 via 192.0.4.2",
        "-n middle route add default via 192.0.4.1",
        "-n beyond route add default via 203.0.113.1",
    )
    for words in routes:
        box.ip(words)
    for name in ("router", "middle", "node2"):
        with box.inside(name):
            box.set("ipv4/ip_forward", "1")


@contextlib.contextmanager
def opened(box: Box, place: str, kind: socket.SocketKind) -> t.Iterator[socket.socket]:
    """A socket in a namespace."""
    with box.inside(place) if place else contextlib.nullcontext():
        made = socket.socket(socket.AF_INET, kind)
    made.settimeout(PATIENCE)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with made:
        yield made


def seen(box: Box, client: str, address: str, server: str, kind: socket.SocketKind) -> str:
    """As whom a server sees a client that calls an address; it must get an answer from there."""
    with opened(box, server, kind) as serving, opened(box, client, kind) as calling:
        serving.bind(("0.0.0.0", 7000))
        if kind == TCP:
            serving.listen()
        calling.connect((address, 7000))
        calling.send(b"question")
        if kind == TCP:
            accepted, (caller, _port) = serving.accept()
            with accepted:
                accepted.send(accepted.recv(100))
        else:
            question, (caller, port) = serving.recvfrom(100)
            serving.sendto(question, (caller, port))
        assert calling.recv(100) == b"question"
    return str(caller)


def answers(box: Box, place: str, address: str) -> bool:
    inside = ["ip", "netns", "exec", place] if place else []
    command = [*inside, "ping", "-n", "-c", "1", "-W", "1", address]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0


class Way(t.NamedTuple):
    """Who calls which address, who answers, and as whom the caller is seen."""

    client: str
    address: str
    server: str
    seen_as: str


HAIRPIN, ALWAYS, NONE = (options(floating(snat)) for snat in ("hairpin", "always", "none"))
WAYS: t.Mapping[str, t.Tuple[Options, t.Sequence[Way]]] = {
    "a workload outside is seen as its node, inside as itself": (
        HAIRPIN,
        [
            Way("web2", ROUTER, "router", "192.0.2.1"),
            Way("web1", BEYOND, "beyond", "192.0.2.1"),
            Way("web1", NODE2, "node2", "192.0.3.1"),
            Way("web1", FAR, "far", WEB1),
            Way("far", WEB1, "web1", FAR),
            Way("web1", WEB2, "web2", WEB1),
            Way("web1", "192.0.2.1", NODE, WEB1),
            Way(NODE, WEB1, "web1", "192.0.2.1"),
        ],
    ),
    "nodes see it as itself where they are spared": (
        options(exclusions="pools_and_nodes"),
        [Way("web1", NODE2, "node2", WEB1), Way("web1", ROUTER, "router", "192.0.2.1")],
    ),
    "it is seen as an address that is given": (
        options(address="192.0.3.1"),
        [Way("web1", ROUTER, "router", "192.0.3.1"), Way("web1", FAR, "far", WEB1)],
    ),
    "a floating IP leads to its workload, which sees who calls": (
        HAIRPIN,
        [
            Way("beyond", FLOATING, "web1", BEYOND),
            Way("node2", FLOATING, "web1", NODE2),
            Way("far", FLOATING, "web1", FAR),
            Way("web2", FLOATING, "web1", WEB2),
            Way(NODE, FLOATING, "web1", "192.0.2.1"),
            Way("web1", FLOATING, "web1", FLOATING),
        ],
    ),
    "a workload that always has its floating IP has it outside, and is itself inside": (
        ALWAYS,
        [
            Way("web1", BEYOND, "beyond", FLOATING),
            Way("web1", NODE2, "node2", FLOATING),
            Way("web1", FAR, "far", WEB1),
            Way("web1", WEB2, "web2", WEB1),
            Way("web1", FLOATING, "web1", FLOATING),
            Way("web2", BEYOND, "beyond", "192.0.2.1"),
        ],
    ),
    "one that never has it is seen as its node outside": (
        NONE,
        [Way("web1", BEYOND, "beyond", "192.0.2.1"), Way("beyond", FLOATING, "web1", BEYOND)],
    ),
    "of two floating IPs of a workload both lead to it, and it appears by the lower": (
        options(floating("always", address=OTHER), floating("always")),
        [
            Way("beyond", OTHER, "web1", BEYOND),
            Way("beyond", FLOATING, "web1", BEYOND),
            Way("web1", OTHER, "web1", FLOATING),
            Way("web1", ROUTER, "router", FLOATING),
        ],
    ),
    "a floating IP that another workload calls by its own": (
        options(floating("always"), floating("always", WEB2, OTHER)),
        [Way("web1", OTHER, "web2", WEB1), Way("far", OTHER, "web2", FAR)],
    ),
}


@pytest.mark.parametrize("case", WAYS)
def test_every_answer_comes_back_and_the_server_sees(box: Box, case: str) -> None:
    prepare(box)
    given, ways = WAYS[case]
    box.run("nat", **given)
    for way in ways:
        for kind in (TCP, UDP):
            assert (way, seen(box, *way[:3], kind)) == (way, way.seen_as)
        assert answers(box, way.client, way.address), way


def test_without_hairpin_a_workload_does_not_reach_its_own_floating_ip(box: Box) -> None:
    prepare(box)
    box.run("nat", **NONE)
    assert answers(box, "web2", FLOATING)
    assert not answers(box, "web1", FLOATING)


def test_udp_never_leaves_by_a_port_of_a_tunnel_and_tcp_by_any(box: Box) -> None:
    prepare(box)
    box.run("nat", **HAIRPIN)
    ports = set()
    with opened(box, "router", UDP) as serving:
        serving.bind(("0.0.0.0", 7000))
        for number in range(500):
            with opened(box, "web1", UDP) as calling:
                calling.bind((WEB1, 4789 if not number else 40000 + number))
                calling.sendto(b"?", (ROUTER, 7000))
            ports.add(serving.recvfrom(100)[1][1])
    assert min(ports) >= 10000
    assert max(ports) <= 51819
    # Drawn, not counted up: most of 500 differ by more than one from every other.
    assert len(ports) > 450
    assert len({port + 1 for port in ports} & ports) < 50
    assert box.info("nat_info")["connections"] == {"masquerade": 500}


@pytest.mark.parametrize(("client", "address", "server"), [("web1", BEYOND, "beyond"), ("beyond", FLOATING, "web1")])
def test_large_packets_learn_of_a_narrow_link_on_their_way(box: Box, client: str, address: str, server: str) -> None:
    prepare(box)
    box.run("nat", **ALWAYS)
    data = bytes(range(240)) * 250
    with opened(box, server, TCP) as serving, opened(box, client, TCP) as calling:
        serving.bind(("0.0.0.0", 7000))
        serving.listen()
        calling.connect((address, 7000))
        accepted, _caller = serving.accept()
        with accepted:
            accepted.settimeout(PATIENCE)
            for sender, receiver in ((calling, accepted), (accepted, calling)):
                sender.sendall(data)
                assert read(receiver, len(data)) == data
            path_mtus = [one.getsockopt(socket.IPPROTO_IP, 14) for one in (calling, accepted)]
    assert path_mtus == [1400, 1400]


def read(receiver: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = receiver.recv(length)
        assert part
        data += part
    return data


def begun_to(address: str) -> int:
    """How many connections the kernel knows that were begun to an address."""
    with RtnetlinkSocket(12) as inside:
        shown = [conntrack.parse_connection(*body[1:]) for body in inside.dump(conntrack.dump_connections())]
    return sum(one.destination == socket.inet_aton(address) for one in shown)


def test_a_steady_caller_follows_a_floating_ip_to_another_workload_and_none_reaches_one_that_is_gone(box: Box) -> None:
    prepare(box)
    box.run("nat", **HAIRPIN)
    # So that what was sent last arrives last.
    box.ip("-n router route add 10.1.0.0/24 via 192.0.2.1")
    with opened(box, "web1", UDP) as first, opened(box, "web2", UDP) as second, opened(box, "router", UDP) as calling:
        for serving in (first, second):
            serving.bind(("0.0.0.0", 7000))

        def say(words: bytes) -> None:
            calling.sendto(words, (FLOATING, 7000))
            for own in (WEB1, WEB2):
                calling.sendto(b"own", (own, 7000))

        say(b"one")
        assert {first.recv(100), first.recv(100)} == {b"one", b"own"}
        assert second.recv(100) == b"own"
        moved = box.run("nat", **options(floating(workload=WEB2)))
        assert moved[0].startswith("~ NAT for 1 floating IP  198.51.100.10 : 10.1.0.1")
        say(b"two")
        assert {second.recv(100), second.recv(100)} == {b"two", b"own"}
        assert first.recv(100) == b"own"
        assert begun_to(FLOATING) == 1
        assert begun_to(WEB1) == 1
        box.run("nat", **options())
        assert begun_to(FLOATING) == 0
        assert begun_to(WEB1) == 1
        say(b"three")
        assert first.recv(100) == b"own"
        assert second.recv(100) == b"own"


def test_a_caller_who_has_tried_before_reaches_a_floating_ip_as_soon_as_it_comes(box: Box) -> None:
    prepare(box)
    box.run("nat", **options())
    with opened(box, "web1", UDP) as serving, opened(box, "router", UDP) as calling:
        serving.bind(("0.0.0.0", 7000))
        calling.sendto(b"early", (FLOATING, 7000))
        assert begun_to(FLOATING) == 1
        box.run("nat", **HAIRPIN)
        calling.sendto(b"late", (FLOATING, 7000))
        assert serving.recv(100) == b"late"


def test_nothing_remains_changed_where_connections_cannot_be_ended(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(box)
    box.run("nat", **options())
    before = box.info("nat_info")

    def refuse(_destinations: t.AbstractSet[str]) -> None:
        raise KernelError("connections cannot be ended: Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(connections, "end_connections", refuse)
        assert "connections cannot be ended: Operation not permitted" in box.error_of("nat", **HAIRPIN)
    assert box.info("nat_info") == before


def test_once_and_then_never_again_and_gone_without_a_trace(box: Box) -> None:
    prepare(box)
    nothing = {"is_translating": False, "outgoing": {}, "floating_ips": {}, "connections": {}}
    assert box.info("nat_info") == nothing
    before = box.state()
    assert box.run("nat", **ALWAYS) == ("+ NAT for 1 floating IP",)
    assert box.run("nat", **ALWAYS) == ()
    assert box.info("nat_info") == {
        "is_translating": True,
        "outgoing": {"masquerade": ["10.1.0.0-10.1.255.255"]},
        "floating_ips": {FLOATING: WEB1},
        "connections": {"masquerade": 0},
    }
    assert box.run("nat", state="absent") == ("- NAT for 1 floating IP",)
    assert box.run("nat", state="absent") == ()
    assert box.info("nat_info") == nothing
    assert box.state() ^ before == set()


def test_the_route_to_a_floating_ip_comes_and_goes_with_its_workload_and_one_of_others_is_named(box: Box) -> None:
    box.turn_ipv6_off()
    bare, whole = workload("web1", WEB1), {**workload("web1", WEB1), "floating_ips": [FLOATING]}
    box.workloads(bare)
    box.ip(f"route add {FLOATING}/32 dev lo")
    assert f"route {FLOATING}/32 dev lo scope link stands in the way" in box.error_of("workloads", workloads=[whole])
    box.ip(f"route del {FLOATING}/32 dev lo")
    assert len(box.workloads(whole)) == 3
    assert box.workloads(whole) == ()
    (route,) = box.ip(f"route show {FLOATING}")
    assert route.startswith(f"{FLOATING} dev cali")
    assert len(box.workloads(bare)) == 3
    assert box.workloads(bare) == ()
    assert box.ip(f"route show {FLOATING}") == []


def test_a_table_of_somebody_else_is_named_and_stays(box: Box) -> None:
    subprocess.run(["nft", "add table ip purel3_nat"], check=True)
    assert "NAT stands in the way: it is there and not ours" in box.error_of("nat", **HAIRPIN)
    assert "and what is not ours is never deleted" in box.error_of("nat", state="absent")
