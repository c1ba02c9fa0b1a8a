# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of virtual machines: two segments and a router, from lab_up to lab_down; and what does not boot."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fabric_lab import machine

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import KernelError
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import control
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base import layout, process
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import process_name
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.control import propose_lab

CHECKOUT = Path(__file__).resolve().parents[2]
NAME = f"vm{os.getpid()}"
PATIENCE = 120.0

FABRIC = f"""\
plugin: purel3.fabric.fabric
pools:
  - cidr: 10.244.0.0/16
nodes:
  node1: {{address: 192.168.50.10/24, interface: ens33}}
  node2: {{address: 192.168.51.10/24, interface: eth7}}
lab:
  backend: qemu
  name: {NAME}
  ssh_port: PORT
  networks:
    left: {{subnet: 192.168.50.0/24, router: 192.168.50.1}}
    right: {{subnet: 192.168.51.0/24, router: 192.168.51.1}}
  nodes:
    node1: {{mac: "00:0c:29:63:9f:1e"}}
"""


@dataclass
class Story:
    """A lab that was started, and what was there before."""

    inventory: Path
    before: t.Dict[str, t.Any]
    output: str

    def run(self, *words: str) -> str:
        """Run one of Ansible's commands on the lab, which must end well."""
        done = subprocess.run(
            [words[0], "-i", str(self.inventory), *words[1:]],
            cwd=CHECKOUT,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_SSH_USETTY": "0", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def on(self, node: str, command: str) -> t.List[str]:
        """Run a command on a node by way of its inventory, and return the lines that it printed."""
        printed = self.run("ansible", node, "-m", "ansible.builtin.raw", "-a", command)
        return [line.rstrip() for line in printed.splitlines() if line.strip()][1:]


def files() -> t.List[str]:
    """All that a lab can leave."""
    folders = (layout.lab_directory(NAME), layout.disk_directory(NAME))
    return [folder for folder in folders if os.path.exists(folder)]


@pytest.fixture(scope="module", name="story")
def lab_that_was_started(tmp_path_factory: pytest.TempPathFactory, first_port: int) -> t.Iterator[Story]:
    inventory = tmp_path_factory.mktemp("inventory") / "vm.fabric.yml"
    inventory.write_text(FABRIC.replace("PORT", str(first_port)))
    story = Story(inventory, machine(NAME), "")
    try:
        story.output = story.run("ansible-playbook", "purel3.fabric.lab_up")
        yield story
    finally:
        story.run("ansible-playbook", "purel3.fabric.lab_down")


def test_lab_up_says_how_machines_run(story: Story) -> None:
    assert re.search(r"msg: '?(KVM|emulation \(TCG\))", story.output)


def test_every_machine_is_reached_by_ssh_with_nothing_of_the_user_s_own(story: Story) -> None:
    for node in ("node1", "node2"):
        assert story.on(node, "hostname; id -u; cat /proc/1/comm") == [node, "0", "systemd"]


def test_an_interface_has_the_name_the_address_and_the_mac_that_were_asked_for(story: Story) -> None:
    (link,) = story.on("node1", "ip -brief link show ens33")
    assert link.split()[1:3] == ["UP", "00:0c:29:63:9f:1e"]
    (address,) = story.on("node2", "ip -brief -4 address show eth7")
    assert address.split()[1:] == ["UP", "192.168.51.10/24"]


def test_the_segments_are_joined_by_the_router_and_by_nothing_else(story: Story) -> None:
    assert story.on("node1", "ip route") == [
        "192.168.50.0/24 dev ens33 proto kernel scope link src 192.168.50.10",
        "192.168.51.0/24 via 192.168.50.1 dev ens33 proto static",
    ]
    said = story.on("node1", "ping -c 3 -W 10 192.168.51.10")
    assert "64 bytes from 192.168.51.10: icmp_seq=1 ttl=63" in " ".join(said)
    # One frame that only a node of the same segment could answer.
    assert story.on("node1", "ip neigh flush all; ping -c 1 -W 2 192.168.50.99 >/dev/null || echo nobody") == ["nobody"]


def test_a_machine_reaches_nothing_but_the_lab(story: Story) -> None:
    assert story.on("node1", "ip route show default") == []
    # To a guest, the machine that it runs on is the gateway of its network for SSH.
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connect = f"import socket; socket.create_connection(('192.0.2.2', {port}), 5, ('192.0.2.15', 0))"
        assert story.on("node1", f'python3 -c "{connect}" 2>/dev/null || echo nobody') == ["nobody"]


def test_the_network_of_the_machine_that_the_lab_runs_on_is_as_it_was(story: Story) -> None:
    now = machine(NAME)
    for key in ("ip -o link", "ip -o address", "ip route", "ip -6 route", "ip rule", "mounts"):
        assert now[key] == story.before[key]


def test_a_lab_that_runs_is_not_changed_by_lab_up(story: Story) -> None:
    pids = process.running(process_name(NAME))
    assert sorted(pids) == [process_name(NAME, node) for node in (None, ".router", "node1", "node2")]
    again = story.run("ansible-playbook", "purel3.fabric.lab_up")
    assert re.search(r"node1 .*changed=0 ", again)
    assert process.running(process_name(NAME)) == pids


def test_who_asks_for_its_status_is_sent_to_the_machines(story: Story) -> None:
    command = [str(CHECKOUT / "scripts/purel3"), "status", "--lab", NAME]
    asked = subprocess.run(command, cwd=story.inventory.parent, capture_output=True, encoding="utf-8", check=False)
    assert asked.returncode == 2
    assert f"the nodes of the lab {NAME} are virtual machines; run `purel3 status` on each of them" in asked.stderr


def test_the_same_fabric_is_tried_on_machines_that_exist(story: Story, first_port: int, tmp_path: Path) -> None:
    twin = tmp_path / "twin.fabric.yml"
    hosts = ", ".join(f"node{number + 1}: {{host: 127.0.0.1, port: {first_port + number}}}" for number in (0, 1))
    twin.write_text(
        f"plugin: purel3.fabric.fabric\nextends: {story.inventory}\nlab: {{backend: existing, nodes: {{{hosts}}}}}\n"
    )
    # What an inventory of the user's own would say.
    known = f"-F none -o UserKnownHostsFile={layout.lab_directory(NAME)}/machines/node2/known_hosts"
    words = ["-u", "root", "--private-key", layout.key_file(NAME), "--ssh-common-args", known]
    there = replace(story, inventory=twin)
    reached = there.run("ansible", "node2", "-m", "ansible.builtin.command", "-a", "hostname", *words)
    assert reached.splitlines()[-1] == "node2"
    pids = process.running(process_name(NAME))
    for playbook in ("purel3.fabric.lab_up", "purel3.fabric.lab_down"):
        assert re.search(r"node1 .*changed=0 ", there.run("ansible-playbook", playbook))
    assert process.running(process_name(NAME)) == pids


def test_lab_down_leaves_nothing_and_can_be_done_twice(story: Story) -> None:
    assert len(files()) == 2
    story.run("ansible-playbook", "purel3.fabric.lab_down")
    assert process.running(process_name(NAME)) == {}
    assert files() == []
    assert machine(NAME) == story.before
    assert re.search(r"node1 .*changed=0 ", story.run("ansible-playbook", "purel3.fabric.lab_down"))


def params(port: int, state: str = "present") -> t.Dict[str, t.Any]:
    nodes = [{"name": "node1", "interface": "ens33", "address": "192.168.50.10/24"}]
    return {"name": NAME, "state": state, "backend": "qemu", "nodes": nodes, "ssh_port": port}


@pytest.fixture(name="clean")
def no_lab_before_and_after(first_port: int) -> t.Iterator[None]:
    propose_lab(params(first_port, "absent")).apply()
    yield
    propose_lab(params(first_port, "absent")).apply()


@pytest.mark.usefixtures("clean")
def test_a_guest_that_does_not_boot_fails_with_its_console_and_leaves_nothing(
    first_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    equip = control.equip

    def without_init(*arguments: t.Any) -> control.QemuEquipment:
        made = equip(*arguments)
        command_line = f"{made.image.command_line} rdinit=/nothing root=/dev/none"
        return replace(made, image=replace(made.image, command_line=command_line))

    monkeypatch.setattr(control, "equip", without_init)
    # The kernel says the first of these only where it is not told to be quiet.
    words = r"(?s)node node1: it does not boot; .*evm: HMAC attrs.*Kernel panic - not syncing: VFS"
    with pytest.raises(KernelError, match=words):
        propose_lab(params(first_port)).apply()
    assert process.running(process_name(NAME)) == {}
    assert files() == []


STARTS = """
import signal, sys
# Whatever ran the tests may ignore it, and so would this.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.control import propose_lab
nodes = [{"name": "node1", "interface": "ens33", "address": "192.168.50.10/24"}]
params = {"name": sys.argv[2], "state": "present", "backend": "qemu", "nodes": nodes, "ssh_port": int(sys.argv[3])}
propose_lab(params).apply()
"""


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_no_machine_outlives_a_run_that_ends_in_the_middle(number: int, first_port: int) -> None:
    command = [sys.executable, "-c", STARTS, str(CHECKOUT / "collections"), NAME, str(first_port)]
    name = process_name(NAME, "node1")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as caller:
        deadline = time.monotonic() + PATIENCE
        while name not in process.running(name):
            assert caller.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(caller.pid, number)
    deadline = time.monotonic() + PATIENCE
    while process.running(process_name(NAME)):
        assert time.monotonic() < deadline, "a machine still runs"
        time.sleep(0.1)
    propose_lab(params(first_port, "absent")).apply()
    assert files() == []
