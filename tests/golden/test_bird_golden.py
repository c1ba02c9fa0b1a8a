# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each topology's bird.conf, letter by letter, and accepted by BIRD itself.

A golden file is written anew with `UPDATE_GOLDEN=1 pytest tests/golden`; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.seal import seal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import (
    PASSWORD_FILE,
    render_variables,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.passwords import render_passwords

FOLDER = Path(__file__).parent / "bird"
INVENTORIES = Path(__file__).parent / "inventories"
CASES = sorted(FOLDER.glob("*/*.yml"))
ENCAPSULATION = ("bird_encapsulation", "bird_subnets")


def variables(case: Path) -> t.Dict[str, t.Any]:
    loaded = yaml.safe_load(case.read_text())
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_host_vars_become_the_golden_configuration(case: Path) -> None:
    golden = case.with_suffix(".conf")
    rendered = render_variables(variables(case))
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(rendered)
    assert rendered == golden.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_bird_itself_accepts_the_golden_configuration(case: Path, tmp_path: Path) -> None:
    sealed = tmp_path / "bird.conf"
    sealed.write_text(seal(case.with_suffix(".conf").read_text()))
    (tmp_path / PASSWORD_FILE).write_text(render_passwords(variables(case)))
    checked = subprocess.run(["bird", "-p", "-c", str(sealed)], capture_output=True, text=True, check=False)
    # BIRD 2.17 and newer say which kind of password they take this for; 2.0.12 cannot be told.
    said = [line for line in checked.stderr.splitlines() if "assuming MD5" not in line]
    assert (checked.returncode, said) == (0, [])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_no_password_is_in_the_golden_configuration(case: Path) -> None:
    values = variables(case)
    secrets = {values.get("bird_password"), *values.get("bird_passwords", {}).values()} - {None, ""}
    assert [secret for secret in secrets if secret in case.with_suffix(".conf").read_text()] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_the_order_of_lists_and_keys_does_not_matter(case: Path) -> None:
    shuffled = list(variables(case).items())
    random.Random(2).shuffle(shuffled)
    again = dict(shuffled)
    for name in ("bird_peers", "bird_blocks", "bird_owners", "bird_reflected", "bird_communities", *ENCAPSULATION):
        again[name] = list(reversed(again.get(name, [])))
    assert render_variables(again) == case.with_suffix(".conf").read_text()


def test_numbers_and_truths_may_come_as_text_as_templates_give_them() -> None:
    case = FOLDER / "two_nodes" / "node1.yml"
    values = variables(case)
    values["bird_kernel_metric"] = "32"
    values["bird_as_number"] = "50060"
    values["bird_peers"][0]["is_direct"] = "True"
    assert render_variables(values) == case.with_suffix(".conf").read_text()


def bird_variables(host: str, hosts: t.Mapping[str, t.Mapping[str, t.Any]]) -> t.Dict[str, t.Any]:
    """The variables of the role, with those that stand on another host looked up there as Ansible does."""
    found = {}
    for key, value in hosts[host].items():
        elsewhere = re.fullmatch(r"\{\{ hostvars\['(.+?)'\]\['(.+?)'\] \}\}", value) if isinstance(value, str) else None
        if key.startswith("bird_"):
            found[key] = hosts[elsewhere[1]][elsewhere[2]] if elsewhere else value
    return found


@pytest.mark.parametrize(
    ("inventory", "golden"),
    [
        ("ipip", "ipip"),
        ("lab", "lab"),
        ("lab_five_as", "lab_five_as"),
        ("lab_route_reflector", "lab_route_reflector"),
        ("lab_tor", "lab_tor"),
        ("two_nodes", "two_nodes"),
        ("static", "two_nodes"),
    ],
    ids=lambda name: name,
)
def test_the_inventories_lead_to_the_golden_configurations(inventory: str, golden: str) -> None:
    # What Ansible makes of the inventory, as test_inventories has found it.
    hosts = json.loads((INVENTORIES / f"{inventory}.json").read_text())
    rendered = {
        name: render_variables(bird_variables(name, hosts))
        for name, variables in hosts.items()
        if "bird_address" in variables
    }
    assert rendered == {file.stem: file.read_text() for file in (FOLDER / golden).glob("*.conf")}
