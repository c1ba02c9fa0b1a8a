# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rebooted nodes themselves say."""

from __future__ import annotations

import json
import typing as t

if t.TYPE_CHECKING:
    from conftest import Node

Nodes = t.Mapping[str, "Node"]


def test_the_unit_that_restores_has_run_and_has_succeeded(nodes: Nodes) -> None:
    shown = nodes["node3"].lines("systemctl show purel3-restore.service --property=ActiveState,Result")
    assert sorted(shown) == ["ActiveState=active", "Result=success"]


def test_it_had_ended_before_bird_began(nodes: Nodes) -> None:
    ask = "systemctl show --value --property="
    (ended,) = nodes["node3"].lines(f"{ask}ExecMainExitTimestampMonotonic purel3-restore.service")
    (began,) = nodes["node3"].lines(f"{ask}ExecMainStartTimestampMonotonic bird.service")
    assert 0 < int(ended) < int(began)


def test_purel3_status_shows_the_sessions_as_established(nodes: Nodes) -> None:
    for node in nodes.values():
        lines = node.lines("purel3 status")
        assert lines[0] == "IPv4 BGP status"
        for peer in node.peers:
            assert any(line.startswith(f"| {peer} ") and "| Established " in line for line in lines), lines


def test_purel3_status_says_the_same_as_data(nodes: Nodes) -> None:
    for node in nodes.values():
        (told,) = json.loads(node.run("purel3 status -o json"))["nodes"]
        assert [session["is_established"] for session in told["sessions"]] == [True] * len(node.peers), told


def test_purel3_plan_has_nothing_to_restore(nodes: Nodes) -> None:
    for node in nodes.values():
        assert node.run("purel3 plan") == ""
