# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virtual machines stand on, without one: programs of a lab, their guard, and taps on the switch."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import switch
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.forwarding import is_router, make_router
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.taps import open_taps
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import control as machines
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import image, record
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base import layout, process
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.guard import (
    ended_with_caller,
    interrupt_deferred,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import process_name
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.control import propose_lab
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.observed import read_lab

LAB = f"programs{os.getpid()}"
COLLECTIONS = Path(__file__).resolve().parents[2] / "collections"
PATIENCE = 120.0


@pytest.fixture(autouse=True)
def nothing_is_left() -> t.Iterator[None]:
    yield
    process.end([(name, pid) for name, pids in process.running(process_name(LAB)).items() for pid in pids])


def start(node: str, output: str = os.devnull) -> int:
    name = process_name(LAB, node)
    program = ("/bin/sh", "-c", "echo started; sleep 4722; :")
    return process.start([process.Holder(name, program=program, output=output)])[name]


def test_a_program_runs_in_the_network_of_this_machine_and_is_found_by_its_name(tmp_path: Path) -> None:
    pid = start("node1", str(tmp_path / "output"))
    deadline = time.monotonic() + PATIENCE
    while "started" not in (tmp_path / "output").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
    assert os.readlink(f"/proc/{pid}/ns/pid") != os.readlink("/proc/self/ns/pid")
    assert (tmp_path / "output").stat().st_mode & 0o777 == 0o600


def test_a_process_that_only_holds_namespaces_runs_no_program() -> None:
    name = process_name(LAB)
    pid = process.start([process.Holder(name)])[name]
    assert not process.runs_program(pid)
    program = ("/bin/sleep", "4722")
    other = process.start([process.Holder(process_name(LAB, "node1"), program=program)])[process_name(LAB, "node1")]
    assert process.runs_program(other)


def test_a_program_of_a_lab_is_a_machine_and_any_other_process_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "RUN_DIRECTORY", str(tmp_path))
    for node in ("node1", "node2"):
        os.makedirs(layout.machine_directory(LAB, node))
        record.write_host_key(LAB, node, "a key")
    start("node1")
    process.start([process.Holder(process_name(LAB, "node2"))])
    # By its host key, a machine is known to have answered; a process is known by its pid file.
    assert {node.name: node.is_introduced for node in read_lab(LAB).nodes} == {"node1": True, "node2": False}


def test_what_ends_well_is_left_alone_by_its_guard() -> None:
    name = process_name(LAB, "node1")
    with ended_with_caller([name]):
        pid = process.start([process.Holder(name, program=("/bin/sleep", "4722"))])[name]
    assert process.running(name) == {name: (pid,)}


def test_what_fails_is_ended_by_its_guard_and_nothing_else() -> None:
    name, other = process_name(LAB, "node1"), process_name(LAB, "node10")
    kept = process.start([process.Holder(other, program=("/bin/sleep", "4722"))])[other]

    def fail() -> None:
        with ended_with_caller([name]):
            process.start([process.Holder(name, program=("/bin/sleep", "4722"))])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert process.running(process_name(LAB)) == {other: (kept,)}


