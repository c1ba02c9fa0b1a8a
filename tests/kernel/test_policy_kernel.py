# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies in the real kernel: which packets arrive, on a node with nine workloads."""

from __future__ import annotations

import contextlib
import errno
import random
import select
import socket
import struct
import subprocess
import threading
import time
import typing as t
from ipaddress import IPv4Network

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from box import Box, workload
from policy_cases import CASES, ENDPOINTS, attempts

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.policy import (
    ARGUMENT_SPEC,
    propose_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.policy.ruleset import (
    FAMILY,
    TABLE,
    LocalEndpoint,
    ruleset,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.policy.tracking import tracking
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import host_device
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import nftables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.policy.model import (
    PROTOCOLS,
    Policy,
    PolicyRule,
    PortRange,
    Ports,
    Rulebook,
    Side,
    Tier,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.policy.verdict import (
    Attempt,
    is_allowed,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import (
    Table,
    table_of,
    transaction,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux.network import LinuxKernel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.selector import parse

PATIENCE = 30.0
SENTINEL = 253
_ETH_P_IP = 0x0800


def name_of(endpoint: str) -> str:
    return endpoint.replace("/", "-")


LOCAL = [LocalEndpoint(one, host_device(name_of(name))) for name, one in ENDPOINTS.items()]


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def packet(attempt: Attempt, source_port: int) -> bytes:
    """The first packet of a connection, as its sender would send it."""
    source, destination = attempt.source.address.packed, attempt.destination.address.packed
    ports = struct.pack("!HH", source_port, attempt.ports[1])
    if attempt.protocol == PROTOCOLS["tcp"]:
        body = ports + struct.pack("!IIBBHHH", 1, 0, 5 << 4, 0x02, 1024, 0, 0)
        pseudo = source + destination + struct.pack("!BBH", 0, attempt.protocol, len(body))
        body = body[:16] + struct.pack("!H", checksum(pseudo + body)) + body[18:]
    elif attempt.protocol == PROTOCOLS["udp"]:
        body = ports + struct.pack("!HH", 8, 0)
    else:
        # INIT of SCTP (RFC 4960, 3.3.2), without the checksum that nobody here looks at.
        body = ports + struct.pack("!II", 0, 0) + struct.pack("!BBHIIHHI", 1, 0, 20, 1, 1500, 1, 1, 1)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, attempt.protocol, 0)
    return header + source + destination + body


class Wires(contextlib.ExitStack):
    """Raw sockets in each workload, and one on the host, whose packets no policy is about."""

    def __init__(self, box: Box) -> None:
        super().__init__()
        self.senders: t.Dict[str, socket.socket] = {}
        self.receivers: t.Dict[socket.socket, str] = {}
        for name in ENDPOINTS:
            with box.inside(name_of(name)):
                self.senders[name] = self._raw()
                receiver = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            receiver.setblocking(False)
            self.receivers[self.enter_context(receiver)] = name
        self.host = self._raw()

    def _raw(self) -> socket.socket:
        return self.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))

    def warm_up(self, wanted: t.Sequence[t.Tuple[str, Attempt]]) -> None:
        """Make all attempts until all arrive: the first ones wait for the gateway's MAC address, and others do not."""
        deadline = time.monotonic() + PATIENCE
        while self.arrived(wanted, 19999) != {words for words, _attempt in wanted}:
            assert time.monotonic() < deadline

    def arrived(self, wanted: t.Iterable[t.Tuple[str, Attempt]], source_port: int) -> t.Set[str]:
        """Make attempts, and return the words of those that arrived before what the host has sent last."""
        expected = {}
        for words, attempt in wanted:
            data = packet(attempt, source_port)
            expected[data[9:10] + data[12:24]] = words
            assert attempt.source.endpoint
            self.senders[attempt.source.endpoint.name].sendto(data, (str(attempt.destination.address), 0))
        for endpoint in ENDPOINTS.values():
            last = struct.pack("!BBHHHBBH", 0x45, 0, 20, 0, 0, 64, SENTINEL, 0) + bytes(4) + endpoint.address.packed
            self.host.sendto(last, (str(endpoint.address), 0))
        found, waiting, deadline = set(), dict(self.receivers), time.monotonic() + PATIENCE
        while waiting:
            assert time.monotonic() < deadline, f"nothing arrives at {sorted(waiting.values())}"
            for receiver in select.select(list(waiting), [], [], 1)[0]:
                data, (_device, _protocol, kind, *_rest) = receiver.recvfrom(2048)
                if kind == socket.PACKET_OUTGOING:
                    continue
                if data[9] == SENTINEL:
                    del waiting[receiver]
                elif data[9:10] + data[12:24] in expected:
                    found.add(expected[data[9:10] + data[12:24]])
        return found


def apply(box: Box, before: t.Optional[Table], after: Table) -> None:
    nftables.commit(list(transaction(before, after)))
    content = nftables.read_table(FAMILY, TABLE)
    assert content is not None
    assert table_of(FAMILY, TABLE, content) == after
    # The packets of SCTP here have no checksum.
    box.set("netfilter/nf_conntrack_checksum", "0")


def attach(box: Box) -> None:
    box.workloads(*(workload(name_of(name), str(one.address)) for name, one in ENDPOINTS.items()))


def test_exactly_the_expected_attempts_are_denied_in_every_case(box: Box) -> None:
    attach(box)
    before: t.Optional[Table] = None
    with Wires(box) as wires:
        everything = list(attempts())
        wires.warm_up(everything)
        for number, case in enumerate(CASES):
            after = ruleset(case.book, list(ENDPOINTS.values()), LOCAL)
            apply(box, before, after)
            before = after
            allowed = {words for words, _attempt in everything} - case.denied
            assert wires.arrived(everything, 20000 + number) == allowed, case.name


def chance(draw: random.Random, share: float, make: t.Callable[[], t.Any]) -> t.Any:
    return make() if draw.random() < share else None


SELECTORS = [parse(text) for text in ("ns == 'x'", "pod in {'a', 'b'}", "ns != 'y'", "has(none)", "!(pod == 'c')")]
NETS = [IPv4Network(text) for text in ("10.244.0.0/24", "10.244.1.2/32", "10.244.0.0/22", "10.244.2.0/31", "0.0.0.0/1")]
RANGES = [PortRange(80, 80), PortRange(81, 90), PortRange(1, 80), PortRange(81, 40000), PortRange(19000, 30000)]
NAMES = ["serve-80-tcp", "serve-81-udp", "serve-81-sctp"]


def some(draw: random.Random, items: t.Sequence[t.Any]) -> t.Tuple[t.Any, ...]:
    return tuple(draw.sample(items, draw.randint(1, 2)))


def some_ports(draw: random.Random) -> Ports:
    ranges = some(draw, RANGES) if draw.random() < 0.7 else ()
    return Ports(ranges, some(draw, NAMES) if not ranges or draw.random() < 0.3 else ())


def some_side(draw: random.Random, *, has_ports: bool) -> Side:
    share = 0.3 if has_ports else 0
    return Side(
        chance(draw, 0.3, lambda: draw.choice(SELECTORS)),
        chance(draw, 0.15, lambda: draw.choice(SELECTORS)),
        chance(draw, 0.2, lambda: some(draw, NETS)),
        chance(draw, 0.15, lambda: some(draw, NETS)) or (),
        chance(draw, share, lambda: some_ports(draw)),
        chance(draw, share / 2, lambda: some_ports(draw)),
    )


def some_rule(draw: random.Random) -> PolicyRule:
    protocol = chance(draw, 0.7, lambda: PROTOCOLS[draw.choice(["tcp", "udp", "sctp"])])
    not_protocol = chance(draw, 0.1, lambda: PROTOCOLS[draw.choice(["tcp", "udp"])])
    sides = [some_side(draw, has_ports=protocol is not None) for _end in range(2)]
    action = draw.choice(["allow", "allow", "deny", "pass", "log"])
    return PolicyRule(action, protocol, not_protocol, None, None, *sides)


def some_book(draw: random.Random) -> Rulebook:
    tiers = []
    for tier in ("first", "second"):
        policies = []
        for number in range(draw.randint(1, 3)):
            types = frozenset(some(draw, ["ingress", "egress"]))
            rules = [tuple(some_rule(draw) for _rule in range(draw.randint(0, 4))) for _direction in range(2)]
            policies.append(Policy(f"{tier}{number}", draw.choice(SELECTORS), types, *rules))
        tiers.append(Tier(tier, tuple(policies), draw.random() < 0.3))
    return Rulebook(tuple(tiers), draw.random() < 0.7)


def test_the_kernel_decides_as_the_evaluator_does_whatever_the_policies(box: Box) -> None:
    attach(box)
    before: t.Optional[Table] = None
    # Only two in each namespace have the ports that have names.
    endpoints = {name: one if one.labels["pod"] != "c" else one._replace(ports={}) for name, one in ENDPOINTS.items()}
    local = [LocalEndpoint(one, host_device(name_of(name))) for name, one in endpoints.items()]
    everything = list(attempts(endpoints))
    numbers = set()
    with Wires(box) as wires:
        wires.warm_up(everything)
        for seed in range(100):
            source_port = 20000 + seed
            book = some_book(random.Random(seed))
            after = ruleset(book, list(endpoints.values()), local)
            apply(box, before, after)
            before = after
            tried = [(words, one._replace(ports=(source_port, one.ports[1]))) for words, one in everything]
            allowed = {words for words, attempt in tried if is_allowed(book, attempt)}
            numbers.add(len(allowed))
            assert wires.arrived(everything, source_port) == allowed, (seed, book)
    assert len(numbers) > 20


OPTIONS: t.Dict[str, t.Any] = {
    "workloads": ["web1", "db1"],
    "endpoints": {
        "web1": {"address": "10.1.0.1", "labels": {"app": "web"}},
        "db1": {"address": "10.1.0.2", "labels": {"app": "db"}},
        "web2": {"address": "10.1.0.3", "labels": {"app": "web"}},
    },
    "policies": [
        {
            "name": "db",
            "selector": "app == 'db'",
            "ingress": [{"action": "allow", "protocol": "icmp", "source": {"selector": "app == 'web'"}}],
        }
    ],
}


def prepare(box: Box) -> None:
    box.turn_ipv6_off()
    box.workloads(*(workload(name, one["address"]) for name, one in OPTIONS["endpoints"].items()))


def answers(box: Box, source: str, address: str) -> bool:
    command = ["ip", "netns", "exec", source, "ping", "-n", "-c", "1", "-W", "1", address]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0


def packets(box: Box) -> t.Dict[str, int]:
    found: t.Dict[str, int] = box.info("policy_info")["packets"]
    return found


def test_once_and_then_never_again_and_gone_without_a_trace(box: Box) -> None:
    prepare(box)
    assert box.info("policy_info") == {"is_enforced": False, "workloads": 0, "packets": {}}
    assert box.run("policy", **OPTIONS) == ("+ policies for 2 workloads",)
    assert box.run("policy", **OPTIONS) == ()
    assert answers(box, "web1", "10.1.0.2")
    assert not answers(box, "db1", "10.1.0.3")
    assert box.run("policy", state="absent") == ("- policies for 2 workloads",)
    assert box.run("policy", state="absent") == ()
    assert subprocess.run(["nft", "list", "ruleset", "ip"], check=True, capture_output=True).stdout == b""


def test_an_interface_of_ours_that_is_not_named_is_dropped_both_ways(box: Box) -> None:
    prepare(box)
    box.run("policy", **OPTIONS)
    assert not answers(box, "web2", "10.1.0.2")
    assert not answers(box, "web1", "10.1.0.3")
    # From outside of the fabric, too.
    box.ip("link add outside type veth peer name inside")
    box.ip("netns add router")
    box.ip("link set inside netns router")
    box.ip("address add 192.0.2.1/24 dev outside")
    box.ip("link set outside up")
    for words in ("address add 192.0.2.2/24 dev inside", "link set inside up", "route add default via 192.0.2.1"):
        box.ip(f"-n router {words}")
    assert answers(box, "router", "192.0.2.1")
    assert not answers(box, "router", "10.1.0.3")
    assert packets(box)["of an unknown interface"] == 3
    box.run("policy", **{**OPTIONS, "workloads": ["web1", "db1", "web2"]})
    assert answers(box, "web2", "10.1.0.2")


def test_a_workload_more_in_a_set_is_told_and_its_connections_begin(box: Box) -> None:
    prepare(box)
    everybody = {**OPTIONS, "workloads": ["web1", "db1", "web2"]}
    others = {**OPTIONS["endpoints"], "web2": {"address": "10.1.0.3", "labels": {"app": "batch"}}}
    box.run("policy", **{**everybody, "endpoints": others})
    assert not answers(box, "web2", "10.1.0.2")
    assert box.run("policy", **everybody) == (
        "~ policies for 3 workloads => policies for 3 workloads  app == 'web': 10.1.0.3",
    )
    assert answers(box, "web2", "10.1.0.2")


def test_the_host_is_closed_to_workloads_but_for_ping_and_reaches_all_of_them(box: Box) -> None:
    prepare(box)
    box.ip("address add 192.0.2.1/32 dev lo")
    box.run("policy", **OPTIONS)
    assert answers(box, "web1", "192.0.2.1")
    ping = ["ping", "-n", "-c", "1", "-W", "1", "-I", "192.0.2.1", "10.1.0.2"]
    assert subprocess.run(ping, check=False, stdout=subprocess.DEVNULL).returncode == 0

    def reaches_host() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("192.0.2.1", 5300))
            server.settimeout(1)
            with box.inside("web1"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.sendto(b"?", ("192.0.2.1", 5300))
            try:
                return server.recv(10) == b"?"
            except TimeoutError:
                return False

    assert not reaches_host()
    assert packets(box)["from workloads to the host"] == 1
    box.run("policy", **OPTIONS, endpoint_to_host="accept")
    assert reaches_host()


def policy(**options: t.Any) -> t.Dict[str, t.Any]:
    return {**OPTIONS, "workloads": ["web1", "db1", "web2"], "policies": [{**OPTIONS["policies"][0], **options}]}


def test_a_staged_policy_denies_nothing_and_counts_what_it_would_do(box: Box) -> None:
    prepare(box)
    box.run("policy", **policy(staged=True))
    assert answers(box, "web1", "10.1.0.2")
    assert connect(box, "web2", "10.1.0.2") == errno.ECONNREFUSED
    assert packets(box)["staged db ingress 0 allow"] == 1
    assert packets(box)["staged db ingress end of tier default deny"] == 1
    box.run("policy", **policy())
    assert not [text for text in packets(box) if text.startswith("staged")]


def test_what_would_be_denied_anyway_is_not_counted_for_a_staged_policy(box: Box) -> None:
    prepare(box)
    closed = {"name": "closed", "selector": "app == 'db'"}
    box.run("policy", **{**policy(), "policies": [*policy(staged=True)["policies"], closed]})
    assert not answers(box, "web1", "10.1.0.2")
    assert packets(box)["staged db ingress 0 allow"] == 1
    assert "staged db ingress end of tier default deny" not in packets(box)


def connect(box: Box, source: str, address: str) -> int:
    """Connect to a port where nobody listens; what the kernel says of it within 2 s."""
    with box.inside(source), socket.socket() as client:
        client.settimeout(2)
        return client.connect_ex((address, 5432))


def test_who_is_rejected_is_told_at_once_and_who_is_dropped_is_not(box: Box) -> None:
    prepare(box)
    box.run("policy", **policy())
    assert connect(box, "web1", "10.1.0.2") == errno.EAGAIN
    box.run("policy", **policy(), denied="reject")
    assert connect(box, "web1", "10.1.0.2") == errno.EHOSTUNREACH
    # By the node and not by the workload, to which nothing came.
    assert packets(box)["db ingress end of tier default"] == 1
    assert box.run("policy", **policy(), denied="reject") == ()


def enforce(options: t.Mapping[str, t.Any]) -> t.Tuple[str, ...]:
    """Run the module as a task does, with all that is around the request."""
    params = ArgumentSpecValidator(ARGUMENT_SPEC).validate(dict(options)).validated_parameters
    with contextlib.ExitStack() as stack:
        proposal = propose_from(params, lambda scope: stack.enter_context(contextlib.closing(LinuxKernel(scope))))
        proposal.apply()
        return proposal.operations


def test_the_first_enforcement_cuts_no_connection_in_which_only_the_server_sends(box: Box) -> None:
    prepare(box)
    # The server may begin nothing of its own.
    closed = {"name": "closed", "selector": "app == 'db'", "types": ["egress"]}
    with contextlib.ExitStack() as stack:
        with box.inside("db1"):
            listener = stack.enter_context(socket.create_server(("10.1.0.2", 5432)))
        with box.inside("web1"):
            client = stack.enter_context(socket.create_connection(("10.1.0.2", 5432), PATIENCE))
        server = stack.enter_context(listener.accept()[0])
        done = threading.Event()

        def push() -> None:
            while not done.wait(0.05):
                server.sendall(b"x")

        pushing = threading.Thread(target=push)
        pushing.start()
        stack.callback(pushing.join)
        stack.callback(done.set)
        assert enforce({**policy(), "policies": [closed]}) == ("+ policies for 3 workloads",)
        # What was sent before is read away; what follows was sent under the policy.
        assert client.recv(1 << 16)
        for _number in range(20):
            assert client.recv(1) == b"x"
    assert not answers(box, "db1", "10.1.0.1")
    assert nftables.read_table(FAMILY, "purel3_tracking") is None


def test_what_tracks_and_was_left_behind_goes_with_the_next_run(box: Box) -> None:
    prepare(box)
    nftables.commit(list(transaction(None, tracking())))
    assert enforce(OPTIONS) == ("+ policies for 2 workloads", "- tracking of connections")
    assert enforce(OPTIONS) == ()


def test_a_table_of_somebody_else_is_named_and_stays(box: Box) -> None:
    subprocess.run(["nft", "add table ip purel3_policy"], check=True)
    assert "policies stands in the way: it is there and not ours" in box.error_of("policy", **OPTIONS)
    assert "and what is not ours is never deleted" in box.error_of("policy", state="absent")
    assert (
        b"table ip purel3_policy" in subprocess.run(["nft", "list", "ruleset"], check=True, capture_output=True).stdout
    )


def test_a_connection_under_way_outlives_a_policy_that_denies_it_and_no_packet_is_lost_in_a_swap(box: Box) -> None:
    prepare(box)
    box.run("policy", **OPTIONS)
    command = ["ip", "netns", "exec", "web1", "ping", "-n", "-q", "-i", "0.01", "-c", "300", "10.1.0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as pings:
        deadline = time.monotonic() + PATIENCE
        while not packets(box)["db ingress 0"]:
            assert time.monotonic() < deadline, "no connection began"
        number = 0
        while pings.poll() is None:
            number += 1
            rules = [{"action": "deny" if number % 2 else "allow", "protocol": "icmp"}]
            box.run("policy", **{**OPTIONS, "policies": [{**OPTIONS["policies"][0], "ingress": rules}]})
        assert pings.stdout
        assert "300 packets transmitted, 300 received, 0% packet loss" in pings.stdout.read()
    assert number > 20
