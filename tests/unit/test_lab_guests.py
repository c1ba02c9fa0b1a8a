# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is judged around a guest without starting one: its answer, its console, its port, how it can run."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import (
    InvalidInput,
    KernelError,
    MissingDependency,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import (
    acceleration,
    control,
    record,
    wait,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.command import KVM, TCG
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.ports import owner_of
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base import layout
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.backend import NodeState
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.desired import LabNode
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.request import lab_from_params


def guest(folder: Path, *, port: int = 1, is_running: bool = True) -> wait.Guest:
    return wait.Guest(
        node="node1",
        port=port,
        addresses=(("ens33", "192.168.50.10/24"), ("eth1", "10.0.9.1/24")),
        key=str(folder / "key"),
        console=str(folder / "console.log"),
        output=str(folder / "qemu.log"),
        is_running=lambda: is_running,
    )


GOOD = """\
running
lo               UNKNOWN        127.0.0.1/8
mgmt0            UP             192.0.2.15/24 metric 1024
ens33            UP             192.168.50.10/24
eth1@if7         UP             10.0.9.1/24
"""

ANSWERS = {
    "up": (GOOD, ""),
    "up, but a unit failed": (GOOD.replace("running", "degraded"), ""),
    "still starting": (GOOD.replace("running", "starting"), "its systemd says 'starting'"),
    "in emergency mode": ("maintenance\n", "its systemd says 'maintenance'"),
    "nothing": ("", "its systemd says 'nothing'"),
    "an interface of another name": (
        GOOD.replace("ens33", "ens34"),
        "it has no ens33 with address 192.168.50.10/24",
    ),
    "another address": (GOOD.replace("10.0.9.1/", "10.0.9.2/"), "it has no eth1 with address 10.0.9.1/24"),
    "an interface without an address": (
        GOOD.replace("10.0.9.1/24", ""),
        "it has no eth1 with address 10.0.9.1/24",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_is_judged(case: str, tmp_path: Path) -> None:
    said, complaint = ANSWERS[case]
    assert wait.complaint(guest(tmp_path), said) == complaint


def test_the_end_of_a_console_is_shown_without_what_only_a_terminal_understands(tmp_path: Path) -> None:
    console = tmp_path / "console.log"
    console.write_bytes(
        b"".join(b"line %d\r\n" % number for number in range(1000)) + b"\x1b[0;1;31mFAILED\x1b[0m \x1b(B\xff it\r\n\r\n"
    )
    shown = wait.read_end(str(console)).splitlines()
    assert shown[-2:] == ["line 999", "FAILED \N{REPLACEMENT CHARACTER} it"]
    assert len(shown) == 30


def test_a_console_that_is_missing_is_empty(tmp_path: Path) -> None:
    assert wait.read_end(str(tmp_path / "none")) == ""


def test_a_guest_whose_qemu_has_ended_is_given_up_at_once_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "qemu.log").write_text("qemu-system-x86_64: could not set up host forwarding rule\n")
    with pytest.raises(KernelError, match="node node1: its QEMU has ended; it said nothing on its console\nQEMU said:"):
        wait.wait_for(guest(tmp_path, is_running=False), time.monotonic() + 3600)


@pytest.mark.parametrize(
    "last_words",
    [
        "Kernel panic - not syncing: VFS",
        "purel3 guest: there is no seed",
        "You are in emergency mode. After logging in",
    ],
)
def test_a_guest_that_has_given_up_is_given_up_at_once_with_its_console(last_words: str, tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text(f"Linux version 6\n[    0.9] {last_words}\nRebooting\n")
    with pytest.raises(KernelError, match=r"(?s)node node1: it does not boot; the end of its console:.*Rebooting"):
        wait.wait_for(guest(tmp_path), time.monotonic() + 3600)


def test_a_guest_that_does_not_answer_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text("A start job is running\n")
    with pytest.raises(KernelError, match=r"(?s)up after 0 s: nothing answered; .*lab_timeout.*start job is running"):
        wait.wait_for(guest(tmp_path), time.monotonic() - 1)


@pytest.fixture(name="answers")
def guests_that_answer_as_told(monkeypatch: pytest.MonkeyPatch) -> t.Dict[str, t.Callable[[], str]]:
    """What each guest does instead of booting, by its name."""
    answers: t.Dict[str, t.Callable[[], str]] = {}
    monkeypatch.setattr(wait, "wait_for", lambda guest, _deadline: answers[guest.node]())
    return answers


def names_of(*names: str) -> t.Sequence[LabNode]:
    nodes = [
        {"name": name, "interface": "ens33", "address": f"192.168.50.1{number}/24"} for number, name in enumerate(names)
    ]
    return lab_from_params({"name": "lab", "state": "present", "backend": "qemu", "nodes": nodes}, BACKENDS).nodes


def test_one_guest_that_fails_ends_the_waiting_for_all(
    answers: t.Dict[str, t.Callable[[], str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "RUN_DIRECTORY", str(tmp_path))
    nodes = names_of("node1", "node2", "node3")
    monkeypatch.setattr(layout, "DISK_DIRECTORY", str(tmp_path / "disks"))
    record.write_machine("lab", nodes[2])
    release, left = threading.Event(), threading.Event()

    def wait_for_ever() -> str:
        release.wait()
        left.set()
        return ""

    def fail() -> str:
        raise KernelError("node node2: it does not boot; the end of its console:\npanic")

    answers.update(node1=wait_for_ever, node2=fail, node3=lambda: "a key")
    try:
        booting = [NodeState(node.name, (1,), node, is_introduced=False) for node in nodes]
        with pytest.raises(KernelError, match=r"(?s)^node node2: .*\npanic\nnot up by then: .*node1") as failed:
            control.introduce("lab", booting, {"timeout": 3600})
        assert "node2" not in str(failed.value).splitlines()[-1]
        assert not left.is_set()
    finally:
        release.set()


@pytest.fixture(name="listener")
def socket_that_listens() -> t.Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_a_port_that_is_taken_names_its_owner(listener: int) -> None:
    owner = owner_of(listener)
    assert owner
    assert owner.pid == os.getpid()
    assert str(owner).startswith(f"process {os.getpid()} (")


def test_a_free_port_has_no_owner(listener: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        free = other.getsockname()[1]
    assert free != listener
    assert owner_of(free) is None


def machines(port: int) -> t.Sequence[LabNode]:
    nodes = [{"name": "node1", "interface": "ens33", "address": "192.168.50.10/24"}]
    params = {"name": "lab", "state": "present", "backend": "qemu", "nodes": nodes, "ssh_port": port}
    return lab_from_params(params, BACKENDS).nodes


@pytest.fixture(name="equipped")
def machine_with_all_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")


@pytest.mark.usefixtures("equipped")
def test_a_port_that_is_taken_is_refused_before_anything_is_started(listener: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        control.require_host("lab", machines(listener), [])
    assert refused.value.faults[0].startswith(
        f"node node1: port {listener} of 127.0.0.1, for its SSH, is taken by process {os.getpid()} ("
    )
    assert refused.value.faults[0].endswith("end that, or choose another ssh_port for the lab")


@pytest.mark.usefixtures("equipped")
def test_a_port_that_a_machine_holds_which_goes_before_is_free(listener: int) -> None:
    nodes = machines(listener)
    control.require_host("lab", nodes, [os.getpid()])
    assert nodes


@pytest.mark.usefixtures("equipped")
def test_no_space_for_the_disks_is_told_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(layout, "DISK_DIRECTORY", str(tmp_path / "disks"))
    usage = shutil.disk_usage(tmp_path)._replace(free=10 * 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        nodes = machines(other.getsockname()[1])
    with pytest.raises(InvalidInput) as refused:
        control.require_host("lab", nodes, [])
    assert refused.value.faults == (
        f"lab lab: the disks of 1 machines need 256 MiB in {tmp_path}, and 10 MiB are free there; make room",
    )


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program.startswith("qemu") else "/usr/bin/true")
    with pytest.raises(MissingDependency) as refused:
        control.require_host("lab", machines(22200), [])
    assert str(refused.value) == (
        "lab lab: virtual machines need qemu-system-x86_64, qemu-img, not on this machine; install: "
        "apt-get install qemu-system-x86 qemu-utils"
    )


@pytest.fixture(name="asked")
def probes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> t.List[str]:
    """Which kernels were tried under KVM, on a machine that has the device, and where a guest does not answer."""
    device = tmp_path / "kvm"
    device.touch()
    asked: t.List[str] = []

    def answers(_program: str, _acceleration: str, kernel: str) -> bool:
        asked.append(kernel)
        return kernel.endswith("good")

    monkeypatch.setattr(acceleration, "DEVICE", str(device))
    monkeypatch.setattr(acceleration, "answers", answers)
    return asked


def test_machines_run_by_kvm_only_where_a_guest_answers(asked: t.List[str], tmp_path: Path) -> None:
    assert acceleration.choose("qemu", "/boot/good", str(tmp_path / "a")) == KVM
    assert acceleration.choose("qemu", "/boot/bad", str(tmp_path / "b")) == TCG
    assert asked == ["/boot/good", "/boot/bad"]


def test_the_answer_is_remembered_until_the_next_boot(
    asked: t.List[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = str(tmp_path / "cache")
    assert [acceleration.choose("qemu", "/boot/good", cache) for _time in range(3)] == [KVM] * 3
    assert len(asked) == 1
    assert acceleration.choose("qemu", "/boot/bad", cache) == TCG
    assert len(asked) == 2
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("another\n")
    monkeypatch.setattr(acceleration, "_BOOT_ID", str(boot_id))
    assert acceleration.choose("qemu", "/boot/bad", cache) == TCG
    assert len(asked) == 3


@pytest.mark.parametrize("found", ["", "{", "[1]", json.dumps({"acceleration": "kvm"})])
def test_an_answer_that_cannot_be_read_is_asked_for_again(found: str, asked: t.List[str], tmp_path: Path) -> None:
    (tmp_path / "acceleration.json").write_text(found)
    assert acceleration.choose("qemu", "/boot/bad", str(tmp_path)) == TCG
    assert len(asked) == 1


def test_without_the_device_nothing_is_tried(asked: t.List[str], tmp_path: Path) -> None:
    (tmp_path / "kvm").unlink()
    assert acceleration.choose("qemu", "/boot/good", str(tmp_path)) == TCG
    assert asked == []


SCRIPTS = {
    "a guest that looks for its disk": ("echo 'Kernel panic - not syncing: VFS: no'", True),
    "a guest that ends early": ("echo SeaBIOS", False),
    "a qemu that fails": ("echo 'Kernel panic - not syncing: VFS: no'; exit 1", False),
    "a guest that hangs": ("echo SeaBIOS; exec sleep 600", False),
}


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_guest_answers_when_its_kernel_got_as_far_as_its_disk(case: str, tmp_path: Path) -> None:
    script, expected = SCRIPTS[case]
    program = tmp_path / "qemu"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    # One that hangs is given up quickly, and those that answer need less than this by far.
    seconds = 1 if "hangs" in case else 60
    assert acceleration.answers(str(program), TCG, "/boot/vmlinuz", seconds) is expected
