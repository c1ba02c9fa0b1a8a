# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab from the first command to the last: real kernel, real BIRD, real packets.

The other example inventories are built in files of their own, or in test_lab_inventories.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
from fabric_lab import GOLDEN, FabricLab, Outcome, machine

CLOSING_LINE = "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"
HOST_MAC = "ee:ee:ee:ee:ee:ee"
HOST_DEVICE = re.compile(r"cali[0-9a-f]{11}")
GATEWAY = "169.254.1.1"
FIRST_PACKET_MS = 5.0

Snapshots = t.Dict[str, t.Dict[str, t.Any]]


@dataclass
class Story:
    """A lab from its start to its first complete run, and what was seen on the way."""

    lab: FabricLab
    machine_before: t.Dict[str, t.Any]
    started: Snapshots
    checked: Outcome
    after_check: Snapshots
    first: Outcome


def snapshots(lab: FabricLab) -> Snapshots:
    return {node: lab.snapshot(node) for node in lab.nodes}


def settle(lab: FabricLab) -> None:
    """Wait until the kernel has found out that nobody else has the nodes' IPv6 addresses."""
    deadline = time.monotonic() + 60
    while any(lab.run(node, "ip -6 address show tentative") for node in lab.nodes):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Story]:
    lab = FabricLab("lab", tmp_path_factory.mktemp("inventories"))
    before = machine(lab.name)
    try:
        lab.play("purel3.fabric.lab_up")
        settle(lab)
        started = snapshots(lab)
        checked = lab.play("site.yml", "--check", "--diff")
        after_check = snapshots(lab)
        first = lab.play("site.yml", "--diff")
        yield Story(lab, before, started, checked, after_check, first)
    finally:
        lab.play("purel3.fabric.lab_down")


def pairs(lab: FabricLab) -> t.List[t.Tuple[str, str, str]]:
    """Every node and workload with the address of every other workload."""
    return [
        (node, workload["name"], other["address"])
        for node in lab.nodes
        for workload in lab.workloads(node)
        for far in lab.nodes
        for other in lab.workloads(far)
        if other["name"] != workload["name"]
    ]


def test_check_mode_on_started_but_unconfigured_nodes_writes_nothing(story: Story) -> None:
    assert story.after_check == story.started


def test_check_mode_prints_the_very_plan_that_the_next_run_carries_out(story: Story) -> None:
    plan = story.checked.plan()
    assert all(len(plan[node]) > 10 for node in story.lab.nodes)
    assert plan == story.first.plan()


def test_the_first_run_ends_with_the_proof(story: Story) -> None:
    lines = story.first.output.rstrip().splitlines()
    assert lines[-1] == CLOSING_LINE
    for node in story.lab.nodes:
        table = lines[lines.index(node, lines.index(next(line for line in lines if line.startswith("BGP STATUS")))) :]
        for peer in story.lab.variables[node]["bird_peers"]:
            assert any(
                re.fullmatch(rf"\| {re.escape(peer['address'])} +\| {peer['type']} +\| up .*\| Established +\|", line)
                for line in table
            )


def test_the_routes_of_every_node_are_exactly_these(story: Story) -> None:
    story.lab.require_golden_routes("lab")


def test_the_routes_of_every_workload_are_exactly_these(story: Story) -> None:
    expected = (GOLDEN / "workload.routes").read_text().splitlines()
    for node, workload in story.lab.namespaces():
        if workload:
            assert story.lab.lines(node, "ip route", workload) == expected


def test_a_workload_has_its_address_as_a_host_address_and_no_other(story: Story) -> None:
    for node in story.lab.nodes:
        for workload in story.lab.workloads(node):
            (device,) = story.lab.data(node, "ip -j -4 address show dev eth0", workload["name"])
            addresses = [(item["local"], item["prefixlen"]) for item in device["addr_info"]]
            assert addresses == [(workload["address"], 32)]


def test_a_host_veth_is_up_bare_and_has_the_mac_that_all_have(story: Story) -> None:
    for node in story.lab.nodes:
        own = ("lo", *story.lab.interfaces(node))
        links = [link for link in story.lab.data(node, "ip -j address") if link["ifname"] not in own]
        assert len(links) == len(story.lab.workloads(node))
        for link in links:
            assert HOST_DEVICE.fullmatch(link["ifname"])
            assert link["address"] == HOST_MAC
            assert {"UP", "LOWER_UP"} <= set(link["flags"])
            assert link["addr_info"] == []


