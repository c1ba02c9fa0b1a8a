# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes with a real BIRD, each in namespaces of its own, and the modules run inside them as Ansible runs them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.passwords import render_passwords

CHECKOUT = Path(__file__).resolve().parents[1]
GOLDEN = CHECKOUT / "tests" / "golden" / "bird"
CONFIG = "/etc/bird/bird.conf"
# Programs that a test puts here stand before those of the machine.
OWN_PROGRAMS = "/run/programs"
MODULES = "ansible_collections.purel3.fabric.plugins.modules"

# Another build of BIRD than the installed one; the nodes see it in its place.
OTHER_BIRD = os.environ.get("BIRD_UNDER_TEST")

# A node sees its own network, its own /run and /etc/bird, and its own processes, which end with it.
HOLD = """
mount -t tmpfs tmpfs /run && mkdir /run/bird && chown bird:bird /run/bird &&
mount -t tmpfs tmpfs /etc/bird && chown bird:bird /etc/bird && chmod 0750 /etc/bird &&
ip link set lo up
"""
# The reader compares these, so that nothing is ever run in a namespace that is not the node's.
READY = 'echo "$(readlink /proc/self/ns/net) $(readlink /proc/self/ns/mnt)" && exec sleep 7200'


Variables = t.Dict[str, t.Any]


