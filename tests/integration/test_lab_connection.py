# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own modules on a lab's node, through the connection plugin."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from fabric_lab import CHECKOUT, FabricLab

Ansible = t.Callable[..., str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    lab = FabricLab("two_nodes", tmp_path_factory.mktemp("inventories"))
    try:
        lab.play("purel3.fabric.lab_up")
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


@pytest.fixture(params=["pipelining", "files"])
def ansible(lab: FabricLab, request: pytest.FixtureRequest) -> Ansible:
    """Run one task on node1, with the module sent over standard input, or as a file."""
    environment = {**os.environ, "ANSIBLE_PIPELINING": str(request.param == "pipelining"), "ANSIBLE_NOCOLOR": "1"}

    def run(*words: str) -> str:
        done = subprocess.run(
            ["ansible", "-i", lab.inventory, "-e", f"lab_name={lab.name}", "node1", *words],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_command_runs_in_all_namespaces_of_the_node(ansible: Ansible) -> None:
    said = ansible(
        "-m", "shell", "-a", "hostname; cat /proc/1/cmdline; echo; ls /sys/class/net; ls -A /run; id -u; pwd"
    )
    lines = said.splitlines()[1:]
    assert lines[0] == "node1"
    assert lines[1].startswith("purel3-lab:")
    assert lines[2:] == ["ens33", "lo", "0", "/"]


def test_a_task_that_is_delegated_to_a_node_runs_there(lab: FabricLab, tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(
        "- hosts: node1\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.command: hostname\n      loop: [node2, node1]\n      delegate_to: '{{ item }}'\n"
        "      register: said\n"
        "    - ansible.builtin.debug: {msg: \"said {{ said.results | map(attribute='stdout') | join(' and ') }}\"}\n"
    )
    assert "said node2 and node1" in lab.play(str(tmp_path / "play.yml")).output


def test_become_is_not_needed_and_does_no_harm(ansible: Ansible) -> None:
    assert ansible("-b", "-m", "command", "-a", "id -un").splitlines()[1:] == ["root"]


def test_facts_are_the_node_s(ansible: Ansible) -> None:
    said = ansible("-m", "setup", "-a", "filter=ansible_all_ipv4_addresses,ansible_hostname")
    assert "10.4.7.60" in said
    assert "node1" in said


def test_a_file_goes_there_and_comes_back_as_it_was(ansible: Ansible, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    here, back = tmp_path / "with space", tmp_path / "back"
    here.write_bytes(content)
    ansible("-m", "copy", "-a", f"src='{here}' dest='/run/as it was' mode=0600")
    ansible("-m", "fetch", "-a", f"src='/run/as it was' dest='{back}' flat=true")
    assert back.read_bytes() == content
    assert not os.path.exists("/run/as it was")


def test_a_command_that_fails_says_so(lab: FabricLab) -> None:
    done = subprocess.run(
        [
            "ansible",
            "-i",
            lab.inventory,
            "-e",
            f"lab_name={lab.name}",
            "node1",
            "-m",
            "shell",
            "-a",
            "echo no >&2; exit 3",
        ],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert "rc=3" in done.stdout
    assert "no" in done.stdout


def test_an_inventory_without_a_lab_is_told_what_is_missing(lab: FabricLab, tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("fabric: {hosts: {node1: {ansible_connection: local}}}\n")
    done = subprocess.run(
        ["ansible-playbook", "-i", tmp_path, "purel3.fabric.lab_up"],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert "this inventory has no lab: add a lab part to its fabric file" in " ".join(
        (done.stdout + done.stderr).split()
    )
