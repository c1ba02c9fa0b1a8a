# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Example inventories that no other test builds: each becomes a fabric with exactly its routes; options of machines."""

from __future__ import annotations

import os
import subprocess
import typing as t

import pytest
from fabric_lab import CHECKOUT, FabricLab

# inventory: its golden routes, and the closing line of a run
INVENTORIES = {
    "lab_route_reflector": ("lab_route_reflector", "fabric conforms: 5 nodes, 14 sessions, 42/42 pairs"),
    "static": ("two_nodes", "fabric conforms: 2 nodes, 2 sessions, 2/2 pairs"),
}


@pytest.fixture(name="lab", params=sorted(INVENTORIES))
def lab_of_an_inventory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[FabricLab]:
    lab = FabricLab(request.param, tmp_path_factory.mktemp("inventories"))
    try:
        lab.play("purel3.fabric.lab_up")
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


def test_it_is_built_and_proved_with_exactly_its_routes_and_a_second_run_changes_nothing(lab: FabricLab) -> None:
    golden, closing_line = INVENTORIES[lab.inventory.name]
    assert lab.play("site.yml").closing_line == closing_line
    lab.require_golden_routes(golden)
    second = lab.play("site.yml", "--diff")
    assert second.closing_line == closing_line
    assert second.changed() == dict.fromkeys(lab.nodes, 0)
    assert second.plan() == {node: [] for node in lab.nodes}


def test_whatever_the_machines_of_a_lab_are_given_reaches_the_module_and_nothing_is_started() -> None:
    name = f"refused-{os.getpid()}"
    given = ["-e", '{"lab_machines": {"cpus": 0, "packages": ["-y"]}}', "-e", f"lab_name={name}"]
    done = subprocess.run(
        ["ansible-playbook", "-i", "inventories/lab_vm", "purel3.fabric.lab_up", *given],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2, done.stdout
    assert "node node1: cpus 0 is no number of processors; give 1 or more" in done.stdout
    assert f"lab {name}: packages: '-y' is not the name of a Debian package" in done.stdout
    assert not os.path.exists(f"/run/purel3-lab/{name}")