def test_proxy_arp_is_on_where_workloads_are_and_nowhere_else(story: Story) -> None:
    for node in story.lab.nodes:
        settings = dict(
            line.split(":") for line in story.lab.lines(node, "grep -r . /proc/sys/net/ipv4/conf --include=proxy_arp")
        )
        delays = dict(
            line.split(":")
            for line in story.lab.lines(node, "grep -r . /proc/sys/net/ipv4/neigh --include=proxy_delay")
        )
        for path, value in settings.items():
            device = Path(path).parent.name
            assert value == ("1" if HOST_DEVICE.fullmatch(device) else "0"), path
            if HOST_DEVICE.fullmatch(device):
                assert delays[f"/proc/sys/net/ipv4/neigh/{device}/proxy_delay"] == "0"


def test_bird_says_that_all_sessions_are_established(story: Story) -> None:
    for node in story.lab.nodes:
        rows = [line.split() for line in story.lab.lines(node, "birdc show protocols") if " BGP " in line]
        assert len(rows) == len(story.lab.variables[node]["bird_peers"])
        assert all(row[3] == "up" and row[-1] == "Established" for row in rows)


def test_bird_holds_no_connected_route(story: Story) -> None:
    for node in story.lab.nodes:
        shown = story.lab.run(node, "birdc show route")
        own = story.lab.variables[node]["ansible_host"].rsplit(".", 1)[0]
        assert not re.search(rf"^{re.escape(own)}\.0/24", shown, re.MULTILINE)


def test_every_node_reaches_every_workload(story: Story) -> None:
    for node in story.lab.nodes:
        # From the node's own address. Workloads answer where they have a route to, and nodes announce no links.
        if story.lab.interfaces(node)[1:]:
            continue
        for address in sorted({address for *dummy, address in pairs(story.lab)}):
            story.lab.reaches(node, address)


def test_the_first_packet_is_fast(story: Story) -> None:
    slow = pairs(story.lab)
    # A machine that is busy with something else may delay a packet, but not the same one every time.
    for _try in range(20):
        for node, workload in story.lab.namespaces():
            story.lab.run(node, "ip neigh flush all", workload)
        slow = [pair for pair in slow if first_packet(story.lab, *pair) >= FIRST_PACKET_MS]
        if not slow:
            return
    pytest.fail(f"the first packet takes {FIRST_PACKET_MS:g} ms or more: {slow}")


def first_packet(lab: FabricLab, node: str, workload: str, address: str) -> float:
    found = re.search(r"time=([0-9.]+) ms", lab.run(node, f"ping -c 1 -W 60 {address}", workload))
    assert found
    return float(found[1])


def test_a_workload_s_gateway_has_the_mac_that_all_have(story: Story) -> None:
    for node, workload, address in pairs(story.lab):
        story.lab.reaches(node, address, workload)
        (neighbour,) = story.lab.data(node, f"ip -j neigh show {GATEWAY}", workload)
        assert neighbour["lladdr"] == HOST_MAC


def test_an_address_that_no_workload_has_is_eaten_by_its_own_node(story: Story) -> None:
    lab = story.lab
    near, far = [node for node in lab.nodes if lab.workloads(node)][:2]
    workload = lab.workloads(near)[0]["name"]
    for owner, forwarded in ((far, {near: 3, far: 0}), (near, {near: 0, far: 0})):
        unused = ipaddress.ip_network(lab.variables[owner]["bird_blocks"][0])[-2]
        before = {node: forwarded_packets(lab, node) for node in (near, far)}
        ping = lab.words(near, workload, *f"ping -c 3 -i 0.2 -W 1 {unused}".split())
        done = subprocess.run(ping, capture_output=True, encoding="utf-8", check=False)
        assert "3 packets transmitted, 0 received, 100% packet loss" in done.stdout
        assert "Time to live exceeded" not in done.stdout
        assert {node: forwarded_packets(lab, node) - before[node] for node in (near, far)} == forwarded


def forwarded_packets(lab: FabricLab, node: str) -> int:
    names, values = (line.split() for line in lab.lines(node, "cat /proc/net/snmp") if line.startswith("Ip:"))
    return int(values[names.index("ForwDatagrams")])


SERVE = """
import hashlib, socket, sys
with socket.create_server((sys.argv[1], 8080)) as server:
    print("ready", flush=True)
    connection, dummy = server.accept()
    digest = hashlib.sha256()
    while data := connection.recv(65536):
        digest.update(data)
    connection.sendall(digest.hexdigest().encode())
    connection.close()
"""
SEND = """
import socket, sys
with socket.create_connection((sys.argv[1], 8080), 120) as connection:
    connection.sendall(bytes(range(256)) * 40960)
    connection.shutdown(socket.SHUT_WR)
    print(connection.recv(100).decode())
"""


