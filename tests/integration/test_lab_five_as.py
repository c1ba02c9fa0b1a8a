# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of five autonomous systems: a cable that is cut, and mended, while packets flow from end to end."""

from __future__ import annotations

import re
import time
import typing as t

import pytest
from fabric_lab import FabricLab

CLOSING_LINE = "fabric conforms: 5 nodes, 10 sessions, 6/6 pairs"
BLOCK = "10.1.0.0/16"
WEB1 = "10.1.0.10"
# Both ends of the cable between r1 and r2, as on hosts without a switch in between.
CABLE = (("r1", "eth0"), ("r2", "eth0"))
SECONDS = 300


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    lab = FabricLab("lab_five_as", tmp_path_factory.mktemp("inventories"))
    try:
        lab.play("purel3.fabric.lab_up")
        assert lab.play("site.yml").closing_line == CLOSING_LINE
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


def paths(lab: FabricLab, node: str) -> t.List[str]:
    """The AS paths to r1's block that a node knows, the one in use first."""
    return re.findall(r"BGP\.as_path: (.*)", lab.run(node, f"birdc show route {BLOCK} all"))


def wait_for_paths(lab: FabricLab, expected: t.List[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while paths(lab, "r5") != expected:
        assert time.monotonic() < deadline, paths(lab, "r5")
        time.sleep(0.2)


def next_hop(lab: FabricLab) -> str:
    (route,) = lab.data("r5", f"ip -j route show {BLOCK}")
    return str(route["gateway"])


def wait_for_next_hop(lab: FabricLab, expected: str) -> None:
    deadline = time.monotonic() + SECONDS
    while next_hop(lab) != expected:
        assert time.monotonic() < deadline, next_hop(lab)
        time.sleep(0.2)


def test_the_routes_of_every_node_are_exactly_these(lab: FabricLab) -> None:
    lab.require_golden_routes("lab_five_as")


def test_r5_uses_the_shorter_path_the_longer_while_that_is_cut_and_the_shorter_again(lab: FabricLab) -> None:
    wait_for_paths(lab, ["200 100", "400 300 100"])
    wait_for_next_hop(lab, "172.16.25.2")
    for node, interface in CABLE:
        lab.run(node, f"ip link set {interface} down")
    try:
        wait_for_paths(lab, ["400 300 100"])
        wait_for_next_hop(lab, "172.16.45.4")
        lab.reaches("r5", WEB1, "web5")
        traced = lab.run("r4", "ip -j route get 10.1.0.10")
        assert "172.16.34.3" in traced
    finally:
        for node, interface in CABLE:
            lab.run(node, f"ip link set {interface} up")
    wait_for_paths(lab, ["200 100", "400 300 100"])
    wait_for_next_hop(lab, "172.16.25.2")
    lab.reaches("r5", WEB1, "web5")


def test_no_route_with_its_own_as_is_in_use_anywhere(lab: FabricLab) -> None:
    for node in lab.nodes:
        own = str(lab.variables[node]["bird_as_number"])
        shown = lab.run(node, "birdc show route all")
        paths = [path.split() for path in re.findall(r"(?:BGP\.as_path|bgp_path): (.*)", shown)]
        assert paths
        assert [path for path in paths if own in path] == []


def test_a_cable_that_was_cut_and_mended_leaves_nothing_to_do(lab: FabricLab) -> None:
    assert sum(lab.play("purel3.fabric.lab_up").changed().values()) == 0
    assert lab.play("purel3.fabric.verify").closing_line == CLOSING_LINE
