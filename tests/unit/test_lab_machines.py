# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of virtual machines: what was asked for is checked whole, and what runs is compared with it."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import record
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.image_request import (
    DEFAULT_PACKAGES,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.machine import (
    ImageChoice,
    VirtualMachine,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base import layout
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.backend import NodeState
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.desired import (
    ROUTER,
    LabLink,
    LabNode,
    mac_address,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.request import lab_from_params
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.plan import (
    LabState,
    plan_absent,
    plan_present,
)

Params = t.Dict[str, t.Any]

NODE1: Params = {"name": "node1", "interface": "ens33", "address": "192.168.50.10/24", "mac": "00:0C:29:63:9F:1E"}
NODE2: Params = {"name": "node2", "interface": "ens33", "address": "192.168.51.10/24", "memory": 768}
LEFT: Params = {"subnet": "192.168.50.0/24", "router": "192.168.50.1"}
RIGHT: Params = {"subnet": "192.168.51.0/24", "router": "192.168.51.1"}
FAR: Params = {"subnet": "10.0.9.0/24", "router": "10.0.9.1"}


def params(*nodes: t.Mapping[str, t.Any], **options: t.Any) -> Params:
    return {"name": "lab", "state": "present", "backend": "qemu", "nodes": list(nodes), **options}


def machine(node: LabNode) -> VirtualMachine:
    assert node.machine
    return node.machine


def test_machines_of_two_networks_and_the_router_between_them() -> None:
    lab = lab_from_params(
        params(NODE2, NODE1, networks=[RIGHT, LEFT], ssh_port=22300, packages=["tcpdump", "bird2"]), BACKENDS
    )
    image = ImageChoice("bookworm", ("bird2", "tcpdump"))
    assert lab.nodes == (
        LabNode(ROUTER, (LabLink("eth0", "192.168.50.1/24"), LabLink("eth1", "192.168.51.1/24"))),
        LabNode(
            "node1",
            (LabLink("ens33", "192.168.50.10/24"),),
            VirtualMachine(image, 512, 1, ("00:0c:29:63:9f:1e",), 22300, False, (("192.168.51.0/24", "192.168.50.1"),)),
        ),
        LabNode(
            "node2",
            (LabLink("ens33", "192.168.51.10/24"),),
            VirtualMachine(
                image,
                768,
                1,
                (mac_address("lab", "node2", "ens33"),),
                22301,
                False,
                (("192.168.50.0/24", "192.168.51.1"),),
            ),
        ),
    )


def test_without_networks_there_is_neither_a_router_nor_a_route() -> None:
    lab = lab_from_params(params(NODE1, NODE2), BACKENDS)
    assert [node.name for node in lab.nodes] == ["node1", "node2"]
    assert [machine(node).routes for node in lab.nodes] == [(), ()]


def test_a_node_on_two_networks_has_a_route_to_the_third_only() -> None:
    both = {**NODE1, "interfaces": [{"name": "eth1", "address": "192.168.51.11/24"}]}
    third = {"name": "node3", "interface": "eth0", "address": "10.0.9.3/24"}
    lab = lab_from_params(params(both, third, networks=[LEFT, RIGHT, FAR]), BACKENDS)
    assert machine(lab.nodes[1]).routes == (("10.0.9.0/24", "192.168.50.1"),)
    assert machine(lab.nodes[2]).routes == (("192.168.50.0/24", "10.0.9.1"), ("192.168.51.0/24", "10.0.9.1"))


def test_a_network_without_the_router_is_neither_left_nor_reached() -> None:
    third = {"name": "node3", "interface": "eth0", "address": "10.0.9.3/24"}
    lab = lab_from_params(params(NODE1, NODE2, third, networks=[LEFT, RIGHT, {"subnet": "10.0.9.0/24"}]), BACKENDS)
    routes = {node.name: machine(node).routes for node in lab.nodes if node.name != ROUTER}
    assert routes["node3"] == ()
    assert routes["node1"] == (("192.168.51.0/24", "192.168.50.1"),)


def test_every_machine_has_what_nodes_need_unless_packages_are_given() -> None:
    chosen = [
        machine(lab_from_params(params(NODE1, packages=packages), BACKENDS).nodes[0]).image.packages
        for packages in (None, [])
    ]
    assert chosen == [tuple(sorted(DEFAULT_PACKAGES)), ()]


def test_with_an_image_nothing_else_about_images_counts() -> None:
    chosen = machine(
        lab_from_params(params(NODE1, image="/images/debian.qcow2", release="trixie"), BACKENDS).nodes[0]
    ).image
    assert chosen == ImageChoice("", path="/images/debian.qcow2")
    assert str(chosen) == "/images/debian.qcow2"


BAD: t.Dict[str, t.Tuple[Params, t.Sequence[str]]] = {
    "two machines with one MAC": (
        params(NODE1, {**NODE2, "mac": "00:0c:29:63:9f:1e"}),
        ["00:0c:29:63:9f:1e is the MAC of two interfaces of lab lab; give each its own"],
    ),
    "a MAC of a group": (
        params({**NODE1, "mac": "01:00:5e:00:00:05"}),
        ["node node1: mac 01:00:5e:00:00:05 is no unicast MAC address; write one such as 00:0c:29:63:9f:1e"],
    ),
    "too little memory and no processor": (
        params({**NODE1, "memory": 64}, cpus=-1),
        [
            "node node1: memory 64 MiB is too little for Debian; give 256 or more",
            "node node1: cpus -1 is no number of processors; give 1 or more",
        ],
    ),
    "more ports than there are": (
        params(NODE1, NODE2, ssh_port=65535),
        ["node node2: ssh port 65536 is not 1 to 65535; choose another ssh_port"],
    ),
    "nothing of what there must be something of": (
        params({**NODE1, "memory": 0}, cpus=0, ssh_port=0, timeout=0),
        [
            "lab lab: timeout 0 leaves machines no time; give 1 or more seconds, best some hundred",
            "node node1: memory 0 MiB is too little for Debian; give 256 or more",
            "node node1: cpus 0 is no number of processors; give 1 or more",
            "node node1: ssh port 0 is not 1 to 65535; choose another ssh_port",
        ],
    ),
    "packages that are none": (
        params(NODE1, packages=["tcpdump", "-y", "rm -rf"]),
        [
            "lab lab: packages: '-y' is not the name of a Debian package; write it as in Debian, such as tcpdump",
            "lab lab: packages: 'rm -rf' is not the name of a Debian package; write it as in Debian, such as tcpdump",
        ],
    ),
    "packages for an image that is there": (
        params(NODE1, packages=[], image="/images/debian.qcow2"),
        [
            "lab lab: packages is for an image that is built, and image names one that is there; remove one of them",
        ],
    ),
    "an address where SSH comes from, and the interface": (
        params({**NODE1, "address": "192.0.2.10/24", "interface": "mgmt0"}),
        [
            "node node1: interface mgmt0 is what SSH comes in by; use another name, such as ens33",
            "node node1: address 192.0.2.10/24 is in 192.0.2.0/24, by which SSH reaches virtual machines; give it "
            "another",
        ],
    ),
    "networks for namespaces": (
        params({**NODE1, "memory": 768}, networks=[LEFT], backend="namespaces"),
        [
            "lab lab: networks is for virtual machines; remove it, or set backend: qemu",
            "node node1: mac is for virtual machines; remove it, or set backend: qemu",
            "node node1: memory is for virtual machines; remove it, or set backend: qemu",
        ],
    ),
    "a network that is none": (
        params(NODE1, networks=[LEFT, {"subnet": "10.0.9.1/24"}]),
        ["network 10.0.9.1/24: this is no IPv4 subnet; write it as 192.168.50.0/24"],
    ),
    "a router that is none": (
        params(NODE1, networks=[{**LEFT, "router": "fd00::1"}]),
        ["network 192.168.50.0/24: router fd00::1 is no IPv4 address; write it as 192.168.50.1"],
    ),
    "a network without a node": (
        params(NODE1, networks=[LEFT, RIGHT]),
        ["network 192.168.51.0/24: no node has an address in it; give a node one, or remove the network"],
    ),
    "a node on no network": (
        params(NODE1, NODE2, networks=[LEFT]),
        ["node node2: address 192.168.51.10/24 is in none of the networks; list its subnet"],
    ),
    "networks that overlap": (
        params(NODE1, networks=[LEFT, {"subnet": "192.168.50.0/25"}]),
        [
            "networks 192.168.50.0/24 and 192.168.50.0/25 overlap; keep them apart",
            "network 192.168.50.0/25: no node has an address in it; give a node one, or remove the network",
        ],
    ),
    "a router elsewhere": (
        params(NODE1, networks=[{**LEFT, "router": "10.0.0.1"}]),
        ["network 192.168.50.0/24: router 10.0.0.1 is not in it; give it an address of that subnet"],
    ),
    "a router with a node's address": (
        params(NODE1, networks=[{**LEFT, "router": "192.168.50.10"}]),
        ["network 192.168.50.0/24: router 192.168.50.10 is also the address of node node1; change one"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_it_is_refused(case: str) -> None:
    wrong, complaints = BAD[case]
    with pytest.raises(InvalidInput) as refused:
        lab_from_params(wrong, BACKENDS)
    assert sorted(refused.value.faults) == sorted(complaints)


LAB = lab_from_params(params(NODE1, NODE2, networks=[LEFT, RIGHT]), BACKENDS)
RUNNING = LabState(
    switch_pids=(100,),
    is_switch_sound=True,
    nodes=tuple(NodeState(node.name, (200 + number,), node, True) for number, node in enumerate(LAB.nodes)),
    has_directory=True,
)


def but(name: str, **differently: t.Any) -> LabState:
    return replace(
        RUNNING,
        nodes=tuple(replace(node, **differently) if node.name == name else node for node in RUNNING.nodes),
    )


NODE2_LINE = (
    "node node2  ens33 192.168.51.10/24 02:40:3a:54:05:83  "
    "(bookworm, 768 MiB, 1 CPU, ssh 127.0.0.1:22201, 192.168.50.0/24 via 192.168.51.1)"
)
ROUTER_LINE = "plain router  eth0 192.168.50.1/24, eth1 192.168.51.1/24"

PRESENT: t.Dict[str, t.Tuple[LabState, t.Tuple[str, ...]]] = {
    "everything runs": (RUNNING, ()),
    "one machine has not answered yet": (but("node2", is_introduced=False), ("+ answer of node node2",)),
    "one machine has another tap, or no record": (
        but("node2", attachment=None),
        ("- node node2  (not connected)", f"+ {NODE2_LINE}"),
    ),
    "one machine has other packages": (
        but(
            "node2",
            attachment=replace(
                LAB.nodes[2],
                machine=replace(machine(LAB.nodes[2]), image=ImageChoice("bookworm")),
            ),
        ),
        (f"- {NODE2_LINE}".replace("bookworm", "bookworm with nothing more"), f"+ {NODE2_LINE}"),
    ),
    "the router forwards no longer": (
        but(ROUTER, attachment=None),
        ("- node .router  (not connected)", f"+ {ROUTER_LINE}"),
    ),
}


@pytest.mark.parametrize("case", PRESENT)
def test_present(case: str) -> None:
    state, operations = PRESENT[case]
    assert plan_present(LAB, state).operations == operations


def test_absent() -> None:
    assert plan_absent("lab", RUNNING).operations == (
        "- node node1  ens33 192.168.50.10/24 00:0c:29:63:9f:1e  "
        "(bookworm, 512 MiB, 1 CPU, ssh 127.0.0.1:22200, 192.168.51.0/24 via 192.168.50.1)",
        f"- {NODE2_LINE}",
        f"- {ROUTER_LINE}",
        "- switch lab",
    )


@pytest.fixture(name="folders")
def folders_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(layout, "RUN_DIRECTORY", str(tmp_path / "run"))
    monkeypatch.setattr(layout, "DISK_DIRECTORY", str(tmp_path / "disks"))
    return tmp_path


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize("node", [node for node in LAB.nodes if node.machine], ids=lambda node: node.name)
def test_what_was_started_is_read_back_as_it_was_written(node: LabNode) -> None:
    record.write_machine("lab", node)
    assert record.read_machine("lab", node.name) == node
    assert layout.lab_machine_names("lab") == [node.name]


# A lab that runs is taken over as it is.
OF_THE_RELEASE_BEFORE = """
{"name": "node1", "links": [{"interface": "ens33", "address": "192.168.50.10/24"}],
 "machine": {"image": {"release": "bookworm", "packages": ["bird2", "nftables", "tcpdump"], "path": ""},
             "memory": 512, "cpus": 1, "macs": ["00:0c:29:63:9f:1e"], "ssh_port": 22200, "is_outbound": false,
             "routes": [["192.168.51.0/24", "192.168.50.1"]]}}
"""


def test_what_the_release_before_wrote_is_the_same_machine(folders: Path) -> None:
    record.write_machine("lab", LAB.nodes[1])
    (written,) = folders.glob("run/lab/machines/node1/*.json")
    assert json.loads(written.read_text()) == json.loads(OF_THE_RELEASE_BEFORE)
    assert written.name == "machine.json"
    written.write_text(OF_THE_RELEASE_BEFORE)
    assert record.read_machine("lab", "node1") == LAB.nodes[1]


DAMAGED = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "another machine": '{"name": "node1", "links": [], "machine": {"memory": 5}}',
    "no machine": '{"name": "node1", "links": [], "machine": null}',
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_cannot_be_read_back_is_not_known(case: str, folders: Path) -> None:
    record.write_machine("lab", LAB.nodes[1])
    (written,) = folders.glob("run/lab/machines/node1/*.json")
    written.write_text(DAMAGED[case])
    assert record.read_machine("lab", "node1") is None


def test_nothing_is_left_of_a_machine_that_goes(folders: Path) -> None:
    record.write_machine("lab", LAB.nodes[1])
    Path(record.disk_file("lab", "node1")).touch()
    record.write_host_key("lab", "node1", "[127.0.0.1]:22200 ssh-ed25519 AAAA")
    assert record.has_host_key("lab", "node1")
    record.remove_machine("lab", "node1")
    record.remove_disks("lab")
    assert not record.has_host_key("lab", "node1")
    assert not record.has_disks("lab")
    assert [path for path in folders.rglob("*") if not path.is_dir()] == []


def test_a_machine_that_starts_anew_has_not_answered(folders: Path) -> None:
    record.write_machine("lab", LAB.nodes[1])
    record.write_host_key("lab", "node1", "[127.0.0.1]:22200 ssh-ed25519 AAAA")
    record.write_machine("lab", LAB.nodes[1])
    assert not record.has_host_key("lab", "node1")
    assert folders.exists()


def test_the_key_of_a_lab_is_made_once_and_is_for_nobody_else(folders: Path) -> None:
    first = record.make_key("lab")
    assert first == record.make_key("lab")
    assert first.split()[0] == "ssh-ed25519"
    assert (folders / "run/lab/key").stat().st_mode & 0o777 == 0o600
    assert record.has_key("lab")
