# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of a scenario, as testinfra reaches them: machines by paramiko, namespaces by nsenter.

shared/testinfra.yml writes down where they are, and names that folder in MOLECULE_NODES.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import testinfra
from fabric_lab import Outcome
from steady_pings import RATE, Pings, read
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import node_pid

NODES = Path(os.environ["MOLECULE_NODES"])
# A machine without KVM that others keep busy takes its time.
PATIENCE = 180

Workload = t.Mapping[str, t.Any]


class NamespaceBackend(BaseBackend):
    """Runs commands in a node that is a process with namespaces of its own."""

    NAME = "namespace"

    def __init__(self, lab: str, node: str) -> None:
        self._pid = node_pid(lab, node)
        super().__init__(node)

    def run(self, command: str, *args: str, **kwargs: t.Any) -> CommandResult:
        become = "" if os.geteuid() == 0 else "sudo -n "
        enter = f"{become}nsenter --target={self._pid} --mount --uts --net --pid --"
        return self.run_local(f"{enter} sh -c %s", self.get_command(command, *args))


@dataclass(frozen=True)
class Node:
    """A node: its name, how it is reached, its peers' addresses, its workloads."""

    name: str
    is_machine: bool
    host: Host
    peers: t.Sequence[str]
    workloads: t.Sequence[Workload]

    def run(self, command: str, workload: str = "") -> str:
        """What a command prints on the node, or in one of its workloads; it must succeed."""
        done = self.host.run(f"ip netns exec {workload} {command}" if workload else command)
        assert done.succeeded, f"{self.name} {workload}: {command}: {done.stdout}{done.stderr}"
        return str(done.stdout)

    def lines(self, command: str, workload: str = "") -> t.List[str]:
        """The lines that a command prints, without spaces at their ends."""
        return [line.rstrip() for line in self.run(command, workload).splitlines()]

    def routes(self) -> t.List[str]:
        """All routes of the node's main table."""
        return self.lines("ip route")

    def sessions(self) -> t.Dict[str, str]:
        """BIRD's BGP sessions by name, each with what is said last of it, such as Established; none without BIRD."""
        done = self.host.run("birdc show protocols")
        rows = [line.split() for line in done.stdout.splitlines() if " BGP " in line] if done.succeeded else []
        return {row[0]: row[-1] for row in rows}

    def has_all_sessions(self) -> bool:
        """Whether each peer's session is established."""
        return list(self.sessions().values()) == ["Established"] * len(self.peers)

    def bird_process(self) -> str:
        """Which process systemd's BIRD is; 0 for none."""
        (line,) = self.lines("systemctl show bird --property=MainPID --value")
        return line

    def has_another_bird(self, before: str) -> bool:
        """Whether another BIRD runs in the place of the one before, and has taken over all routes."""
        if self.bird_process() in (before, "0"):
            return False
        said = self.host.run("birdc show status")
        return said.succeeded and "Graceful restart recovery in progress" not in said.stdout

    def has_taken_over(self) -> bool:
        """Whether all its sessions are up, and none still waits for what its peer had announced before."""
        said = self.host.run("birdc show protocols all")
        return self.has_all_sessions() and said.succeeded and "Neighbor graceful restart active" not in said.stdout

    @contextlib.contextmanager
    def background(self, command: str, name: str, signal: str = "TERM") -> t.Iterator[Path]:
        """Have a command run meanwhile, and end it by a signal; yields the file that it writes into what it says."""
        said = Path("/run", f"molecule-{name}")
        # The shell goes at once, and leaves the command without a terminal and without our connection.
        self.run(f"sh -c 'nohup setsid {command} >{said} 2>&1 </dev/null & echo $! >{said}.pid'")
        try:
            yield said
        finally:
            ended = f"for second in $(seq {PATIENCE}); do kill -0 $(cat {said}.pid) || exit 0; sleep 1; done; exit 1"
            assert self.host.run(f"kill -{signal} $(cat {said}.pid); {ended}").succeeded, f"{command} does not end"


def _node(path: Path) -> Node:
    told = json.loads(path.read_text(encoding="utf-8"))
    if told["port"] is None:
        host = Host(NamespaceBackend(told["lab"], told["name"]))
    else:
        address = f"paramiko://root@{told['host']}:{told['port']}"
        host = testinfra.get_host(address, ssh_identity_file=told["key"], ssh_config=os.devnull, timeout=PATIENCE)
    return Node(told["name"], told["port"] is not None, host, told["peers"], told["workloads"])


@pytest.fixture(scope="session")
def nodes() -> t.Mapping[str, Node]:
    """All nodes of the scenario by name."""
    return {path.stem: _node(path) for path in sorted(NODES.glob("*.json"))}


@pytest.fixture(scope="session")
def wait_until() -> t.Callable[[str, t.Callable[[], bool]], None]:
    """Poll until something holds; takes what to say when it never does, and the question."""

    def poll(what: str, holds: t.Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"after {PATIENCE} s: {what}"
            time.sleep(1)

    return poll


@pytest.fixture(scope="session")
def play() -> t.Callable[..., Outcome]:
    """Run a playbook on the nodes of a fabric file; takes the file, the playbook and further options."""

    def run(fabric: Path, playbook: str, *options: str) -> Outcome:
        done = subprocess.run(
            ["ansible-playbook", "-i", fabric, playbook, *options],
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return Outcome(done.returncode, done.stdout)

    return run


@pytest.fixture
def steady_pings(nodes: t.Mapping[str, Node]) -> t.Callable[[], t.ContextManager[Pings]]:
    """While its block runs, a workload of each node pings one of every other; afterwards it knows what was lost."""

    @contextlib.contextmanager
    def meanwhile() -> t.Iterator[Pings]:
        pings = Pings()
        ends = [(node, node.workloads[0]) for node in nodes.values() if node.workloads]
        assert len(ends) > 1
        said = {}
        with contextlib.ExitStack() as stack:
            for near, source in ends:
                for far, target in ends:
                    if near is not far:
                        way = f"{source['name']}-{target['name']}"
                        ping = f"ip netns exec {source['name']} ping -i {1 / RATE} {target['address']}"
                        said[way] = (near, stack.enter_context(near.background(ping, way, "INT")))
            yield pings
            for near, path in said.values():
                near.run(f"sh -c 'kill -QUIT $(cat {path}.pid)'")
            deadline = time.monotonic() + PATIENCE
            for way, (near, path) in said.items():
                pings.ways[way] = read(near.run(f"cat {path}"))
                # What never comes is lost.
                while not pings.ways[way].is_over and time.monotonic() < deadline:
                    pings.ways[way] = read(near.run(f"cat {path}"))

    return meanwhile


def pytest_ignore_collect(collection_path: Path) -> t.Optional[bool]:
    """Ask of namespaces nothing that only a machine has."""
    are_machines = all(json.loads(path.read_text(encoding="utf-8"))["port"] for path in NODES.glob("*.json"))
    return True if collection_path.name == "test_machine.py" and not are_machines else None
