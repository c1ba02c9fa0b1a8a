# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable of the shipped inventories, as Ansible itself sees them.

A golden file is written anew with `UPDATE_GOLDEN=1 pytest tests/golden`; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_commands import Commands

FABRICS = [
    "ipip",
    *("full_mesh", "lab", "lab_five_as", "lab_route_reflector", "lab_tor", "lab_vm", "route_reflector", "two_nodes"),
]
INVENTORIES = [*FABRICS, "static"]
# What one host holds for all.
REFERENCE = re.compile(r"\{\{ hostvars\['([^']+)'\]\['([^']+)'\] \}\}")
FOLDER = Path(__file__).parent / "inventories"

Variables = t.Dict[str, t.Any]


def golden_hosts(name: str) -> t.Dict[str, Variables]:
    """A golden inventory with its references followed, as Ansible does."""
    hosts: t.Dict[str, Variables] = json.loads((FOLDER / f"{name}.json").read_text())
    for variables in hosts.values():
        for key, value in variables.items():
            found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
            if found is not None:
                variables[key] = hosts[found[1]][found[2]]
    return hosts


@pytest.fixture(scope="module", name="commands")
def ansible_of_the_checkout(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Commands]:
    environment = {
        "ANSIBLE_CONFIG": str(checkout / "ansible.cfg"),
        "ANSIBLE_HOME": str(tmp_path_factory.mktemp("home")),
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
    }
    with Commands(environment) as commands:
        yield commands


@pytest.mark.parametrize("name", INVENTORIES)
def test_an_inventory_becomes_the_golden_host_vars(name: str, commands: Commands, checkout: Path) -> None:
    ended = commands.run(checkout, "ansible-inventory", "-i", f"inventories/{name}", "--list")
    assert ended.status == 0, ended.errors
    # Paths are relative to the checkout.
    found = json.loads(ended.output.replace(f"{checkout}/", ""))["_meta"]["hostvars"]
    golden = FOLDER / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
    assert found == json.loads(golden.read_text())


def test_the_static_inventory_is_the_same_network_as_two_nodes() -> None:
    static = golden_hosts("static")
    two_nodes = golden_hosts("two_nodes")
    for node, variables in two_nodes.items():
        for name in [name for name in variables if name.startswith("fabric_")]:
            del variables[name]
        variables["lab_name"] = "static"
        del variables["lab_workload_count"]
        # One text there, a list here.
        listed = [item.split() for item in variables["verify_destinations"].split(",")]
        variables["verify_destinations"] = [dict(word.split("=") for word in words) for words in listed]
        for workload in variables["node_workloads"]:
            del workload["netns"], workload["interface_name"]  # the defaults of the role
        assert static[node] == variables


@pytest.mark.parametrize("name", FABRICS)
def test_the_committed_store_is_what_the_first_run_would_write(name: str, checkout: Path) -> None:
    store = next(iter(golden_hosts(name).values()))["fabric_allocation_store"]
    text = (checkout / store["path"]).read_text()
    committed = [tuple(line.split()) for line in text.splitlines() if not line.startswith("#")]
    expected = [("address", *item) for item in store["addresses"].items()]
    expected += [("block", *item) for item in store["blocks"].items()]
    expected += [("tunnel", *item) for item in store.get("tunnels", {}).items()]
    assert sorted(committed) == sorted(expected)


@pytest.mark.parametrize(
    "path",
    [path for name in INVENTORIES for path in sorted((FOLDER.parent / "bird" / name).glob("*.yml"))],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_the_golden_configurations_of_bird_start_from_the_same_variables(path: Path) -> None:
    node = golden_hosts(path.parent.name)[path.stem]
    variables = yaml.safe_load(path.read_text())
    assert variables == {name: node[name] for name in variables}