def test_ten_mebibytes_arrive_over_tcp_as_they_were_sent(story: Story) -> None:
    lab = story.lab
    first, last = lab.nodes[0], lab.nodes[-1]
    source, target = lab.workloads(first)[0]["name"], lab.workloads(last)[-1]
    serve = lab.words(last, target["name"], sys.executable, "-c", SERVE, target["address"])
    with subprocess.Popen(serve, stdout=subprocess.PIPE, encoding="utf-8") as server:
        assert server.stdout
        assert server.stdout.readline() == "ready\n"
        send = lab.words(first, source, sys.executable, "-c", SEND, target["address"])
        done = subprocess.run(send, capture_output=True, encoding="utf-8", check=False, timeout=300)
    assert done.stdout.strip() == hashlib.sha256(bytes(range(256)) * 40960).hexdigest(), done.stderr


@contextlib.contextmanager
def monitored(lab: FabricLab) -> t.Iterator[t.Dict[t.Tuple[str, str], str]]:
    """What the kernel announces in each namespace meanwhile, except for neighbours that come and go by themselves."""
    said: t.Dict[t.Tuple[str, str], str] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        monitors = {}
        for number, (node, workload) in enumerate(lab.namespaces()):
            words = lab.words(node, workload, "ip", "monitor", "link", "address", "route", "rule", "netconf", "nsid")
            with (folder / str(number)).open("w") as heard:
                monitor = stack.enter_context(subprocess.Popen(words, stdout=heard))
            stack.callback(end_monitor, monitor)
            monitors[node, workload] = folder / str(number)
        for place, file in monitors.items():
            be_heard(lab, place, file, "192.0.2.1")
        yield said
        for place, file in monitors.items():
            be_heard(lab, place, file, "192.0.2.2")
            lines = file.read_text().splitlines(keepends=True)
            said[place] = "".join(line for line in lines if "blackhole 192.0.2." not in line)


def end_monitor(monitor: subprocess.Popen[str]) -> None:
    # nsenter stays outside the node's processes, and waits for the one that it started inside.
    children = Path(f"/proc/{monitor.pid}/task/{monitor.pid}/children").read_text().split()
    for child in children or [monitor.pid]:
        os.kill(int(child), signal.SIGTERM)


def be_heard(lab: FabricLab, place: t.Tuple[str, str], file: Path, address: str) -> None:
    """Add and delete a route until a monitor has said so."""
    deadline = time.monotonic() + 120
    while f"Deleted blackhole {address} " not in file.read_text():
        assert time.monotonic() < deadline
        for verb in ("add", "del"):
            lab.run(place[0], f"ip route {verb} blackhole {address} table 77", place[1])


def test_the_monitor_of_this_test_sees_a_change(story: Story) -> None:
    node = story.lab.nodes[0]
    with monitored(story.lab) as said:
        story.lab.run(node, "ip route add 198.51.100.0/24 dev lo")
        story.lab.run(node, "ip route del 198.51.100.0/24 dev lo")
    assert said[node, ""].count("198.51.100.0/24") == 2


def test_a_second_run_changes_nothing_and_reloads_nothing(story: Story) -> None:
    lab = story.lab
    before = snapshots(lab)
    reconfigured = {node: re.findall(r"Last re.*", lab.run(node, "birdc show status")) for node in lab.nodes}
    assert all(len(found) == 2 for found in reconfigured.values())
    with monitored(lab) as said:
        second = lab.play("site.yml", "--diff")
    assert second.changed() == dict.fromkeys(lab.nodes, 0)
    assert second.plan() == {node: [] for node in lab.nodes}
    assert said == dict.fromkeys(lab.namespaces(), "")
    assert snapshots(lab) == before
    assert {node: re.findall(r"Last re.*", lab.run(node, "birdc show status")) for node in lab.nodes} == reconfigured
    assert second.closing_line == CLOSING_LINE


def test_starting_a_lab_that_runs_changes_nothing(story: Story) -> None:
    assert sum(story.lab.play("purel3.fabric.lab_up").changed().values()) == 0


def test_ending_a_lab_leaves_the_machine_as_it_was_found_and_can_be_done_twice(story: Story) -> None:
    story.lab.play("purel3.fabric.lab_down")
    assert machine(story.lab.name) == story.machine_before
    assert sum(story.lab.play("purel3.fabric.lab_down").changed().values()) == 0


def test_the_nodes_of_a_lab_that_does_not_run_are_unreachable_and_the_remedy_is_named(story: Story) -> None:
    outcome = story.lab.try_play("site.yml")
    assert outcome.status != 0
    assert "is not running on this machine; start it: ansible-playbook -i INVENTORY purel3.fabric.lab_up" in re.sub(
        r"\s+", " ", outcome.output
    )
