# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads that somebody built by hand, as tutorials show it, and that are taken over while packets flow."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import steady_pings
from box import Box, workload
from hand_built import HOST1, HOST2, ONE, TWO, build

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux.network import LinuxKernel

TAKING_OVER = (
    "- address 1.1.1.2/24 dev veth2 in netns netns1",
    "+ address 1.1.1.2/32 dev veth2 in netns netns1",
    "- address 1.1.1.3/24 dev eth0 in netns netns2",
    "+ address 1.1.1.3/32 dev eth0 in netns netns2",
    "+ route 169.254.1.1/32 dev lo table local proto 112 scope link",
    "+ source guard for 2 sources",
    *(
        f"~ sysctl net.ipv4.neigh.{host}.proxy_delay = 80 => sysctl net.ipv4.neigh.{host}.proxy_delay = 0"
        for host in (HOST2, HOST1)
    ),
    f"~ workload netns1  1.1.1.2/32  {HOST1} -> veth2  taken over from veth veth1 -> veth2 in netns netns1",
    f"~ workload netns2  1.1.1.3/32  {HOST2} -> eth0  taken over from veth veth3 -> veth4 in netns netns2",
)


@contextlib.contextmanager
def steady_ping() -> t.Iterator[t.List[steady_pings.Pinged]]:
    """Send from one workload to the other every 10 ms; afterwards the list has what became of it."""
    found: t.List[steady_pings.Pinged] = []
    said = Path("/run/said")
    words = ["ip", "netns", "exec", "netns1", "ping", "-n", "-i", "0.01", TWO["address"]]
    with said.open("w") as file, subprocess.Popen(words, stdout=file, stderr=file) as ping:
        wait_for_answers(said, 20)
        yield found
        wait_for_answers(said, 50)
        ping.send_signal(signal.SIGQUIT)
        deadline = time.monotonic() + 60
        while not steady_pings.read(said.read_text()).is_over:
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.02)
        ping.kill()
    found.append(steady_pings.read(said.read_text()))


def wait_for_answers(said: Path, more: int) -> None:
    wanted = len(steady_pings.read(said.read_text()).answered) + more
    deadline = time.monotonic() + 60
    while len(steady_pings.read(said.read_text()).answered) < wanted:
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.02)


def test_what_is_the_same_becomes_ours_and_no_packet_is_lost(box: Box) -> None:
    build(box)
    macs = [box.mac("netns1", "veth2"), box.mac("netns2", "veth4")]
    with steady_ping() as found:
        assert box.workloads(ONE, TWO, adopt=True) == TAKING_OVER
    assert found[0].lost == []
    assert found[0].sent > 60
    assert box.workloads(ONE, TWO) == ()
    assert [box.mac("netns1", "veth2"), box.mac("netns2", "eth0")] == macs
    assert box.ip("route")[1:] == [f"1.1.1.2 dev {HOST1} scope link", f"1.1.1.3 dev {HOST2} scope link"]
    assert box.ip("-n netns2 route") == ["default via 169.254.1.1 dev eth0", "169.254.1.1 dev eth0 scope link"]


def test_none_is_lost_either_where_others_are_guarded_already(box: Box) -> None:
    build(box)
    web1 = workload("web1", "10.244.1.1")
    box.workloads(web1)
    with steady_ping() as found:
        assert box.workloads(web1, ONE, TWO, adopt=True)
    assert found[0].lost == []
    assert box.workloads(web1, ONE, TWO) == ()


def test_an_older_kernel_takes_the_interface_down_for_it_and_the_user_is_told(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LinuxKernel, "renames_live", lambda _kernel: False)
    build(box)
    assert box.plan("workloads", workloads=[ONE, TWO], adopt=True).warnings == (
        "veth veth3 -> veth4 in netns netns2 is down for a moment: before Linux 6.2 nothing is renamed otherwise",
        "veth veth1 -> veth2 in netns netns1 is down for a moment: before Linux 6.2 nothing is renamed otherwise",
    )
    with steady_ping() as found:
        box.workloads(ONE, TWO, adopt=True)
    assert len(found[0].lost) < 100
    assert box.workloads(ONE, TWO) == ()


