# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes that an earlier BIRD left in the kernel: named by verify, removed with the service, and no others."""

from __future__ import annotations

import typing as t

from bird_nodes import Node

OWN = "blackhole 1.1.1.0/24 proto bird metric 32"
LEARNT = "1.1.2.0/24 via 10.4.7.200 dev ens33 proto bird metric 32"
LEFT = (
    "blackhole 1.1.1.0/24 proto bird",
    "blackhole 1.1.1.0/24 proto bird metric 77",
    "1.1.2.0/24 via 10.4.7.200 dev ens33 proto bird metric 77",
    "1.1.9.0/24 via 10.4.7.90 dev ens33 proto bird metric 77",
)
FOREIGN = ("198.51.100.0/24 via 10.4.7.90 dev ens33 metric 77", "blackhole 1.1.1.0/24 proto static metric 99")


def leave(node: Node, *routes: str) -> None:
    for route in routes:
        node.run("ip", "route", "add", *route.split())


def differences(node: Node) -> t.List[str]:
    found = node.good(
        "conformance",
        node=node.name,
        peers=node.peers,
        own_blocks=node.variables["bird_blocks"],
        is_required=False,
        timeout=0,
    )["differences"]
    return [one["text"] for one in found]


def test_what_an_earlier_bird_left_is_named_and_removed_and_nothing_else(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    leave(node, *LEFT, *FOREIGN)
    assert differences(node) == [
        "the kernel has a route to 1.1.1.0/24, blackhole, that BIRD does not know",
        "the kernel has a route to 1.1.1.0/24, blackhole metric 77, that BIRD does not know",
        "the kernel has a route to 1.1.2.0/24, via 10.4.7.200 metric 77, that BIRD does not know",
        "the kernel has a route to 1.1.9.0/24, via 10.4.7.90 metric 77, that BIRD does not know",
    ]
    foreseen = node.start(check=True)
    assert foreseen["operations"] == [f"- route {route}" for route in LEFT]
    assert sorted(node.routes()) == sorted([OWN, LEARNT, *LEFT])
    assert node.start()["operations"] == foreseen["operations"]
    assert sorted(node.routes()) == sorted([OWN, LEARNT])
    others = node.run("ip", "route").splitlines()
    assert all(any(line.strip() == route for line in others) for route in FOREIGN)
    assert differences(node) == []
    assert not node.start()["changed"]


def test_another_metric_leaves_no_routes_with_the_old_one(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    node.configure(bird_kernel_metric=0)
    node.start()
    node.converge()
    assert sorted(node.routes()) == [
        "1.1.2.0/24 via 10.4.7.200 dev ens33 proto bird",
        "blackhole 1.1.1.0/24 proto bird",
    ]


def test_a_bird_that_is_started_removes_what_it_would_never_look_at(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    leave(node, *LEFT)
    node.kill_bird()
    node.start()
    # Those with its own metric it looks at itself.
    assert not [route for route in node.routes() if "metric 77" in route]
    assert {OWN, LEARNT} <= set(node.routes())


def test_routes_in_a_table_of_ones_own_are_no_leftovers(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    mine = """
ipv4 table mine;
protocol static mine_static { ipv4 { table mine; }; route 203.0.113.0/24 blackhole; }
protocol kernel mine_kernel { kernel table 100; metric 77; ipv4 { table mine; export all; }; }
"""
    node.run("tee", "/etc/bird/mine.conf", text=mine)
    node.configure(bird_includes=["/etc/bird/mine.conf"])
    node.good("bird_info", peers=node.peers, wait_for="established")
    leave(node, LEFT[-1])
    assert node.start()["operations"] == [f"- route {LEFT[-1]}"]
    assert node.run("ip", "route", "show", "table", "100").strip() == "blackhole 203.0.113.0/24 proto bird metric 77"
    assert differences(node) == []
