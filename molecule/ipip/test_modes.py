# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets in the tunnel and beside it, and the way from one to the other. The tests follow each other."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import process_name
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.process import running

if t.TYPE_CHECKING:
    from conftest import Node, Pings
    from fabric_lab import Outcome

Nodes = t.Mapping[str, "Node"]
WaitUntil = t.Callable[[str, t.Callable[[], bool]], None]

FOLDER = Path(__file__).parent
ROUTER = process_name("molecule-ipip", ".router")
ADDRESSES = {"node1": "192.168.50.10", "node3": "192.168.60.12"}
# Without a tunnel, the router must know the way.
ROUTES_OF_THE_ROUTER = {"10.244.166.128/26": "node1", "10.244.135.0/26": "node3"}

# The IP identification of what it sends into the tunnel.
OF_THE_ROUTER = 4711
# Puts a packet into one for another address.
SEND = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IPIP).sendto(bytes.fromhex(sys.argv[2]), (sys.argv[1], 0))
"""


def check_routes(nodes: Nodes, mode: str) -> None:
    """Require exactly the routes of the golden files."""
    for name, node in nodes.items():
        golden = FOLDER / "routes" / mode / f"{name}.routes"
        if os.environ.get("UPDATE_GOLDEN"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text("".join(f"{line}\n" for line in node.routes()), encoding="utf-8")
        assert node.routes() == golden.read_text(encoding="utf-8").splitlines(), f"{mode}: {name}"


def check_packets(nodes: Nodes, wait_until: WaitUntil, *, are_tunnelled: bool) -> None:
    """Require that what arrives at node3 from node1 has an outer header, or none."""
    near, far = nodes["node1"], nodes["node3"]
    source, target = near.workloads[0], far.workloads[0]["address"]
    inner = rf"{re.escape(source['address'])} > {re.escape(target)}: ICMP echo request"
    outer = rf"{re.escape(ADDRESSES['node1'])} > {re.escape(ADDRESSES['node3'])}: (IP )?" if are_tunnelled else ""
    with far.background("tcpdump -lne -i ens33 icmp or ip proto 4", "tcpdump") as seen:
        wait_until("tcpdump does not listen", lambda: "listening" in far.run(f"cat {seen}"))
        near.run(f"ping -c 3 -i 0.2 {target}", source["name"])
        found = rf"ethertype IPv4 \(0x0800\), length \d+: {outer}{inner}"
        wait_until(f"no packet that matches {found}", lambda: re.search(found, far.run(f"cat {seen}")) is not None)


def test_in_the_tunnel_packets_bear_the_addresses_of_the_nodes_outside(nodes: Nodes, wait_until: WaitUntil) -> None:
    check_packets(nodes, wait_until, are_tunnelled=True)


def test_a_packet_of_1480_bytes_crosses_and_a_larger_one_is_told_how_large_it_may_be(nodes: Nodes) -> None:
    near, target = nodes["node1"], nodes["node3"].workloads[0]["address"]
    name, device = near.workloads[0]["name"], host_device(near, near.workloads[0]["address"])
    too_large = f"ip netns exec {name} ping -c 1 -W 30 -M do -s 1453 {target}"
    near.run(f"ping -c 1 -W 30 -M do -s 1452 {target}", name)
    assert re.search(r"message too long, mtu[=:] ?1480", near.host.run(too_large).stderr)
    # Who does not know how large packets may be learns it from the node.
    set_mtu(near, name, device, 1500)
    try:
        told = near.host.run(too_large).stdout
        assert "Frag needed and DF set (mtu = 1480)" in told, told
        near.run(f"ping -c 1 -W 30 -M do -s 1452 {target}", name)
    finally:
        set_mtu(near, name, device, 1480)


def host_device(node: Node, address: str) -> str:
    """The node's end of a workload's veth."""
    (line,) = node.lines(f"ip route show {address}")
    return line.split()[2]


def set_mtu(node: Node, name: str, device: str, size: int) -> None:
    """Give both ends of a workload's veth an MTU."""
    node.run(f"ip link set {device} mtu {size}")
    node.run(f"ip link set eth0 mtu {size}", name)


def guard(node: Node) -> str:
    """The table that keeps packets of others out of the tunnel; empty where it is not there."""
    return str(node.host.run("nft list table ip purel3_tunnel").stdout)


def check_guard(nodes: Nodes, router: int, wait_until: WaitUntil) -> None:
    """Require that what the router, which is no node, sends into the tunnel is dropped; what a node sends comes out."""
    node, other = nodes["node1"], nodes["node3"]
    target = node.workloads[0]["address"]
    addresses = socket.inet_aton("10.244.135.0"), socket.inet_aton(target)
    inner = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20, OF_THE_ROUTER, 0, 64, socket.IPPROTO_ICMP, 0, *addresses)
    before = dropped(node)
    with node.background("tcpdump -lnv -i tunl0", "tunl0") as seen:
        wait_until("tcpdump does not listen", lambda: "listening" in node.run(f"cat {seen}"))
        enter = ["nsenter", f"--target={router}", "--net", "--"]
        subprocess.run([*enter, sys.executable, "-c", SEND, ADDRESSES[node.name], inner.hex()], check=True)
        wait_until("the guard has dropped nothing", lambda: dropped(node) > before)
        other.run(f"ping -c 1 -W 30 {target}", other.workloads[0]["name"])
        wait_until("a node's packets do not come out", lambda: "ICMP echo request" in node.run(f"cat {seen}"))
        assert f"id {OF_THE_ROUTER}," not in node.run(f"cat {seen}")


def dropped(node: Node) -> int:
    """How many packets of others the guard has dropped; at least -1, so that a first one is seen."""
    found = re.search(r"counter packets (\d+) .*from others than nodes", guard(node))
    return int(found[1]) if found else -1


@pytest.fixture(name="router", scope="module")
def pid_of_the_router() -> int:
    (pid,) = running(ROUTER)[ROUTER]
    return pid


def test_who_is_no_node_gets_nothing_into_the_tunnel(nodes: Nodes, router: int, wait_until: WaitUntil) -> None:
    check_guard(nodes, router, wait_until)


@pytest.mark.parametrize("verbs", ["restart", "stop start", "reload"])
def test_what_stands_guard_is_back_after_nftables_had_a(
    verbs: str, nodes: Nodes, router: int, wait_until: WaitUntil
) -> None:
    node = nodes["node1"]
    # Another one has counted nothing yet.
    assert dropped(node) > 0
    for verb in verbs.split():
        node.run(f"systemctl {verb} nftables")
    wait_until("the guard is not back", lambda: dropped(node) == 0)
    check_guard(nodes, router, wait_until)


def test_no_packet_is_lost_while_the_fabric_is_switched_to_no_encapsulation(
    nodes: Nodes,
    router: int,
    play: t.Callable[..., Outcome],
    steady_pings: t.Callable[[], t.ContextManager[Pings]],
    wait_until: WaitUntil,
) -> None:
    for block, node in ROUTES_OF_THE_ROUTER.items():
        enter = ["nsenter", f"--target={router}", "--net", "--"]
        subprocess.run([*enter, "ip", "route", "replace", block, "via", ADDRESSES[node]], check=True)
    with steady_pings() as pings:
        play(FOLDER / "none.fabric.yml", "purel3.fabric.ipip")
    pings.assert_nothing_lost(10)
    check_routes(nodes, "none")
    check_packets(nodes, wait_until, are_tunnelled=False)
    for name, node in nodes.items():
        assert not guard(node), name
