# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds in every scenario, whatever its nodes are."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from conftest import Node

Nodes = t.Mapping[str, "Node"]

WORKLOAD_ROUTES = ["default via 169.254.1.1 dev eth0", "169.254.1.1 dev eth0 scope link"]


def test_the_routes_of_every_node_are_exactly_these(nodes: Nodes) -> None:
    for name, node in nodes.items():
        golden = Path(os.environ["MOLECULE_ROUTES"], f"{name}.routes")
        if os.environ.get("UPDATE_GOLDEN"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text("".join(f"{line}\n" for line in node.routes()), encoding="utf-8")
        assert node.routes() == golden.read_text(encoding="utf-8").splitlines(), name


def test_the_routes_of_every_workload_are_exactly_these(nodes: Nodes) -> None:
    for node in nodes.values():
        for workload in node.workloads:
            assert node.lines("ip route", workload["name"]) == WORKLOAD_ROUTES, workload["name"]


def test_every_workload_reaches_every_other(nodes: Nodes) -> None:
    everywhere = [workload for node in nodes.values() for workload in node.workloads]
    assert len(everywhere) > 1
    for node in nodes.values():
        for source in node.workloads:
            others = [target["address"] for target in everywhere if target["name"] != source["name"]]
            # One connection for all: on a machine without KVM each takes its time.
            ping = "for address; do ping -c 1 -W 10 $address >/dev/null || echo $address; done"
            unreached = node.run(f"sh -c '{ping}' sh {' '.join(others)}", source["name"]).split()
            assert not unreached, f"{source['name']} does not reach {unreached}"


def test_bird_says_that_all_sessions_are_established(nodes: Nodes) -> None:
    for name, node in nodes.items():
        assert node.has_all_sessions(), f"{name}: {node.sessions()}"
