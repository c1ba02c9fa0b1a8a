# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another way for packets, in a lab whose kernel has no tunnels, and its end: what was made smaller grows again.

The tests follow each other. The switch itself needs machines: molecule/ipip.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from fabric_lab import FabricLab

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import host_device


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    lab = FabricLab("two_nodes", tmp_path_factory.mktemp("inventories"))
    try:
        lab.play("purel3.fabric.lab_up")
        assert lab.play("site.yml").closing_line == "fabric conforms: 2 nodes, 2 sessions, 2/2 pairs"
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


def mtus(lab: FabricLab) -> t.Dict[str, t.Set[int]]:
    """The MTU of both ends of each workload's veth pair."""
    return {
        item["name"]: {
            int(found)
            for text in (
                lab.run(node, f"ip link show {host_device(item['name'])}"),
                lab.run(node, "ip link show eth0", item["name"]),
            )
            for found in re.findall(r" mtu ([0-9]+) ", text)
        }
        for node in lab.nodes
        for item in lab.workloads(node)
    }


def shrink(lab: FabricLab) -> None:
    """Leave all workloads as encapsulation has them."""
    for node in lab.nodes:
        for item in lab.workloads(node):
            lab.run(node, f"ip link set {host_device(item['name'])} mtu 1480")
            lab.run(node, "ip link set eth0 mtu 1480", item["name"])


def test_the_routes_of_every_node_are_exactly_these(lab: FabricLab) -> None:
    lab.require_golden_routes("two_nodes")


def test_site_leaves_the_workloads_as_small_as_they_are_because_others_may_still_send_through_tunnels(
    lab: FabricLab,
) -> None:
    shrink(lab)
    outcome = lab.play("site.yml")
    assert outcome.changed() == dict.fromkeys(lab.nodes, 0), outcome.output
    assert set().union(*mtus(lab).values()) == {1480}


def test_check_mode_shows_every_workload_that_would_grow(lab: FabricLab) -> None:
    outcome = lab.play("purel3.fabric.ipip", "--check", "--diff")
    planned = [line for lines in outcome.plan().values() for line in lines]
    assert sorted(name for name in mtus(lab) if any(f"workload {name} " in line for line in planned)) == sorted(
        mtus(lab)
    )
    assert set().union(*mtus(lab).values()) == {1480}


def test_when_nobody_sends_through_tunnels_the_workloads_grow(lab: FabricLab) -> None:
    outcome = lab.play("purel3.fabric.ipip")
    assert outcome.changed() == dict.fromkeys(lab.nodes, 1), outcome.output
    assert set().union(*mtus(lab).values()) == {1500}


def test_the_mtu_that_an_inventory_gives_its_workloads_is_what_they_grow_to(lab: FabricLab) -> None:
    shrink(lab)
    lab.set_for_all("node_mtu: 1490\n")
    lab.play("purel3.fabric.ipip")
    assert set().union(*mtus(lab).values()) == {1490}
    for playbook in ("purel3.fabric.ipip", "site.yml"):
        again = lab.play(playbook)
        assert again.changed() == dict.fromkeys(lab.nodes, 0), again.output


def test_pairs_that_were_silent_before_keep_it_from_nothing_but_its_proof(lab: FabricLab) -> None:
    shrink(lab)
    node = lab.nodes[-1]
    silence = "sysctl -qw net.ipv4.icmp_echo_ignore_all="
    lab.run(node, f"{silence}1", lab.workloads(node)[0]["name"])
    try:
        outcome = lab.try_play("purel3.fabric.ipip")
    finally:
        lab.run(node, f"{silence}0", lab.workloads(node)[0]["name"])
    assert outcome.status != 0
    assert "1/2 workload pairs reachable" in outcome.output
    assert "UNREACHABLE!" not in outcome.output
    assert outcome.changed() == dict.fromkeys(lab.nodes, 1), outcome.output
    assert set().union(*mtus(lab).values()) == {1490}


def test_no_other_playbook_has_packets_travel_another_way(lab: FabricLab) -> None:
    modes = lab.inventory.parent / "modes.json"
    modes.write_text('{"bird_encapsulation": [{"prefix": "1.1.0.0/16", "mode": "ipip"}]}')
    for node in lab.nodes:
        if "tunl0" not in lab.run(node, "ip link"):
            lab.run(node, "ip link add tunl0 type bridge")
        lab.run(node, "ip link set tunl0 up")
    before = {node: lab.run(node, "ip route") for node in lab.nodes}
    for playbook in ("site.yml", "purel3.fabric.rolling", "purel3.fabric.change"):
        refused = lab.try_play(playbook, "-e", f"@{modes}")
        said = " ".join(refused.output.split())
        assert refused.status != 0
        assert "packets to other nodes would travel another way (1.1.0.0/16: none -> ipip)" in said
        assert "No node was touched." in said
        assert set(refused.changed().values()) == {0}
    assert {node: lab.run(node, "ip route") for node in lab.nodes} == before


def test_without_all_nodes_it_does_not_even_begin(lab: FabricLab) -> None:
    refused = lab.try_play("purel3.fabric.ipip", "--limit", lab.nodes[0])
    assert refused.status != 0
    assert f"{lab.nodes[1]}: not reached or left out" in " ".join(refused.output.split())
