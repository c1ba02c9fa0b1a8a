# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode, where there is nothing to do and where there is."""

from __future__ import annotations

import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from conftest import Node
    from fabric_lab import Outcome

FABRIC = Path(__file__).with_name("default.fabric.yml")
CHANGED = Path(__file__).with_name("changed.fabric.yml")

# All that a run could have written.
STATE = (
    *("ip route show table all", "ip -br link", "ip -br address", "ip rule", "ip netns", "sysctl net.ipv4.ip_forward"),
    "find /run /etc/bird /etc/sysctl.d -printf '%p|%y|%s|%m|%u|%T@\\n'",
    "sh -c 'birdc show status | grep Last'",
)


def test_a_run_with_check_would_change_nothing_and_has_nothing_to_show(
    nodes: t.Mapping[str, Node], play: t.Callable[..., Outcome]
) -> None:
    outcome = play(FABRIC, "purel3.fabric.site", "--check", "--diff")
    assert outcome.changed() == dict.fromkeys(nodes, 0), outcome.output
    assert not any(outcome.plan().values()), outcome.output


def test_a_run_with_check_shows_what_it_would_change_and_changes_nothing(
    nodes: t.Mapping[str, Node], play: t.Callable[..., Outcome]
) -> None:
    before = {name: [node.run(command) for command in STATE] for name, node in nodes.items()}
    outcome = play(CHANGED, "purel3.fabric.site", "--check", "--diff")
    assert {name: [node.run(command) for command in STATE] for name, node in nodes.items()} == before
    assert {name: bool(count) for name, count in outcome.changed().items()} == dict.fromkeys(nodes, True), (
        outcome.output
    )
    assert any(line.startswith("-workload web1 ") for line in outcome.plan()["node1"]), outcome.output
    assert any(line.startswith("+workload web1 ") for line in outcome.plan()["node2"]), outcome.output
