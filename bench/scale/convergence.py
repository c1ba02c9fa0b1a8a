# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long until every node has every block: our bird.conf against one written by hand, started in the same way."""

from __future__ import annotations

import socket
import struct
import time
import typing as t
from pathlib import Path

from ..box import BoxError
from . import birds, handwritten
from .network import Network, read_variables

OURS = "rendered"
HANDWRITTEN = "hand-written"
RECOVERING = "rendered, `bird -R`"
DEFAULT_TIMERS = "hand-written, BIRD's own timers"
COMPARED = (OURS, HANDWRITTEN, RECOVERING)
# The last is there to show what timers alone do; one turn is enough for that.
WAYS = (*COMPARED, DEFAULT_TIMERS)

_ARGUMENTS = {
    OURS: ["-c", "/etc/bird/bird.conf"],
    # So the service starts BIRD: routes wait in the table until all peers have sent theirs.
    RECOVERING: ["-R", "-c", "/etc/bird/bird.conf"],
    HANDWRITTEN: ["-c", handwritten.file(False)],
    DEFAULT_TIMERS: ["-c", handwritten.file(True)],
}
_PATIENCE = 180.0
# Looking costs the machine that is looked at: a look is followed by a pause of many times its length.
_SHORTEST_PAUSE = 0.05
_PAUSE_FACTOR = 20
_SETTLED = 3.0


class Turn(t.NamedTuple):
    """One start of all BIRDs of a network.

    Args:
        seconds: from the moment of the start until the last node had the last block in its kernel.
        cpu: seconds that all BIRDs together had run by then.
        memory: of each BIRD some seconds later, by node.
    """

    seconds: float
    cpu: float
    memory: t.Dict[str, birds.Memory]


class Race:
    """The network whose BIRDs are started again and again.

    Args:
        network: what it holds.
        nodes: for each node, the process that holds its namespaces; `site.yml` has run.
        inventory: the fabric file with its store.
    """

    def __init__(self, network: Network, nodes: t.Mapping[str, int], inventory: Path) -> None:
        self._nodes = nodes
        self._variables = read_variables(inventory)
        for member in network.members():
            blocks = self._variables[member.name]["bird_blocks"]
            for has_own_timers in (False, True):
                text = handwritten.render(network, member, blocks, has_own_timers)
                path = f"/proc/{nodes[member.name]}/root{handwritten.file(has_own_timers)}"
                Path(path).write_text(text, encoding="ascii")
        self._owners = {
            block: variables["bird_address"]
            for variables in self._variables.values()
            for block in variables["bird_blocks"]
        }

    def take_turn(self, way: str) -> Turn:
        """Kill all BIRDs, start them anew, and wait for every block on every node.

        Args:
            way: one of WAYS.

        Returns:
            What it took.

        Raises:
            BoxError: a BIRD did not start, or not all blocks arrived.
        """
        birds.kill(self._nodes)
        wanted = {pid: _count(pid) + len(self._owners) for pid in self._nodes.values()}
        with birds.Starter(self._nodes, _ARGUMENTS[way]) as starter:
            start = starter.start()
            end = self._wait(wanted, start, starter)
            running = birds.find(self._nodes)
            cpu = sum(birds.cpu_seconds(pid) for pid in running.values())
        time.sleep(_SETTLED)
        for name in self._nodes:
            self._check(name)
        return Turn(end - start, cpu, {name: birds.memory(pid) for name, pid in running.items()})

    def _wait(self, wanted: t.Dict[int, int], start: float, starter: birds.Starter) -> float:
        while True:
            before = time.monotonic()
            wanted = {pid: count for pid, count in wanted.items() if _count(pid) < count}
            now = time.monotonic()
            if not wanted:
                return now
            if now - start > _PATIENCE:
                pid, count = next(iter(wanted.items()))
                name = next(name for name, holder in self._nodes.items() if holder == pid)
                short = f"{len(wanted)} nodes lack blocks, for example {name} {count - _count(pid)}"
                raise BoxError(f"after {_PATIENCE:g} s {short}")
            starter.listen()
            time.sleep(max(_SHORTEST_PAUSE, _PAUSE_FACTOR * (now - before)))

    def _check(self, name: str) -> None:
        own = self._variables[name]["bird_address"]
        expected = {block: address for block, address in self._owners.items() if address != own}
        actual = {block: via for block, via in _routes(self._nodes[name]).items() if block in expected}
        if actual != expected:
            wrong = sorted(set(expected.items()) ^ set(actual.items()))
            raise BoxError(f"{name}: {len(wrong)} routes are missing or wrong, for example {wrong[0]}")


def _count(pid: int) -> int:
    # The kernel counts the routes of each table itself: the cheapest look there is.
    text = Path(f"/proc/{pid}/net/fib_triestat").read_text(encoding="ascii")
    return int(text.partition("Main:")[2].partition("Prefixes:")[2].split(None, 1)[0])


def _routes(pid: int) -> t.Dict[str, str]:
    found = {}
    with open(f"/proc/{pid}/net/route", encoding="ascii") as table:
        next(table)
        for line in table:
            _device, destination, gateway, *_rest, mask = line.split()[:8]
            length = bin(int(mask, 16)).count("1")
            found[f"{_address(destination)}/{length}"] = _address(gateway)
    return found


def _address(word: str) -> str:
    return socket.inet_ntoa(struct.pack("=I", int(word, 16)))
