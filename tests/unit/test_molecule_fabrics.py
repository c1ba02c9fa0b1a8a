# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric files of Molecule's scenarios, without running them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.allocation.store import render
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import check_fabric
from ansible_collections.purel3.fabric.plugins.plugin_utils.fabric_files import read_source

FOLDER = Path(__file__).resolve().parents[2] / "molecule"
SCENARIOS = sorted(path.parent.name for path in FOLDER.glob("*/molecule.yml"))
FABRICS = sorted(path.relative_to(FOLDER) for path in FOLDER.glob("*/*.fabric.yml"))


def test_every_scenario_has_a_fabric_of_its_name() -> None:
    assert SCENARIOS
    assert {Path(name, f"{name}.fabric.yml") for name in SCENARIOS} <= set(FABRICS)


@pytest.mark.parametrize("path", FABRICS, ids=str)
def test_a_scenario_is_an_example_with_a_lab_and_a_run_of_it_stores_nothing_new(path: Path) -> None:
    source = read_source(str(FOLDER / path))
    checked = check_fabric(source)
    assert "extends:" in (FOLDER / path).read_text(encoding="utf-8")
    assert checked.fabric.lab is not None
    assert source.store_text == render(checked.allocations)


def test_labs_that_may_run_side_by_side_share_no_port() -> None:
    ports = {}
    for path in FABRICS:
        fabric = check_fabric(read_source(str(FOLDER / path))).fabric
        if fabric.lab is not None and fabric.lab.backend == "qemu":
            first = fabric.lab.variables["lab_ssh_port"]
            ports[fabric.lab.name] = set(range(first, first + len(fabric.nodes)))
    assert sum(len(each) for each in ports.values()) == len(set().union(*ports.values()))
