# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's seed holds, letter by letter: for cloud-init, and for a guest without it.

A golden file is written anew with `UPDATE_GOLDEN=1 pytest tests/golden`; read the difference before committing it.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.guest import (
    GuestAccess,
    GuestConfig,
    GuestInterface,
    GuestRoute,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.seed_contents import (
    cloud_init_files,
    guest_files,
    interface_lines,
)

FOLDER = Path(__file__).parent / "seed"

ONE = GuestConfig(
    hostname="node1",
    ssh_public_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample lab",
    access=GuestAccess("mgmt0", "02:00:00:00:00:01", "192.0.2.15", "192.0.2.0/24"),
    interfaces=(GuestInterface("ens33", "00:0C:29:63:9F:1E", "192.168.50.10/24"),),
)
ROUTED = replace(
    ONE,
    access=replace(ONE.access, gateway="192.0.2.2"),
    interfaces=(*ONE.interfaces, GuestInterface("eth0", "02:00:00:00:00:03", "10.0.9.1/30")),
    routes=(
        GuestRoute("192.168.60.0/24", "192.168.50.1"),
        GuestRoute("10.8.0.0/16", "10.0.9.2"),
        GuestRoute("192.168.70.0/24", "192.168.50.1"),
    ),
    mtu=9000,
    nameserver="10.0.2.99",
)
CASES = {"one": ONE, "routed": ROUTED}


def contents(config: GuestConfig) -> str:
    parts = [f"=== {name}\n{text}" for name, text in cloud_init_files(config).items()]
    parts.append(f"=== interfaces\n{interface_lines(config)}")
    parts += [f"=== /{file.path} {file.mode:04o}\n{file.text}" for file in guest_files(config)]
    return "\n".join(parts)


@pytest.mark.parametrize("name", CASES)
def test_a_seed_holds_exactly_this(name: str) -> None:
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(contents(CASES[name]))
    assert contents(CASES[name]) == golden.read_text()


@pytest.mark.parametrize("name", CASES)
def test_what_cloud_init_reads_is_yaml(name: str) -> None:
    for text in cloud_init_files(CASES[name]).values():
        assert isinstance(yaml.safe_load(text), dict)


def test_every_route_belongs_to_the_interface_that_reaches_its_gateway() -> None:
    network: t.Dict[str, t.Any] = yaml.safe_load(cloud_init_files(ROUTED)["network-config"])["ethernets"]
    found = {name: [route["to"] for route in one.get("routes", ())] for name, one in network.items()}
    assert found == {"mgmt0": [], "ens33": ["192.168.60.0/24", "192.168.70.0/24"], "eth0": ["10.8.0.0/16"]}


CHANGES: t.Dict[str, GuestConfig] = {
    "another name": replace(ONE, hostname="node2"),
    "another key": replace(ONE, ssh_public_key="ssh-ed25519 AAAAother lab"),
    "another route": replace(ONE, routes=(GuestRoute("10.8.0.0/16", "192.168.50.1"),)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_guest_that_is_to_be_another_is_a_new_instance_to_cloud_init(name: str) -> None:
    def instance(config: GuestConfig) -> str:
        return str(yaml.safe_load(cloud_init_files(config)["meta-data"])["instance-id"])

    assert instance(CHANGES[name]) != instance(ONE)


def test_two_guests_have_two_machine_ids_and_each_keeps_its_own() -> None:
    def machine_id(config: GuestConfig) -> str:
        return next(file.text for file in guest_files(config) if file.path == "etc/machine-id")

    assert machine_id(replace(ONE, hostname="node2")) != machine_id(ONE)
    assert machine_id(replace(ONE, mtu=1400)) == machine_id(ONE)
