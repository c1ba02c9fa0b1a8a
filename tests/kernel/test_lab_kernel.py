# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab in the real kernel: it starts, is found again after any crash, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import typing as t
from ipaddress import ip_network
from pathlib import Path

import pytest
from fabric_lab import network_of_machine

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import KernelError, MissingDependency
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import switch
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base import layout, process
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import (
    node_pid,
    node_pid_file,
    process_name,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.plugs import bridge_name, port_prefix
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.control import propose_lab
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.observed import read_lab

NAME = f"test{os.getpid()}"
RUN_DIRECTORY = f"/run/purel3-lab-{NAME}"
PRIVATE = ("/run", "/etc/bird", "/etc/frr", "/etc/sysctl.d", "/var/tmp", "/proc", "/sys")
LIMITS = "/proc/sys/net/ipv4/neigh/default/gc_thresh"


def nodes(count: int) -> t.List[t.Dict[str, t.Any]]:
    return [
        {"name": f"node{number}", "interface": "ens33", "address": f"192.168.50.{number}/24"}
        for number in range(1, count + 1)
    ]


def lab(count: int = 2, **options: t.Any) -> t.Tuple[str, ...]:
    """Make the lab so, and return what was done."""
    params = {"name": NAME, "state": "present", "nodes": nodes(count), "workload_count": 0, **options}
    proposal = propose_lab(params)
    if proposal.operations:
        proposal.apply()
    return proposal.operations


def end() -> t.Tuple[str, ...]:
    return lab(0, state="absent")


def reaches(node: str, address: str, seconds: int = 2) -> bool:
    with_ping = ["nsenter", f"--target={node_pid(NAME, node)}", "--net", "ping", "-c", "1", "-W", str(seconds), address]
    return subprocess.run(with_ping, check=False, capture_output=True).returncode == 0


def meets(node: str, address: str) -> None:
    """Fail unless a node reaches an address, at the latest when its links have found their carrier."""
    deadline = time.monotonic() + 120
    while not reaches(node, address):
        assert time.monotonic() < deadline, f"{node} does not reach {address}"


def inside(node: str, *command: str) -> str:
    pid = node_pid(NAME, node)
    assert pid, f"{node} does not run"
    return subprocess.run(
        ["nsenter", f"--target={pid}", "--mount", "--uts", "--net", "--pid", "--", *command],
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout


def machine() -> t.Dict[str, t.Any]:
    """Everything of the machine that a lab could disturb, undisturbed by whatever else runs on it."""
    state: t.Dict[str, t.Any] = network_of_machine()
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    state["mounts"] = sorted(point for point in mounts if point in PRIVATE)
    state["forwarding"] = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    state["processes"] = sorted(process.running(process_name(NAME)))
    state["limits"] = [Path(LIMITS + number).read_text() for number in "123"]
    state["directory"] = os.path.exists(RUN_DIRECTORY)
    return state


@pytest.fixture(autouse=True)
def as_found(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    # A lab of the user's own on this machine must not matter, and must not be disturbed.
    monkeypatch.setattr(layout, "RUN_DIRECTORY", RUN_DIRECTORY)
    before = machine()
    yield
    end()
    assert machine() == before


def test_nodes_start_and_a_second_run_finds_nothing_to_do() -> None:
    assert lab() == (
        "+ node node1  ens33 192.168.50.1/24",
        "+ node node2  ens33 192.168.50.2/24",
        f"+ switch {NAME}",
    )
    assert lab() == ()
    assert end() == (
        "- node node1  ens33 192.168.50.1/24",
        "- node node2  ens33 192.168.50.2/24",
        f"- switch {NAME}",
    )
    assert end() == ()


def test_check_mode_starts_nothing() -> None:
    before = machine()
    assert propose_lab({"name": NAME, "state": "present", "nodes": nodes(2)}).operations
    assert machine() == before


def test_a_node_is_a_machine_of_its_own() -> None:
    machine_before = machine()
    lab()
    assert inside("node1", "hostname") == "node1\n"
    links = inside("node1", "ip", "-br", "link").split("\n")
    assert [line.split()[0].partition("@")[0] for line in links if line] == ["lo", "ens33"]
    assert inside("node1", "ip", "-br", "-4", "address", "show", "dev", "ens33").split()[1:] == [
        "UP",
        "192.168.50.1/24",
    ]
    assert inside("node1", "ip", "route") == "192.168.50.0/24 dev ens33 proto kernel scope link src 192.168.50.1 \n"
    assert inside("node1", "ls", "-A", "/run", "/etc/bird") == "/etc/bird:\n\n/run:\n"
    assert inside("node1", "ls", "/sys/class/net").split() == ["ens33", "lo"]
    assert inside("node1", "cat", "/proc/1/cmdline") == process_name(NAME, "node1") + "\0infinity\0"
    meets("node1", "192.168.50.2")
    inside("node1", "ip", "netns", "add", NAME)
    inside("node1", "touch", "/etc/bird/bird.conf.test", "/etc/sysctl.d/test.conf")
    assert not os.path.exists("/etc/bird/bird.conf.test")
    assert not os.path.exists("/etc/sysctl.d/test.conf")
    after = machine()
    assert not os.path.exists(f"/run/netns/{NAME}")
    for key in ("ip -o link", "ip -o address", "ip route", "ip -6 route", "mounts", "forwarding"):
        assert after[key] == machine_before[key]


def test_an_orphan_inside_a_node_is_reaped() -> None:
    lab(1)
    inside("node1", "sh", "-c", "(sleep 0.01 &)")
    deadline = time.monotonic() + 120
    # Neither still asleep nor left as a zombie.
    while len(inside("node1", "ps", "-eo", "pid=").split()) > 2:
        assert time.monotonic() < deadline, inside("node1", "ps", "-e")


def test_nothing_that_runs_in_a_node_survives_it() -> None:
    lab(1)
    inside("node1", "sh", "-c", "setsid sleep 4711 >/dev/null 2>&1 &")
    assert "4711" in subprocess.run(["ps", "ax"], check=True, capture_output=True, encoding="utf-8").stdout
    end()
    assert "sleep 4711" not in subprocess.run(["ps", "ax"], check=True, capture_output=True, encoding="utf-8").stdout


def test_only_the_node_that_changed_is_started_anew() -> None:
    lab(3)
    pids = [node_pid(NAME, f"node{number}") for number in (1, 2, 3)]
    moved = nodes(3)
    moved[1] = {"name": "node2", "interface": "eth0", "address": "192.168.50.20/24"}
    assert lab(3, nodes=moved) == ("- node node2  ens33 192.168.50.2/24", "+ node node2  eth0 192.168.50.20/24")
    assert [node_pid(NAME, f"node{number}") for number in (1, 3)] == [pids[0], pids[2]]
    meets("node1", "192.168.50.20")
    assert lab(3, nodes=moved) == ()


def test_a_node_that_is_no_longer_listed_goes() -> None:
    lab(3)
    assert lab(2) == ("- node node3  ens33 192.168.50.3/24",)
    assert node_pid(NAME, "node3") is None
    assert not os.path.exists(node_pid_file(NAME, "node3"))
    meets("node1", "192.168.50.2")


def test_a_node_whose_interface_is_down_or_whose_address_is_gone_is_started_anew() -> None:
    lab(2)
    inside("node1", "ip", "link", "set", "ens33", "down")
    inside("node2", "ip", "address", "flush", "dev", "ens33")
    assert len(lab(2)) == 4
    meets("node1", "192.168.50.2")


def test_a_pid_file_that_lies_is_corrected_and_nobody_else_is_killed() -> None:
    lab(1)
    with subprocess.Popen(["sleep", "7200"]) as bystander:
        Path(node_pid_file(NAME, "node1")).write_text(f"{bystander.pid}\n")
        assert node_pid(NAME, "node1") is None
        assert lab(1) == ("+ pid file of node node1",)
        Path(node_pid_file(NAME, "node1")).write_text(f"{bystander.pid}\n")
        end()
        assert bystander.poll() is None
        bystander.kill()


def test_a_process_that_only_has_the_name_is_left_alone() -> None:
    with subprocess.Popen([process_name(NAME, "node9"), "7200"], executable="/bin/sleep") as impostor:
        lab(1)
        assert [state.name for state in read_lab(NAME).nodes] == ["node1"]
        end()
        assert impostor.poll() is None
        impostor.kill()


def test_nodes_whose_switch_died_are_started_anew() -> None:
    lab(2)
    switch_name = process_name(NAME)
    # Returns when they are gone: a killed process is still listed for a moment.
    process.end([(switch_name, pid) for pid in process.running(switch_name)[switch_name]])
    assert len(lab(2)) == 5
    meets("node1", "192.168.50.2")
    assert lab(2) == ()


# As in a fabric of five autonomous systems: r1-r2-r5 and r1-r3-r4-r5.
RING: t.List[t.Dict[str, t.Any]] = [
    {
        "name": f"r{near}",
        "interface": f"to{others[0]}",
        "address": f"10.0.{min(near, others[0])}{max(near, others[0])}.{near}/24",
        "interfaces": [
            {"name": f"to{far}", "address": f"10.0.{min(near, far)}{max(near, far)}.{near}/24"} for far in others[1:]
        ],
    }
    for near, others in {1: (2, 3), 2: (1, 5), 3: (1, 4), 4: (3, 5), 5: (2, 4)}.items()
]


def test_nodes_meet_on_the_subnets_that_they_share_and_nowhere_else() -> None:
    assert lab(nodes=RING)[:2] == (
        "+ node r1  to2 10.0.12.1/24, to3 10.0.13.1/24",
        "+ node r2  to1 10.0.12.2/24, to5 10.0.25.2/24",
    )
    assert lab(nodes=RING) == ()
    for node, far in (("r1", "10.0.12.2"), ("r1", "10.0.13.3"), ("r4", "10.0.34.3"), ("r5", "10.0.25.2")):
        meets(node, far)
    # An address of another subnet, set by hand on the wrong link, is not found there.
    inside("r1", "ip", "route", "add", "10.0.34.3/32", "dev", "to2")
    assert not reaches("r1", "10.0.34.3", seconds=1)


def test_a_link_that_goes_down_takes_no_other_with_it_and_comes_back() -> None:
    lab(nodes=RING)
    inside("r1", "ip", "link", "set", "to2", "down")
    assert not reaches("r1", "10.0.12.2", seconds=1)
    meets("r1", "10.0.13.3")
    meets("r2", "10.0.25.5")
    inside("r1", "ip", "link", "set", "to2", "up")
    meets("r1", "10.0.12.2")
    assert lab(nodes=RING) == ()


def test_a_node_that_gains_or_loses_a_link_is_started_anew_and_an_unused_bridge_goes() -> None:
    lab(nodes=RING)
    pids = {name: node_pid(NAME, name) for name in ("r2", "r3")}
    cut = [{**node, "interfaces": []} if node["name"] in ("r4", "r5") else node for node in RING]
    assert lab(nodes=cut) == (
        "- node r4  to3 10.0.34.4/24, to5 10.0.45.4/24",
        "- node r5  to2 10.0.25.5/24, to4 10.0.45.5/24",
        "+ node r4  to3 10.0.34.4/24",
        "+ node r5  to2 10.0.25.5/24",
    )
    assert {name: node_pid(NAME, name) for name in pids} == pids
    assert len(bridges()) == 4
    meets("r4", "10.0.34.3")
    assert len(lab(nodes=RING)) == 4
    assert len(bridges()) == 5
    assert lab(nodes=RING) == ()


def bridges() -> t.List[str]:
    name = process_name(NAME)
    command = f"nsenter --target={process.running(name)[name][0]} --net ip -br link show type bridge"
    shown = subprocess.run(command.split(), check=True, capture_output=True, encoding="utf-8").stdout
    return [line.split()[0] for line in shown.splitlines()]


def test_a_node_on_the_wrong_bridge_is_started_anew() -> None:
    lab(nodes=RING)
    name = process_name(NAME)
    switch_pid = process.running(name)[name][0]
    port = f"{port_prefix('r1')}000"
    wrong = next(bridge for bridge in bridges() if bridge != bridge_name(ip_network("10.0.12.0/24")))
    subprocess.run(
        ["nsenter", f"--target={switch_pid}", "--net", "ip", "link", "set", port, "master", wrong], check=True
    )
    assert lab(nodes=RING) == ("- node r1  (not connected)", "+ node r1  to2 10.0.12.1/24, to3 10.0.13.1/24")
    assert lab(nodes=RING) == ()


def test_two_labs_side_by_side_do_not_meet() -> None:
    lab(1)
    try:
        lab(2, name=NAME + "b")
        # The other lab's node2 has this address; this lab has none with it.
        with pytest.raises(subprocess.CalledProcessError):
            inside("node1", "ping", "-c", "1", "-W", "1", "192.168.50.2")
        assert end()
        assert lab(2, name=NAME + "b") == ()
    finally:
        lab(0, name=NAME + "b", state="absent")


def test_the_neighbour_limits_are_raised_for_a_large_lab_and_restored() -> None:
    before = [Path(LIMITS + number).read_text() for number in "123"]
    needed = int(before[1])
    lab(1, workload_count=needed)
    assert int(Path(LIMITS + "2").read_text()) >= 2 * needed
    lab(1, workload_count=2 * needed)
    assert int(Path(LIMITS + "2").read_text()) >= 4 * needed
    assert lab(1, workload_count=2 * needed) == ()
    end()
    assert [Path(LIMITS + number).read_text() for number in "123"] == before


def test_a_failure_ends_what_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    lab(1)

    def refuse(*_: t.Any) -> None:
        raise KernelError("lab: ens33: the kernel said: no")

    with monkeypatch.context() as patch:
        patch.setattr(switch, "plug", refuse)
        with pytest.raises(KernelError, match="the kernel said: no; what this call had started is ended again"):
            lab(3)
    assert [state.name for state in read_lab(NAME).nodes] == ["node1"]
    assert lab(1) == ()


def test_nothing_runs_here_where_the_nodes_are_machines_that_exist() -> None:
    before = machine()
    assert lab(backend="existing") == ()
    assert machine() == before
    lab()
    assert lab(backend="existing") == (
        "- node node1  ens33 192.168.50.1/24",
        "- node node2  ens33 192.168.50.2/24",
        f"- switch {NAME}",
    )
    assert machine() == before


def test_nothing_is_left_of_a_lab_that_could_not_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine()

    def refuse(*_: t.Any) -> None:
        raise KernelError("lab: ens33: the kernel said: no")

    monkeypatch.setattr(switch, "plug", refuse)
    with pytest.raises(KernelError, match="the kernel said: no"):
        lab(3, workload_count=int(Path(LIMITS + "2").read_text()))
    assert machine() == before
    assert end() == ()


def test_a_lab_that_lacks_pyroute2_is_refused_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch, "HAS_PYROUTE2", False)
    proposals = []
    with pytest.raises(MissingDependency, match=r"pyroute2 is not installed; install 0\.7\.2 or newer"):
        proposals.append(propose_lab({"name": NAME, "state": "present", "nodes": nodes(1)}))
    assert proposals == []


def test_a_host_name_that_the_kernel_refuses_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_PRIVATE_DIRECTORIES", {"/proc/nothing": "755", "/proc": "755"})
    monkeypatch.setattr(process, "_TMPFS_OPTIONS", "no such option")
    with pytest.raises(KernelError, match=r"mount /proc: .*; nothing was started"):
        lab(1)
    assert read_lab(NAME).nodes == ()


CRASH = """
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
base = "ansible_collections.purel3.fabric.plugins.module_utils.purel3."
from importlib import import_module
module, function, count = import_module(base + sys.argv[2]), sys.argv[3], int(sys.argv[4])
control = import_module(base + "lab.control")
import_module(base + "lab.base.layout").RUN_DIRECTORY = sys.argv[7]
original, victim = getattr(module, function), os.getpid()
def die(*arguments, **options):
    global count
    count -= 1
    if count < 0 and os.getpid() == 1:
        os.write(writing, b"!")
        time.sleep(2)  # a node on its way, which does not see the victim
    elif count < 0:
        os.kill(victim, signal.SIGKILL)
    return original(*arguments, **options)
setattr(module, function, die)
reading, writing = os.pipe()
threading.Thread(target=lambda: os.read(reading, 1) and os.kill(victim, signal.SIGKILL), daemon=True).start()
nodes = [{"name": "node%d" % n, "interface": "ens33", "address": "192.168.50.%d/24" % n} for n in (1, 2, 3)]
params = {"name": sys.argv[5], "state": sys.argv[6], "nodes": nodes, "workload_count": int(sys.argv[8])}
control.propose_lab(params).apply()
"""

CRASHES: t.Dict[str, t.Tuple[str, str, int, str]] = {
    "before anything is written": ("lab.base.record", "write_neighbours", 0, "present"),
    "after the limits are saved": ("lab.control", "write_neighbour_limits", 0, "present"),
    "before the first process": ("lab.base.process", "start", 0, "present"),
    "while the processes become nodes": ("lab.base.process", "_become", 0, "present"),
    "with some processes started": ("kernel.syscalls", "setns", 2, "present"),
    "before the switch is complete": ("kernel.switch", "make_switch", 0, "present"),
    "before the nodes are plugged in": ("kernel.switch", "plug", 0, "present"),
    "before there is a bridge": ("kernel.switch", "bridge_index", 0, "present"),
    "with one node plugged in": ("lab.backends.namespaces.control", "mac_address", 1, "present"),
    "with an interface that has no address": ("kernel.switch", "_bring_up", 1, "present"),
    "before the first pid file": ("lab.base.record", "write_pid", 0, "present"),
    "before the second pid file": ("lab.base.record", "write_pid", 1, "present"),
    "before the nodes are ended": ("lab.base.process", "end", 0, "absent"),
    "with the nodes ended": ("lab.base.record", "remove_pid", 0, "absent"),
    "before the directory goes": ("lab.base.record", "remove_directory", 0, "absent"),
    "before the limits are restored": ("lab.control", "write_neighbour_limits", 0, "absent"),
}


@pytest.mark.parametrize("repair", ["present", "absent"])
@pytest.mark.parametrize("case", CRASHES)
def test_killed(case: str, repair: str) -> None:
    module, function, count, state = CRASHES[case]
    too_many = int(Path(LIMITS + "2").read_text())
    if state == "absent":
        lab(3, workload_count=too_many)
    collections = str(Path(__file__).resolve().parents[2] / "collections")
    options = [collections, module, function, str(count), NAME, state, RUN_DIRECTORY, str(too_many)]
    assert subprocess.run([sys.executable, "-c", CRASH, *options], check=False).returncode == -signal.SIGKILL
    if repair == "absent":
        end()
        return
    lab(3, workload_count=too_many)
    assert lab(3, workload_count=too_many) == ()
    meets("node1", "192.168.50.3")


def test_500_nodes_fit_on_one_bridge() -> None:
    many = [
        {"name": f"n{number}", "interface": "eth0", "address": f"10.9.{number // 250}.{number % 250 + 1}/16"}
        for number in range(500)
    ]
    lab(nodes=many)
    meets("n0", "10.9.1.250")
    assert lab(nodes=many) == ()
