# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real packets between namespaces: what is reached, what is not, and what the kernel says about it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import probe
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.check import check_reachability
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.reachability import Unreachable

ROUTER, WEB1, WEB2 = (f"probe{os.getpid()}{suffix}" for suffix in ("r", "a", "b"))
INSIDE = {
    ROUTER: """
link set left up
link set right up
link set lo up
address add 10.1.0.1/24 dev left
address add 10.2.0.1/24 dev right
route add blackhole 10.3.0.0/24
route add unreachable 10.4.0.0/24
route add prohibit 10.5.0.0/24
""",
    WEB1: """
link set eth0 up
address add 10.1.0.2/24 dev eth0
route add default via 10.1.0.1
route add unreachable 10.6.0.0/24
""",
    WEB2: """
link set eth0 up
address add 10.2.0.2/24 dev eth0
route add default via 10.2.0.1
""",
}


def ip(*words: str, batch: str = "") -> None:
    subprocess.run(["ip", *words], input=batch, check=True, encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def network() -> t.Iterator[None]:
    try:
        for name in INSIDE:
            ip("netns", "add", name)
        for device, name in (("left", WEB1), ("right", WEB2)):
            ip("-netns", ROUTER, *f"link add {device} type veth peer name eth0 netns {name}".split())
        for name, batch in INSIDE.items():
            ip("-netns", name, "-batch", "-", batch=batch)
        ip("netns", "exec", ROUTER, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0")
        # A new link carries nothing for a moment.
        ip("netns", "exec", WEB1, *["ping", "-q", "-c", "1", "-w", "120", "10.2.0.2"])
        yield
    finally:
        for name in INSIDE:
            subprocess.run(["ip", "netns", "delete", name], check=False)


@pytest.fixture
def sources() -> t.Iterator[t.List[probe.ProbeSource]]:
    with contextlib.ExitStack() as stack:
        opened = []
        for name, address in ((WEB1, "10.1.0.2"), (WEB2, "10.2.0.2"), (WEB2, "10.9.9.9")):
            descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY)
            stack.callback(os.close, descriptor)
            opened.append(probe.ProbeSource(descriptor, address))
        yield opened


def eventually(look: t.Callable[[], t.Any], expected: t.Any) -> None:
    """Ask again until the answer is as expected: a busy machine may take longer than the second that a packet has."""
    deadline = time.monotonic() + 60
    while True:
        found = look()
        if found == expected or time.monotonic() > deadline:
            break
    assert found == expected


def test_both_ways_answer_at_the_first_try(sources: t.List[probe.ProbeSource]) -> None:
    pairs = [(0, "10.2.0.2"), (1, "10.1.0.2")]

    def tries(answers: t.Mapping[probe.Pair, probe.Answer]) -> t.List[t.Optional[int]]:
        return [None if answer.milliseconds is None else answer.tries for answer in answers.values()]

    eventually(lambda: tries(probe.probe_icmp(sources, pairs, 1)), [1, 1])
    eventually(lambda: tries(probe.probe_tcp(sources, pairs, 1, 9)), [1, 1])


COMPLAINTS = {
    "a blackhole swallows it": ((0, "10.3.0.1"), "no ICMP echo reply", "no answer to a TCP SYN to port 9"),
    "a router on the way has no route": (
        (0, "10.4.0.1"),
        "ICMP: host unreachable, says 10.1.0.1",
        "TCP: No route to host",
    ),
    "a router on the way forbids it": (
        (0, "10.5.0.1"),
        "ICMP: prohibited, says 10.1.0.1",
        "TCP: No route to host",
    ),
    "the source has no route": ((0, "10.6.0.1"), "ICMP: No route to host", "TCP: No route to host"),
    "the source does not have its address": (
        (2, "10.1.0.2"),
        "the source's own address 10.9.9.9 is not in its namespace",
        "the source's own address 10.9.9.9 is not in its namespace",
    ),
}


@pytest.mark.parametrize("case", COMPLAINTS)
def test_no_answer(case: str, sources: t.List[probe.ProbeSource]) -> None:
    pair, icmp, tcp = COMPLAINTS[case]
    eventually(lambda: probe.probe_icmp(sources, [pair], 0)[pair], probe.Answer(None, 1, icmp))
    eventually(lambda: probe.probe_tcp(sources, [pair], 0, 9)[pair], probe.Answer(None, 1, tcp))


def test_a_route_that_comes_late_is_found(sources: t.List[probe.ProbeSource]) -> None:
    ip("-netns", WEB2, "link", "set", "eth0", "down")
    before = echo_requests()

    def repair() -> None:
        while echo_requests() < before + 2:
            time.sleep(0.05)
        ip("-netns", WEB2, "link", "set", "eth0", "up")
        ip("-netns", WEB2, "route", "add", "default", "via", "10.2.0.1")

    repairing = threading.Thread(target=repair, daemon=True)
    repairing.start()
    answer = probe.probe_icmp(sources, [(0, "10.2.0.2")], 120)[(0, "10.2.0.2")]
    repairing.join(timeout=120)
    assert answer.milliseconds is not None
    assert answer.tries > 1


def echo_requests() -> int:
    """How many WEB1 has sent."""
    words = ["ip", "netns", "exec", WEB1, "cat", "/proc/net/snmp"]
    shown = subprocess.run(words, check=True, capture_output=True, encoding="utf-8").stdout
    names, values = (line.split() for line in shown.splitlines() if line.startswith("Icmp:"))
    return int(values[names.index("OutEchos")])


@contextlib.contextmanager
def mtu(namespace: str, device: str, size: int) -> t.Iterator[None]:
    ip("-netns", namespace, *f"link set {device} mtu {size}".split())
    try:
        yield
    finally:
        ip("-netns", namespace, *f"link set {device} mtu 1500".split())


def sizes(sources: t.List[probe.ProbeSource]) -> t.List[t.Tuple[int, str]]:
    pairs: t.List[probe.Pair] = [(0, "10.2.0.2"), (1, "10.1.0.2")]
    found = probe.probe_sizes(sources, dict.fromkeys(pairs, 1500), 0)
    return [found[pair] for pair in pairs]


def test_packets_of_full_size_arrive(sources: t.List[probe.ProbeSource]) -> None:
    eventually(lambda: sizes(sources), [(1500, ""), (1500, "")])


def test_a_link_that_carries_less_and_a_router_that_says_so(sources: t.List[probe.ProbeSource]) -> None:
    with mtu(ROUTER, "right", 1300):
        told = (1300, "ICMP: the next link takes packets of 1300 bytes, says 10.1.0.1")
        # What comes back is as large, and too large for the router's end of the link by more than a VLAN's tag.
        eventually(lambda: sizes(sources), [told, (1304, "no ICMP echo reply")])


def test_a_link_that_carries_less_and_nobody_says_so(sources: t.List[probe.ProbeSource]) -> None:
    # The kernel takes in what is larger than the MTU by a VLAN's tag.
    with mtu(WEB2, "eth0", 1396):
        eventually(lambda: sizes(sources)[0], (1400, "no ICMP echo reply"))


def test_a_thousand_destinations_from_ten_sources(sources: t.List[probe.ProbeSource]) -> None:
    ip("-netns", WEB2, "route", "add", "local", "10.2.128.0/17", "dev", "lo")
    ip("-netns", WEB2, "link", "set", "lo", "up")
    ip("-netns", ROUTER, "route", "add", "10.2.128.0/17", "via", "10.2.0.2")
    many = [sources[0]] * 10
    pairs = [
        (origin, f"10.2.{128 + number // 250}.{number % 250 + 1}") for origin in range(10) for number in range(1000)
    ]
    icmp = probe.probe_icmp(many, pairs, 120)
    tcp = probe.probe_tcp(many, pairs, 120, 9)
    assert sum(answer.milliseconds is not None for answer in icmp.values()) == 10_000
    assert sum(answer.milliseconds is not None for answer in tcp.values()) == 10_000


def test_the_whole_question_from_names_to_verdict() -> None:
    params = {
        "workloads": [{"name": "web1", "address": "10.1.0.2", "netns": WEB1}],
        "destinations": [
            {"name": "web1", "address": "10.1.0.2"},
            {"name": "web2", "address": "10.2.0.2"},
            {"name": "web3", "address": "10.3.0.1"},
        ],
        "protocols": ["icmp", "tcp"],
        "port": 9,
        "timeout": 0.0,
        "is_required": False,
    }

    def found() -> t.Tuple[str, t.List[str]]:
        values = check_reachability(params)
        return values["summary"], [item["reason"] for item in values["unreachable_pairs"]]

    eventually(
        found,
        ("1/2 workload pairs reachable (ICMP and TCP)", ["no ICMP echo reply", "no answer to a TCP SYN to port 9"]),
    )
    with pytest.raises(Unreachable, match=r"web1 -> web3 10.3.0.1: no ICMP echo reply"):
        check_reachability({**params, "is_required": True})


def test_a_namespace_can_be_given_by_path_or_pid() -> None:
    with subprocess.Popen(["ip", "netns", "exec", WEB1, "sleep", "7200"]) as holder:
        while not os.path.samefile(f"/proc/{holder.pid}/ns/net", f"/run/netns/{WEB1}"):
            time.sleep(0.01)
        for reference in (f"/run/netns/{WEB1}", str(holder.pid)):
            values = check_reachability(
                {
                    "workloads": [{"name": "web1", "address": "10.1.0.2", "netns": reference}],
                    "destinations": [{"name": "web2", "address": "10.2.0.2"}],
                    "protocols": ["icmp"],
                    "port": 9,
                    "timeout": 120.0,
                    "is_required": True,
                }
            )
            assert values["reachable_count"] == 1
        holder.kill()


def test_a_workload_without_a_namespace_reaches_nobody_and_the_others_are_tested() -> None:
    params = {
        "workloads": [
            {"name": "web0", "address": "10.9.0.1", "netns": "no-such-netns"},
            {"name": "web1", "address": "10.1.0.2", "netns": WEB1},
        ],
        "destinations": [{"name": "web2", "address": "10.2.0.2"}],
        "protocols": ["icmp"],
        "port": 9,
        "timeout": 120.0,
        "is_required": False,
    }
    values = check_reachability(params)
    assert values["summary"] == "1/2 workload pairs reachable (ICMP)"
    (lost,) = values["unreachable_pairs"]
    assert lost["source"] == "web0"
    assert lost["reason"].startswith("network namespace /run/netns/no-such-netns: No such file or directory; make it")
