# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurement that other tests rely on: it sends as it should, and sees what is lost."""

from __future__ import annotations

import time
import typing as t

import pytest
from fabric_lab import FabricLab
from steady_traffic import RATE, steady_traffic


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    lab = FabricLab("lab", tmp_path_factory.mktemp("inventories"))
    try:
        lab.play("purel3.fabric.lab_up")
        lab.play("site.yml")
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


def wait_for_rounds(lab: FabricLab, count: int) -> None:
    """Wait until every workload of node1 has sent to every other node as often."""
    statistics = "cat /sys/class/net/ens33/statistics/tx_packets"
    # Each of its two workloads sends to at least two on the other nodes.
    wanted = int(lab.run("node1", statistics)) + 4 * count
    deadline = time.monotonic() + 120
    while int(lab.run("node1", statistics)) < wanted:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_quiet_fabric_loses_nothing_of_a_hundred_packets_a_second_between_all_workloads(lab: FabricLab) -> None:
    with steady_traffic(lab) as traffic:
        time.sleep(3)
    traffic.assert_nothing_lost()
    assert traffic.pairs() == 30
    assert traffic.sent >= 3 * RATE


def test_a_route_that_is_gone_for_a_moment_is_seen_in_the_one_direction_that_needs_it(lab: FabricLab) -> None:
    block = lab.variables["node3"]["bird_blocks"][0]
    (route,) = lab.lines("node1", f"ip route show {block}")
    with steady_traffic(lab) as traffic:
        wait_for_rounds(lab, 50)
        lab.run("node1", f"ip route del {route}")
        wait_for_rounds(lab, 5)
        lab.run("node1", f"ip route add {route}")
        wait_for_rounds(lab, 50)
    traffic.assert_steady()
    near, far = ([one["name"] for one in lab.workloads(node)] for node in ("node1", "node3"))
    assert set(traffic.lost) == {(a, b) for a in near for b in far}
    with pytest.raises(AssertionError, match=r"lost, from \d"):
        traffic.assert_nothing_lost()


def test_a_link_that_is_down_is_seen_by_all_who_use_it_and_by_nobody_else(lab: FabricLab) -> None:
    with steady_traffic(lab) as traffic:
        wait_for_rounds(lab, 50)
        lab.run("node3", "ip link set ens33 down")
        wait_for_rounds(lab, RATE)
        lab.run("node3", "ip link set ens33 up")
        wait_for_rounds(lab, 50)
    traffic.assert_steady()
    cut = {one["name"] for one in lab.workloads("node3")}
    assert set(traffic.lost) == {(a, b) for a in traffic.names for b in traffic.names if (a in cut) != (b in cut)}
    assert all(1 < len(times) < traffic.sent for times in traffic.lost.values()), traffic.report()