def test_looking_at_it_writes_nothing(box: Box) -> None:
    build(box)
    before = box.state()
    with box.monitored("netns1", "netns2") as said:
        assert box.plan("workloads", workloads=[ONE, TWO], adopt=True).operations == TAKING_OVER
    assert said == []
    assert box.state() ^ before == set()


def test_it_goes_like_any_other_workload_and_leaves_the_namespace_to_its_maker(box: Box) -> None:
    build(box)
    box.workloads(ONE, adopt=True)
    assert box.workloads() == (
        "- route 169.254.1.1/32 dev lo table local proto 112 scope link",
        "- source guard for 1 source",
        f"- workload netns1  1.1.1.2/32  {HOST1} -> veth2",
    )
    assert box.names() == ["netns1", "netns2"]


def test_what_is_half_done_by_hand_is_completed(box: Box) -> None:
    build(box)
    box.ip("route del 1.1.1.2")
    box.ip("route add 1.1.1.2 dev veth1 proto static")
    box.ip("-n netns2 route del default")
    box.workloads(ONE, TWO, adopt=True)
    assert box.workloads(ONE, TWO) == ()
    assert f"1.1.1.2 dev {HOST1} scope link" in box.ip("route")


# What somebody did otherwise, and how it is named.
OTHERS: t.Dict[str, t.Tuple[t.Sequence[str], str]] = {
    "another address": (
        ["-n netns1 address del 1.1.1.2/24 dev veth2", "-n netns1 address add 1.1.1.9/24 dev veth2"],
        "interface veth2 in netns netns1 stands in the way of ",
    ),
    "another gateway": (
        [
            "-n netns1 route add 1.1.1.1 dev veth2",
            "-n netns1 route replace default via 1.1.1.1 dev veth2",
        ],
        "route default via 1.1.1.1 dev veth2 in netns netns1 stands in the way: ",
    ),
    "its route leads elsewhere": (
        ["route replace 1.1.1.2 dev veth3"],
        f"route 1.1.1.2/32 dev {HOST2} scope link (still veth3) stands in the way: ",
    ),
    "an address that would go with the one of the subnet": (
        ["-n netns1 address add 1.1.1.77/24 dev veth2"],
        "address 1.1.1.77/24 dev veth2 in netns netns1 would be lost with 1.1.1.2/24, which becomes a /32; ",
    ),
    "the name inside is another's": (
        ["-n netns2 link add eth0 type bridge"],
        "interface eth0 in netns netns2 stands in the way of ",
    ),
    "a pair that does not lead to the node": (
        ["-n netns1 link del veth2", "-n netns1 link add veth2 type veth peer name other netns netns2"],
        "interface veth2 in netns netns1 stands in the way of ",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_another_thing_is_named_and_nothing_is_touched(case: str, box: Box) -> None:
    commands, words = OTHERS[case]
    build(box)
    for command in commands:
        box.ip(command)
    before = box.state()
    assert words in box.error_of("workloads", workloads=[ONE, TWO], adopt=True)
    assert box.state() ^ before == set()


def test_an_older_kernel_would_lose_a_route_of_others_with_the_interface(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(box)
    box.ip("route add 9.9.9.0/24 dev veth1")
    box.ip("-n netns2 route add 1.1.1.1 dev veth4")
    box.ip("-n netns2 route replace default via 1.1.1.1 dev veth4")
    before = box.state()
    monkeypatch.setattr(LinuxKernel, "renames_live", lambda _kernel: False)
    refusal = box.error_of("workloads", workloads=[ONE, TWO], adopt=True)
    for route in ("9.9.9.0/24 dev veth1 scope link", "default via 1.1.1.1 dev veth4 in netns netns2"):
        assert f"route {route} would be lost: " in refusal
    assert box.state() ^ before == set()
    monkeypatch.undo()
    box.workloads(ONE, adopt=True)
    assert f"9.9.9.0/24 dev {HOST1} scope link" in box.ip("route")