class Node:
    """A namespace with an interface on the common network, and the modules run inside it."""

    def __init__(self, name: str, holder: int, variables: Variables) -> None:
        self.name = name
        self.holder = holder
        self.variables = variables
        self.peers = variables.get("bird_peers", [])

    def words(self, *words: str) -> t.List[str]:
        return ["nsenter", "-t", str(self.holder), "-n", "-m", "-p", f"--wd={CHECKOUT}", *words]

    def run(self, *words: str, text: str = "") -> str:
        done = subprocess.run(self.words(*words), input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{self.name}: {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def python(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(sys.executable, *arguments),
            input=text,
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "PYTHONPATH": str(CHECKOUT / "collections"),
                "PATH": f"{OWN_PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            },
        )

    def module(self, name: str, *, check: bool = False, **options: t.Any) -> t.Dict[str, t.Any]:
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": check}})
        done = self.python("-m", f"{MODULES}.{name}", text=arguments)
        try:
            result = json.loads(done.stdout)
        except ValueError:
            pytest.fail(f"{self.name}: {name}: {done.stdout}{done.stderr}")
        assert isinstance(result, dict)
        return result

    def good(self, name: str, *, check: bool = False, **options: t.Any) -> t.Dict[str, t.Any]:
        result = self.module(name, check=check, **options)
        assert not result.get("failed"), result["msg"]
        return result

    def refused(self, name: str, **options: t.Any) -> str:
        result = self.module(name, **options)
        assert result.get("failed"), result
        return str(result["msg"])

    def configure(self, *, check: bool = False, **changes: t.Any) -> t.Dict[str, t.Any]:
        variables = {**self.variables, **changes}
        return self.good(
            "bird_config", check=check, content=render_variables(variables), passwords=render_passwords(variables)
        )

    def start(self, *, check: bool = False) -> t.Dict[str, t.Any]:
        return self.good("bird_service", check=check)

    def converge(self, timeout: float = 180) -> t.Dict[str, t.Any]:
        return self.good("bird_info", peers=self.peers, wait_for="routes", timeout=timeout)

    def routes(self) -> t.List[str]:
        return [line.strip() for line in self.run("ip", "route").splitlines() if "proto bird" in line]

    def session(self) -> t.Dict[str, t.Any]:
        (session,) = self.good("bird_info", peers=self.peers)["sessions"]
        assert isinstance(session, dict)
        return session

    def bird_pid(self) -> str:
        return self.run("cat", "/run/bird/bird.pid").strip()

    def kill_bird(self) -> str:
        """Kill BIRD, and return its process id when it is dead."""
        pid = self.bird_pid()
        self.run("kill", "-9", pid)
        deadline = time.monotonic() + 120
        # It may stay as a zombie, because nobody asks for its end here.
        while self.run("sh", "-c", f"ps -o stat= -p {pid} || true").strip()[:1] not in ("", "Z"):
            assert time.monotonic() < deadline, pid
            time.sleep(0.05)
        return pid

    def config(self) -> str:
        return self.run("cat", CONFIG)


def variables_of(topology: str) -> t.Dict[str, Variables]:
    return {file.stem: yaml.safe_load(file.read_text()) for file in sorted((GOLDEN / topology).glob("*.yml"))}


def held(script: str) -> t.Tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [
            "unshare",
            "-n",
            "-m",
            "-p",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            f"{script.strip()} && {READY}",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline().split()
    child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())
    assert said == [os.readlink(f"/proc/{child}/ns/{kind}") for kind in ("net", "mnt")], said
    return process, child


def held_node() -> t.Tuple[subprocess.Popen[str], int]:
    return held(f"mount --bind {OTHER_BIRD} /usr/sbin/bird && {HOLD.strip()}" if OTHER_BIRD else HOLD)


@contextlib.contextmanager
def monitored(node: Node) -> t.Iterator[t.List[str]]:
    """What the kernel announces about routes during the block."""
    lines: t.List[str] = []
    with (
        tempfile.NamedTemporaryFile("w") as heard,
        subprocess.Popen(node.words("ip", "monitor", "route"), stdout=heard) as process,
    ):
        try:
            be_heard(node, Path(heard.name), "192.0.2.1")
            yield lines
            be_heard(node, Path(heard.name), "192.0.2.2")
            lines.extend(line for line in Path(heard.name).read_text().splitlines() if " 192.0.2." not in line)
        finally:
            # nsenter waits for what it runs.
            with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as children:
                for child in children.read().split() or [str(process.pid)]:
                    subprocess.run(["kill", "-TERM", child], check=True)


def be_heard(node: Node, file: Path, address: str) -> None:
    """Add and delete a route until a monitor has said so."""
    deadline = time.monotonic() + 120
    while f"Deleted blackhole {address} " not in file.read_text():
        assert time.monotonic() < deadline
        for verb in ("add", "del"):
            node.run("ip", "route", verb, "blackhole", address, "table", "77")


Network = t.Callable[..., t.Dict[str, Node]]


@pytest.fixture
def network() -> t.Iterator[Network]:
    """Make nodes on one bridge; they end with the test."""
    holders: t.List[subprocess.Popen[str]] = []

    def make(nodes: t.Mapping[str, Variables], interface: str = "ens33") -> t.Dict[str, Node]:
        process, switch = held("ip link add br0 type bridge && ip link set br0 up")
        holders.append(process)
        made = {}
        for number, (name, variables) in enumerate(nodes.items()):
            process, pid = held_node()
            holders.append(process)
            node = Node(name, pid, variables)
            port = f"port{number}"
            in_switch = ["nsenter", "-t", str(switch), "-n", "ip", "link"]
            peer = ["peer", "name", interface, "netns", str(pid)]
            subprocess.run([*in_switch, "add", port, "type", "veth", *peer], check=True)
            subprocess.run([*in_switch, "set", port, "master", "br0", "up"], check=True)
            node.run("ip", "address", "add", f"{variables['bird_address']}/24", "dev", interface)
            node.run("ip", "link", "set", interface, "up")
            made[name] = node
        return made

    try:
        yield make
    finally:
        for process in holders:
            process.kill()
            process.wait()


def running(nodes: t.Dict[str, Node]) -> t.Dict[str, Node]:
    for node in nodes.values():
        node.configure()
    for node in nodes.values():
        node.start()
    for node in nodes.values():
        node.converge()
    return nodes


@pytest.fixture
def two(network: Network) -> t.Tuple[Node, Node]:
    nodes = running(network(variables_of("two_nodes")))
    return nodes["node1"], nodes["node2"]
