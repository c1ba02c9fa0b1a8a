# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric that is to be encapsulated, on nodes that cannot: said before anything is changed."""

from __future__ import annotations

import re
import typing as t

import pytest
from fabric_lab import FabricLab

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import modules


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    lab = FabricLab("lab", tmp_path_factory.mktemp("inventories"))
    file = lab.inventory / "lab.fabric.yml"
    file.write_text(file.read_text().replace("block_size: 26\n", "block_size: 26\n    encapsulation: ipip\n"))
    lab.read()
    assert lab.variables["node1"]["node_tunnel"]
    try:
        lab.play("purel3.fabric.lab_up")
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


def lasting(snapshot: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Link-local addresses of IPv6, and the routes and states that come with them, come by themselves."""
    return {key: snapshot[key] for key in ("files", "forwarding", "ip netns", "ip rule")}


def test_every_fault_is_told_and_nothing_is_changed(lab: FabricLab) -> None:
    if "tunl0" not in lab.run("node2", "ip link"):
        lab.run("node2", "ip link add tunl0 type bridge")
    lab.run("node2", "ip link set tunl0 up")
    before = {node: lasting(lab.snapshot(node)) for node in lab.nodes}
    files = {path: path.read_bytes() for path in lab.inventory.rglob("*") if path.is_file()}

    outcome = lab.try_play("site.yml")

    assert outcome.status != 0
    assert "node2: interface tunl0 stands in the way of tunnel tunl0 " in outcome.output
    if modules.state("ipip") == modules.MISSING:
        for node in ("node1", "node3"):
            assert re.search(f"{node}: kernel .* has no module ipip, which encapsulation needs", outcome.output)
    assert {node: lasting(lab.snapshot(node)) for node in lab.nodes} == before
    assert {path: path.read_bytes() for path in lab.inventory.rglob("*") if path.is_file()} == files
    assert set(outcome.changed().values()) == {0}
