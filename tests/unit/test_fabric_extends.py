# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric file that extends another one: what holds, whose store it is, and how faults are told."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from bad_fabric import GOOD

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.allocation.store import render
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.allocations import Allocations
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import CheckedFabric
from ansible_collections.purel3.fabric.plugins.plugin_utils.fabric_files import read_source

PLUGIN = "plugin: purel3.fabric.fabric\n"
LAB = f"{PLUGIN}extends: ../site.fabric.yml\nlab:\n  backend: namespaces\n"
STORED = Allocations(blocks={IPv4Network("10.244.9.0/26"): "node2"}, addresses={IPv4Address("10.244.9.9"): "web2"})


@pytest.fixture(name="folder")
def folder_with_two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """site.fabric.yml with its store, and lab/site.fabric.yml, which extends it."""
    write(tmp_path, "site.fabric.yml", GOOD)
    write(tmp_path, "site.allocations.txt", render(STORED))
    write(tmp_path, "lab/twin.fabric.yml", LAB)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def checked(name: str = "lab/twin.fabric.yml") -> CheckedFabric:
    return check_fabric(read_source(name))


def faults(name: str = "lab/twin.fabric.yml") -> t.List[str]:
    with pytest.raises(InvalidInput) as report:
        checked(name)
    return list(report.value.faults)


@pytest.mark.usefixtures("folder")
def test_all_of_the_other_file_holds_and_what_is_added() -> None:
    alone, extended = checked("site.fabric.yml"), checked()
    assert extended.fabric.nodes == alone.fabric.nodes
    assert extended.fabric.workloads == alone.fabric.workloads
    assert alone.fabric.lab is None
    assert extended.fabric.lab is not None
    assert extended.fabric.lab.name == "twin"


@pytest.mark.usefixtures("folder")
def test_the_allocations_and_their_store_are_those_of_the_other_file() -> None:
    assert checked().allocations == checked("site.fabric.yml").allocations
    assert Path(read_source("lab/twin.fabric.yml").store_path).resolve() == Path("site.allocations.txt").resolve()


@pytest.mark.parametrize(
    "own",
    [
        "pools:\n  - cidr: 10.244.0.0/16\n    name: main\n",
        "reserved: [10.244.0.0]\n",
        "nodes:\n  node1: {address: 192.168.50.10/24, interface: ens33}\n"
        "  node2: {address: 192.168.50.12/24, interface: ens33}\n",
        "workloads:\n  web1: {node: node1}\n",
    ],
    ids=["pools", "reserved", "nodes", "workloads"],
)
def test_a_file_that_says_itself_what_to_allocate_has_a_store_of_its_own(folder: Path, own: str) -> None:
    write(folder, "lab/twin.fabric.yml", f"{LAB}{own}")
    assert read_source("lab/twin.fabric.yml").store_path == "lab/twin.allocations.txt"
    assert checked().allocations != checked("site.fabric.yml").allocations


def test_a_key_that_both_have_is_as_in_the_file_that_extends(folder: Path) -> None:
    write(folder, "lab/twin.fabric.yml", f"{LAB}as_number: 65000\nworkloads:\n  other: {{node: node2}}\n")
    assert {node.as_number for node in checked().fabric.nodes} == {65000}
    assert [workload.name for workload in checked().fabric.workloads] == ["other"]


def test_a_file_that_extends_may_be_extended_itself(folder: Path) -> None:
    write(folder, "lab/third.fabric.yml", f"{PLUGIN}extends: twin.fabric.yml\nas_number: 65000\n")
    third = checked("lab/third.fabric.yml").fabric
    assert {node.as_number for node in third.nodes} == {65000}
    assert third.lab is not None
    assert third.lab.name == "third"


CASES = {
    "the other file does not exist": (
        "extends: ../sites.fabric.yml\n",
        ["2: extends ../sites.fabric.yml: there is no such file; write its path as seen from this file"],
    ),
    "the other file is no fabric file": (
        "extends: ../site.yml\n",
        ["2: extends ../site.yml is no fabric file; name a file that ends in .fabric.yml"],
    ),
    "the other file has no name": (
        "extends: ''\n",
        ["2: extends '' is no fabric file; name a file that ends in .fabric.yml"],
    ),
    "the file extends itself": (
        "extends: ./twin.fabric.yml\n",
        ["2: extends ./twin.fabric.yml leads back to this file; name one that stands alone"],
    ),
    "what extends names is not a path": (
        "extends: [../site.fabric.yml]\npools: [{cidr: 10.0.0.0/16}]\n"
        "nodes: {n1: {address: 10.1.0.1/24, interface: a}}\n",
        ["2: extends is a list, not text; ..."],
    ),
    "what the two files say together is wrong, and is told where the other one is named": (
        "# the lab\nextends: ../site.fabric.yml\nnodes:\n  node1: {address: 192.168.50.10/24, interface: ens33}\n",
        ["3: web2: node node2 is not a node of this file; did you mean 'node1'?"],
    ),
    "what the file says itself is wrong": (
        "extends: ../site.fabric.yml\nlab:\n  backend: clouds\n",
        ["4: lab: backend clouds ..."],
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_fault_is_told_with_the_line_of_the_file_that_extends(folder: Path, case: str) -> None:
    text, expected = CASES[case]
    write(folder, "lab/twin.fabric.yml", f"{PLUGIN}{text}")
    found = faults()
    assert len(found) == len(expected), found
    for one, other in zip(found, expected):
        assert one.startswith(f"lab/twin.fabric.yml:{other.split(' ...')[0]}"), one


def test_a_file_that_extends_must_itself_say_that_it_is_a_fabric_file(folder: Path) -> None:
    write(folder, "lab/twin.fabric.yml", "extends: ../site.fabric.yml\n")
    assert faults() == [
        "lab/twin.fabric.yml:1: plugin is missing; write 'plugin: purel3.fabric.fabric' at the top",
    ]


def test_a_fault_of_the_other_file_is_told_with_its_own_lines(folder: Path) -> None:
    write(folder, "site.fabric.yml", GOOD.replace("192.168.50.11/24", "192.168.50.10/24"))
    assert faults() == faults("site.fabric.yml")


def test_two_files_cannot_extend_each_other(folder: Path) -> None:
    write(folder, "site.fabric.yml", f"{PLUGIN}extends: lab/twin.fabric.yml\n")
    assert faults() == [
        "site.fabric.yml:2: extends lab/twin.fabric.yml leads back to this file; name one that stands alone"
    ]


def test_a_chain_of_files_has_an_end(folder: Path) -> None:
    for number in range(600):
        write(folder, f"{number}.fabric.yml", f"{PLUGIN}extends: {number + 1}.fabric.yml\n")
    with pytest.raises(InvalidInput) as refused:
        read_source(str(folder / "0.fabric.yml"))
    assert "is the end of a chain of more than 20 files; put some of them together" in refused.value.faults[0]
