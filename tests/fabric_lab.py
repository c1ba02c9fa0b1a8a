# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of an example inventory, run as a lab with a name of its own, and looked into from outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import RUN_DIRECTORY, node_pid
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.process import running

CHECKOUT = Path(__file__).resolve().parents[1]
GOLDEN = CHECKOUT / "tests" / "golden" / "fabrics"
# Where a node has directories of its own: nothing may be mounted there on the machine itself.
_PRIVATE = ("/run", "/etc/bird", "/etc/frr", "/etc/sysctl.d", "/var/tmp", "/proc", "/sys")
_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
_GIVEN_FOR_A_TIME = re.compile(r" dynamic | proto (?:ra|dhcp) | expires ")
_STATUS = re.compile(r"^(?:ok|changed|fatal|skipping): \[([^\] ]+)")


@dataclass(frozen=True)
class Outcome:
    """What ansible-playbook said."""

    status: int
    output: str

    @property
    def closing_line(self) -> str:
        """What stands last, in words."""
        return self.output.rstrip().splitlines()[-1]

    def changed(self) -> t.Dict[str, int]:
        """The number of changed tasks of each host."""
        return {host: int(changed) for host, changed, *dummy in _RECAP.findall(self.output)}

    def plan(self) -> t.Dict[str, t.List[str]]:
        """The lines that --diff printed with a sign, by host, in their order."""
        plan: t.Dict[str, t.List[str]] = {}
        lines: t.List[str] = []
        for line in self.output.splitlines():
            status = _STATUS.match(line)
            if status:
                plan.setdefault(status[1], []).extend(lines)
                lines = []
            elif line.startswith(("+", "-")) and not line.startswith(("+++ ", "--- ", "+--")):
                lines.append(line)
        return plan


