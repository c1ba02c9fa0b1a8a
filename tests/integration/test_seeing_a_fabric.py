# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users see of a fabric: verify and status as playbooks, purel3 status, text and JSON, and their exit status."""

from __future__ import annotations

import json
import os
import subprocess
import time
import typing as t

import pytest
from fabric_lab import CHECKOUT, FabricLab

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import host_device

CONFORMS = "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    lab = FabricLab("lab", tmp_path_factory.mktemp("inventories"))
    try:
        # BIRD puts right what was changed in the kernel at its next scan, not in the middle of a test.
        lab.set_for_all("bird_kernel_scan_time: 3600\n")
        lab.play("purel3.fabric.lab_up")
        assert last_lines(lab.play("site.yml").output) == [CONFORMS]
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


def last_lines(output: str) -> t.List[str]:
    """What stands below the last heading."""
    lines = output.rstrip().splitlines()
    heading = max(number for number, line in enumerate(lines) if line.startswith("CONFORMANCE *"))
    return lines[heading + 1 :]


def document(lab: FabricLab, playbook: str, *options: str) -> t.Tuple[int, t.Dict[str, t.Any]]:
    """Exit status and standard output of a playbook that a script runs."""
    done = subprocess.run(
        lab.command(playbook, *options),
        cwd=CHECKOUT,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "purel3.fabric.report_json"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    found: t.Dict[str, t.Any] = json.loads(done.stdout)
    return done.returncode, found


def purel3(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CHECKOUT / "scripts" / "purel3", *words], capture_output=True, encoding="utf-8", check=False, cwd="/"
    )


