# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of a scenario, as testinfra reaches them: machines by paramiko, namespaces by nsenter.

shared/testinfra.yml writes down where they are, and names that folder in MOLECULE_NODES.
"""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import testinfra
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.layout import node_pid

NODES = Path(os.environ["MOLECULE_NODES"])
# A machine without KVM that others keep busy takes its time to answer.
PATIENCE = 60

# By it the lab alone reaches a machine.
LAB_DEVICE = "ens3"

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

    def lines(self, command: str, workload: str = "") -> t.List[str]:
        """What a command prints on the node, or in one of its workloads; it must succeed."""
        inside = f"ip netns exec {workload} " if workload else ""
        return [line.rstrip() for line in self.host.check_output(inside + command).splitlines()]

    def routes(self) -> t.List[str]:
        """All routes of the node, but those of the interface by which the lab alone reaches it."""
        return [line for line in self.lines("ip route") if f" dev {LAB_DEVICE} " not in f"{line} "]


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