class InterruptedAtItsEnd:
    """As the event loops of pyroute2 can be."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_that_a_finalizer_would_swallow_comes_at_the_end_of_the_block() -> None:
    done = []

    def interrupted() -> None:
        with interrupt_deferred():
            InterruptedAtItsEnd()
            done.append("all of it")

    with handled_by(signal.default_int_handler), pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["all of it"]
    with handled_by(signal.SIG_IGN):
        interrupted()


@contextlib.contextmanager
def handled_by(handler: t.Any) -> t.Iterator[None]:
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
        assert signal.getsignal(signal.SIGINT) == handler
    finally:
        signal.signal(signal.SIGINT, before)


KILLED = """
import signal, sys, time
# Whatever ran the tests may ignore them, and so would this.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
sys.path.insert(0, sys.argv[1])
from importlib import import_module
base = "ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab."
process, guard = import_module(base + "base.process"), import_module(base + "base.guard")
with guard.ended_with_caller([sys.argv[2]]):
    process.start([process.Holder(sys.argv[2], program=("/bin/sleep", "4722"))])
    print("started", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_was_started_does_not_outlive_a_caller_that_is_killed(number: int) -> None:
    name = process_name(LAB, "node1")
    command = [sys.executable, "-c", KILLED, str(COLLECTIONS), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == b"started\n"
        assert name in process.running(name)
        # As from a keyboard, all that is in the foreground gets it.
        os.killpg(caller.pid, number)
    deadline = time.monotonic() + PATIENCE
    while process.running(name):
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.05)


def test_what_was_started_goes_when_nobody_is_left_to_hear_of_it() -> None:
    name = process_name(LAB, "node1")
    command = [sys.executable, "-c", KILLED, str(COLLECTIONS), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as caller:
        assert caller.stdout
        assert caller.stdout.readline() == b"started\n"
        assert name in process.running(name)
        caller.stdout.close()
        deadline = time.monotonic() + PATIENCE
        while process.running(name):
            assert time.monotonic() < deadline, "it still runs"
            time.sleep(0.05)
        caller.kill()


def test_a_lab_that_is_ended_while_its_image_is_built_is_not_started_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = {"name": "node1", "interface": "ens33", "address": "192.168.50.10/24"}
    lab = {"name": LAB, "backend": "qemu", "nodes": [node]}
    ended = []

    def equip(*_arguments: t.Any) -> machines.QemuEquipment:
        proposal = propose_lab({**lab, "state": "absent"})
        ended.extend(proposal.operations)
        proposal.apply()
        return machines.QemuEquipment("/bin/false", image.Image("none", "/dev/null", "raw"), "tcg")

    monkeypatch.setattr(machines, "require", lambda *_arguments: None)
    monkeypatch.setattr(machines, "equip", equip)
    monkeypatch.setattr(machines, "start", lambda *_arguments: pytest.fail("a machine is started"))
    with pytest.raises(FabricError, match=f"lab {LAB}: it was ended while its image was prepared; nothing was started"):
        propose_lab({**lab, "state": "present"}).apply()
    assert ended == [f"- pid files of lab {LAB}"]
    assert process.running(process_name(LAB)) == {}
    assert not os.path.exists(layout.lab_directory(LAB))


@pytest.fixture(name="namespace")
def network_namespace_of_a_switch() -> t.Iterator[int]:
    name = process_name(LAB)
    pid = process.start([process.Holder(name)])[name]
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    switch.make_switch(descriptor)
    yield descriptor
    os.close(descriptor)


def test_a_tap_is_a_port_of_its_bridge_for_as_long_as_it_is_open(namespace: int) -> None:
    before = Path("/proc/net/dev").read_text().count("\n")
    taps = open_taps(namespace, [("p1000", "neta"), ("p2000", "neta"), ("p1001", "netb")])
    ports = switch.read_ports(namespace)
    assert ports
    assert {name: port.bridge for name, port in ports.items()} == {"p1000": "neta", "p2000": "neta", "p1001": "netb"}
    assert all(port.is_up for port in ports.values())
    assert Path("/proc/net/dev").read_text().count("\n") == before
    for tap in taps:
        os.close(tap)
    deadline = time.monotonic() + PATIENCE
    while switch.read_ports(namespace):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_tap_can_be_unplugged_and_its_name_used_again(namespace: int) -> None:
    taps = open_taps(namespace, [("p1000", "neta")])
    switch.unplug(namespace, ["p1"])
    assert switch.read_ports(namespace) == {}
    taps += open_taps(namespace, [("p1000", "neta")])
    assert set(switch.read_ports(namespace) or ()) == {"p1000"}
    for tap in taps:
        os.close(tap)


def test_a_namespace_forwards_when_it_is_told_to(namespace: int) -> None:
    before = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    # It begins as this machine is.
    pid = process.running(process_name(LAB))[process_name(LAB)][0]
    subprocess.run(["nsenter", f"--target={pid}", "--net", "sysctl", "-qw", "net.ipv4.ip_forward=0"], check=True)
    assert not is_router(namespace)
    make_router(namespace)
    assert is_router(namespace)
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == before