def wait_until(holds: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def tables(output: str) -> t.List[str]:
    return [line.rstrip() for line in output.splitlines() if line.startswith(("|", "+-", "IPv", "No IPv", "node"))]


def test_the_playbook_and_the_command_show_the_same_tables(lab: FabricLab) -> None:
    shown = lab.play("purel3.fabric.status").output
    command = purel3("status", "--lab", lab.name)
    assert (command.returncode, command.stderr) == (0, "")
    assert tables(shown[shown.index("BGP STATUS") :]) == tables(command.stdout)
    assert command.stdout.startswith(
        "node1\n"
        "IPv4 BGP status\n"
        "+---------------+-------------------+-------+----------+-------------+\n"
        "| PEER ADDRESS  |     PEER TYPE     | STATE |  SINCE   |    INFO     |\n"
        "+---------------+-------------------+-------+----------+-------------+\n"
        "| 192.168.50.11 | node-to-node mesh | up    | "
    )
    assert "CONFORMANCE" not in shown


def test_both_give_the_same_json_and_nothing_else(lab: FabricLab) -> None:
    status, found = document(lab, "purel3.fabric.status")
    command = purel3("status", "--lab", lab.name, "--json")
    assert (status, command.returncode) == (0, 0)
    assert found == json.loads(command.stdout)
    assert [node["node"] for node in found["nodes"]] == ["node1", "node2", "node3"]
    (one,) = json.loads(purel3("status", "--lab", lab.name, "--node", "node2", "--json").stdout)["nodes"]
    assert one == found["nodes"][1]


def test_an_unknown_node_of_a_lab_is_named_with_those_that_are_there(lab: FabricLab) -> None:
    refused = purel3("status", "--lab", lab.name, "--node", "node9")
    assert refused.returncode == 2
    assert f"the lab {lab.name} has no node node9; it has node1, node2, node3" in refused.stderr


def test_check_mode_compares_without_waiting_or_failing(lab: FabricLab) -> None:
    outcome = lab.play("purel3.fabric.verify", "--check")
    assert "CONFORMANCE" not in outcome.output


def test_one_node_may_be_looked_at_alone(lab: FabricLab) -> None:
    outcome = lab.play("purel3.fabric.verify", "--limit", "node1")
    assert last_lines(outcome.output) == ["what was looked at conforms: 1 node, 2 sessions, 10/30 pairs"]


def test_the_differences_of_all_nodes_are_shown_at_the_end_and_scripts_are_told(lab: FabricLab) -> None:
    lab.run("node1", "ip route del blackhole 10.244.166.128/26")
    lab.run("node2", "ip route add 198.51.100.0/24 via 192.168.50.10 proto bird")
    lab.run("node3", "ip netns del web5")

    outcome = lab.try_play("purel3.fabric.verify", "-e", "verify_timeout=20")
    assert outcome.status != 0
    lines = last_lines(outcome.output)
    assert lines[0] == "node1: no blackhole for this node's block 10.244.166.128/26 in the kernel"
    assert lines[1] == "node2: the kernel has a route to 198.51.100.0/24, via 192.168.50.10, that BIRD does not know"
    assert lines[2].startswith("node3: workload web5  10.244.135.0/32  ")
    assert lines[3:] == ["fabric does not conform: 3 differences on 3 of 3 nodes, 6/6 sessions up, 20/30 pairs"]

    status, found = document(lab, "purel3.fabric.verify", "-e", "verify_timeout=20")
    assert status != 0
    assert found["is_conforming"] is False
    assert [(one["node"], one["kind"]) for one in found["differences"]] == [
        ("node1", "blackhole"),
        ("node2", "kernel_route"),
        ("node3", "workload"),
    ]
    assert (found["reachability"]["reachable_count"], found["reachability"]["pair_count"]) == (20, 30)

    lab.run("node1", "ip route add blackhole 10.244.166.128/26 proto bird")
    lab.run("node2", "ip route del 198.51.100.0/24")
    assert last_lines(lab.play("site.yml").output) == [CONFORMS]


def test_a_firewall_that_drops_what_workloads_send_is_named_before_and_after(lab: FabricLab) -> None:
    words = (
        "table ip filter, chain FORWARD, drops what no rule of it accepts (policy drop), so also what workloads "
        "send and get; accept that: iptables -I FORWARD -i cali+ -j ACCEPT, iptables -I FORWARD -o cali+ -j ACCEPT"
    )
    lab.run("node2", "nft add table ip filter")
    lab.run("node2", "nft add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }")
    outcome = lab.try_play("purel3.fabric.verify", "-e", "verify_timeout=1")
    assert outcome.status != 0
    assert last_lines(outcome.output) == [
        f"node2: {words}",
        "fabric does not conform: 1 difference on 1 of 3 nodes, 6/6 sessions up, 12/30 pairs",
    ]
    lab.run("node2", "ip route del blackhole 10.244.104.0/26")
    lab.run("node2", "ip netns del web3")
    outcome = lab.play("site.yml", "--check")
    assert f"[WARNING]: node2: {words}" in " ".join(outcome.output.split())

    for way in ("iifname", "oifname"):
        lab.run("node2", f"nft add rule ip filter FORWARD {way} cali* accept")
    lab.run("node2", "ip route add blackhole 10.244.104.0/26 proto bird")
    assert last_lines(lab.play("site.yml").output) == [CONFORMS]
    lab.run("node2", "nft delete table ip filter")


def test_a_link_that_carries_less_than_the_fabric_sends_is_told_with_the_mtu_that_helps(lab: FabricLab) -> None:
    # As a port of a switch that takes less drops it: without a word.
    lab.run("node2", "nft add table ip narrow")
    lab.run("node2", "nft add chain ip narrow pre { type filter hook prerouting priority 0; }")
    lab.run("node2", "nft add rule ip narrow pre iifname ens33 ip length > 1400 drop")
    outcome = lab.try_play("purel3.fabric.verify")
    assert outcome.status != 0
    why = (
        "those of 1400 do (no ICMP echo reply); a link between carries less than the fabric sends; set mtu: 1400 in "
        "the fabric file, or raise that of the link"
    )
    start = "packets of 1500 bytes do not pass from"
    matrix = outcome.output[outcome.output.index("REACHABILITY *") :]
    assert [line for line in matrix.splitlines() if line.startswith(start)] == [
        f"{start} node1 to node2, {why}",
        f"{start} node2 to node1, node3, {why}",
        f"{start} node3 to node2, {why}",
    ]
    assert last_lines(outcome.output) == [
        "fabric does not conform: 0 differences on 0 of 3 nodes, 6/6 sessions up, 30/30 pairs, 4 paths too narrow for "
        "full packets"
    ]
    file = lab.inventory / "lab.fabric.yml"
    before = file.read_text()
    file.write_text(f"{before}mtu: 1400\n")
    assert last_lines(lab.play("site.yml").output) == [CONFORMS]
    lab.run("node2", "nft delete table ip narrow")

    file.write_text(f"{before}mtu: 9000\n")
    status, found = document(lab, "site.yml")
    assert status != 0
    assert found["is_conforming"] is False
    assert [(one["node"], one["kind"], one["object"]) for one in found["remarks"]] == [
        (node, "uplink", "ens33") for node in ("node1", "node2", "node3")
    ]
    paths = found["reachability"]["narrow_paths"]
    assert [(one["from_node"], one["to_node"], one["passing"]) for one in paths][:2] == [
        ("node1", "node2", 1500),
        ("node1", "node3", 1500),
    ]
    assert len(paths) == 6
    assert paths[2]["reason"] == "ICMP: the next link takes packets of 1500 bytes, says 192.168.50.11"

    file.write_text(f"{before}mtu: 1500\n")
    assert last_lines(lab.play("site.yml").output) == [CONFORMS]


def test_what_is_not_of_the_fabric_but_touches_it_is_remarked(lab: FabricLab) -> None:
    web = host_device("web1")
    lab.run("node1", "ip route add 10.244.99.0/26 via 192.168.50.11")
    lab.run("node1", "ip route add 10.0.0.0/8 via 192.168.50.11")
    lab.run("node1", f"ip address add 192.0.2.1/24 dev {web}")
    lab.run("node1", f"ip route add 198.51.100.0/24 dev {web}")
    assert last_lines(lab.play("purel3.fabric.verify").output) == [
        f"node1: remark: address 192.0.2.1/24 dev {web} is not of this fabric, but is on the interface of workload "
        "web1",
        "node1: remark: route 10.244.99.0/26 via 192.168.50.11 dev ens33 is not of this fabric, but lies in its pool "
        "10.244.0.0/16",
        f"node1: remark: route 198.51.100.0/24 dev {web} scope link is not of this fabric, but is on the interface of "
        "workload web1",
        CONFORMS,
    ]
    _status, found = document(lab, "purel3.fabric.verify")
    assert [one["kind"] for one in found["remarks"]] == ["foreign"] * 3
    lab.run("node1", "ip route del 10.244.99.0/26")
    lab.run("node1", "ip route del 10.0.0.0/8")
    # All routes of an interface go with its last address, the workload's own, too.
    lab.run("node1", f"ip address del 192.0.2.1/24 dev {web}")
    assert last_lines(lab.play("site.yml").output) == [CONFORMS]


def test_a_stopped_bird_is_told_by_everyone_and_status_tells_it_to_scripts(lab: FabricLab) -> None:
    lab.run("node3", "pkill -9 -x bird")
    row = "| 192.168.50.12 | node-to-node mesh | start |"
    wait_until(lambda: purel3("status", "--lab", lab.name).stdout.count(row) == 2)
    command = purel3("status", "--lab", lab.name)
    assert command.returncode == 1
    assert command.stdout.rstrip().endswith("node3\nBIRD is not running.")
    assert "purel3 status: node3: nobody listens at /run/bird/bird.ctl; start BIRD" in command.stderr
    _status, found = document(lab, "purel3.fabric.status")
    assert [node["is_running"] for node in found["nodes"]] == [True, True, False]

    outcome = lab.try_play("purel3.fabric.verify", "-e", "verify_timeout=3")
    assert outcome.status != 0
    lines = last_lines(outcome.output)
    assert lines[0].startswith("node1: session with node3 192.168.50.12: ")
    assert lines[1].startswith("node2: session with node3 192.168.50.12: ")
    assert lines[2] == "node3: BIRD does not run: nobody listens at /run/bird/bird.ctl"
    assert "after 3 s: 1/2 sessions up; node3 192.168.50.12: " in outcome.output
    assert last_lines(lab.play("site.yml").output) == [CONFORMS]


def test_a_node_that_cannot_be_reached_is_not_passed_over(lab: FabricLab) -> None:
    outcome = lab.try_play("purel3.fabric.verify", "-e", '{"lab_node": "nowhere"}', "--limit", "node2")
    assert outcome.status != 0
    status, found = document(lab, "purel3.fabric.status", "-e", '{"lab_node": "nowhere"}', "--limit", "node2")
    assert status != 0
    assert "is not running on this machine" in found["nodes"][0]["error"]