class FabricLab:
    """One inventory under test."""

    def __init__(self, inventory: str, folder: Path) -> None:
        self.name = f"e2e-{inventory.replace('_', '-')}-{os.getpid()}"
        self.inventory = folder / inventory
        shutil.copytree(CHECKOUT / "inventories" / inventory, self.inventory)
        # Nodes that share a machine: its slowness must not be taken for the death of a neighbour.
        self.set_for_all("bird_bfd_interval: 2000\nbird_bfd_multiplier: 20\n")
        self.variables: t.Dict[str, t.Dict[str, t.Any]] = {}
        self.nodes: t.List[str] = []
        self.routers: t.List[str] = []
        self.read()

    def set_for_all(self, text: str) -> None:
        """Give all hosts variables, as YAML."""
        path = self.inventory / "group_vars" / "all.yml"
        path.parent.mkdir(exist_ok=True)
        before = path.read_text() if path.exists() else ""
        path.write_text(f"{before}{text}")

    def read(self) -> None:
        """Read the inventory, for example after a change of its files."""
        listed = subprocess.run(
            ["ansible-inventory", "-i", self.inventory, "--list"],
            cwd=CHECKOUT,
            check=True,
            capture_output=True,
            encoding="utf-8",
        ).stdout
        inventory = json.loads(listed)
        self.variables = inventory["_meta"]["hostvars"]
        self.nodes = sorted(inventory["fabric"]["hosts"])
        self.routers = sorted(inventory.get("lab_routers", {}).get("hosts", ()))

    def command(self, playbook: str, *options: str) -> t.List[str]:
        """The words that run a playbook on this lab."""
        return ["ansible-playbook", "-i", str(self.inventory), playbook, "-e", f"lab_name={self.name}", *options]

    def try_play(self, playbook: str, *options: str) -> Outcome:
        """Run a playbook, whatever comes of it."""
        done = subprocess.run(
            self.command(playbook, *options),
            cwd=CHECKOUT,
            env={**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1", "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return Outcome(done.returncode, done.stdout)

    def play(self, playbook: str, *options: str) -> Outcome:
        """Run a playbook that must end well."""
        outcome = self.try_play(playbook, *options)
        assert outcome.status == 0, outcome.output
        return outcome

    def workloads(self, node: str) -> t.List[t.Dict[str, str]]:
        """The workloads of a node, as its variables have them."""
        workloads: t.List[t.Dict[str, str]] = self.variables[node]["node_workloads"]
        return workloads

    def interfaces(self, node: str) -> t.List[str]:
        """The names of a node's own interfaces."""
        listed = next(item for item in self.variables[self.nodes[0]]["lab_nodes"] if item["name"] == node)
        return [listed["interface"], *(more["name"] for more in listed.get("interfaces", ()))]

    def namespaces(self) -> t.List[t.Tuple[str, str]]:
        """Every node with each of its workloads, and with an empty name for the node itself."""
        return [
            (node, workload)
            for node in self.nodes
            for workload in ("", *(item["name"] for item in self.workloads(node)))
        ]

    def words(self, node: str, workload: str, *words: str) -> t.List[str]:
        """The words that run a command on a node, or in one of its workloads."""
        pid = node_pid(self.name, node)
        assert pid, f"{node} does not run"
        inside = ["ip", "netns", "exec", workload] if workload else []
        return ["nsenter", f"--target={pid}", "--mount", "--uts", "--net", "--pid", "--", *inside, *words]

    def run(self, node: str, command: str, workload: str = "") -> str:
        """Run a command on a node, or in one of its workloads, and return what it printed."""
        done = subprocess.run(
            self.words(node, workload, *command.split()), capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, f"{node} {workload}: {command}: {done.stdout}{done.stderr}"
        return done.stdout

    def reaches(self, node: str, address: str, workload: str = "") -> None:
        """Fail unless a node, or one of its workloads, gets an answer to an echo request, at the latest in a while."""
        deadline = time.monotonic() + 120
        ping = self.words(node, workload, "ping", "-n", "-c", "1", "-W", "5", address)
        while subprocess.run(ping, capture_output=True, check=False).returncode != 0:
            assert time.monotonic() < deadline, f"{node} {workload} does not reach {address}"

    def lines(self, node: str, command: str, workload: str = "") -> t.List[str]:
        """The lines that a command printed, without white space at their ends."""
        return [line.rstrip() for line in self.run(node, command, workload).splitlines()]

    def data(self, node: str, command: str, workload: str = "") -> t.List[t.Dict[str, t.Any]]:
        """What an ip command with -j printed."""
        found: t.List[t.Dict[str, t.Any]] = json.loads(self.run(node, command, workload) or "[]")
        return found

    def require_golden_routes(self, name: str) -> None:
        """Fail unless each node's main table is exactly that of its golden file."""
        for node in self.nodes:
            routes = self.lines(node, "ip route")
            golden = GOLDEN / name / f"{node}.routes"
            if os.environ.get("UPDATE_GOLDEN"):
                golden.parent.mkdir(exist_ok=True)
                golden.write_text("".join(f"{line}\n" for line in routes))
            assert routes == golden.read_text().splitlines(), node

    def snapshot(self, node: str) -> t.Dict[str, t.Any]:
        """All that a run could have written on a node; whom it talked to does not count."""
        commands = ("ip route show table all", "ip -br link", "ip -br address", "ip rule", "ip netns")
        state: t.Dict[str, t.Any] = {command: self.run(node, command) for command in commands}
        state["files"] = self.run(node, "find /run /etc/bird /etc/sysctl.d -printf %p|%y|%s|%m|%u|%T@\\n")
        state["forwarding"] = self.run(node, "cat /proc/sys/net/ipv4/ip_forward")
        return state


def network_of_machine() -> t.Dict[str, t.List[str]]:
    """Links, addresses and routes but for those that routers and DHCP servers have given for some time."""
    found = {}
    for command in ("ip -o link", "ip -o address", "ip route", "ip -6 route", "ip rule"):
        shown = subprocess.run(command.split(), check=True, capture_output=True, encoding="utf-8").stdout
        found[command] = [line for line in shown.splitlines() if not _GIVEN_FOR_A_TIME.search(line)]
    return found


def machine(lab: str) -> t.Dict[str, t.Any]:
    """All of the machine that a lab could disturb, undisturbed by whatever else runs on it."""
    state: t.Dict[str, t.Any] = network_of_machine()
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    state["mounts"] = sorted(point for point in mounts if point in _PRIVATE)
    state["settings"] = {
        str(path): path.read_text()
        for folder in ("conf", "neigh")
        for path in sorted(Path("/proc/sys/net/ipv4", folder).glob("*/*"))
        if path.name in ("forwarding", "proxy_arp", "rp_filter", "proxy_delay", "arp_ignore", "arp_announce")
    }
    state["files"] = [
        (str(path), path.stat().st_mtime, path.stat().st_size)
        for folder in ("/etc/bird", "/etc/frr", "/etc/sysctl.d")
        for path in sorted(Path(folder).glob("*"))
    ]
    state["processes"] = sorted(running(f"purel3-lab:{lab}"))
    state["directory"] = os.path.exists(os.path.join(RUN_DIRECTORY, lab))
    return state
