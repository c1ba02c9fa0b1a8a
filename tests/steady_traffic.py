# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A steady stream of packets between all workloads of a lab, and what was lost of it meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import typing as t
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from fabric_lab import CHECKOUT, FabricLab

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import node_pid

RATE = 100
# A pause between two packets hides an outage that is shorter. This one is less than a session takes to restart.
LONGEST_PAUSE = 0.5
_SOURCE = Path(__file__).with_name("traffic_source.py")
# Packets between namespaces wait here for the CPU. Whatever else sends on this machine may overrun it, and then packets
# are lost that no route has lost.
_BACKLOG = Path("/proc/sys/net/core/netdev_max_backlog")
_LONG_BACKLOG = 300_000
_OVERRUNS = Path("/proc/net/softnet_stat")


class End(t.NamedTuple):
    """Where packets start and arrive: a network namespace, by its file, and an address there."""

    name: str
    address: str
    namespace: str


@dataclass
class Traffic:
    """What became of the packets; everything is empty until the traffic has ended.

    Args:
        names: the workloads.
        seconds: for how long packets were sent.
        sent: how many packets each workload sent to each other.
        longest_pause: seconds between two packets of a pair, at most.
        lost: by sending and receiving workload, when each lost packet was sent, in seconds after the start.
        overruns: packets that this machine as a whole had no room for meanwhile, whoever sent them.
    """

    names: t.Tuple[str, ...]
    seconds: float = 0.0
    sent: int = 0
    longest_pause: float = 0.0
    lost: t.Dict[t.Tuple[str, str], t.List[float]] = field(default_factory=dict)
    overruns: int = 0

    def pairs(self) -> int:
        """Count the ordered pairs of workloads."""
        return len(self.names) * (len(self.names) - 1)

    def report(self) -> str:
        """Say what was lost between whom and when, a line each."""
        total = self.sent * self.pairs()
        lost = sum(len(times) for times in self.lost.values())
        lines = [
            f"{lost} of {total} packets lost: {self.pairs()} pairs, {self.seconds:.1f} s, "
            f"longest pause {1000 * self.longest_pause:.0f} ms, {self.overruns} packets of the machine overrun"
        ]
        for (source, target), times in sorted(self.lost.items()):
            lines.append(f"{source} -> {target}: {len(times)} lost, from {times[0]:.2f} to {times[-1]:.2f} s")
        return "\n".join(lines)

    def assert_steady(self) -> None:
        """Fail unless as many packets were sent as belong to the time; warn where the machine made a long pause."""
        assert self.pairs(), "nothing was sent"
        assert self.sent >= RATE * self.seconds - 1, self.report()
        if self.longest_pause >= LONGEST_PAUSE:
            warnings.warn(f"a short outage could have gone unseen: {self.report()}", stacklevel=2)

    def assert_nothing_lost(self) -> None:
        """Fail unless every single packet has arrived."""
        self.assert_steady()
        assert not self.lost, self.report()


def overruns() -> int:
    """Count the packets that found no room on their way to a CPU since this machine has started."""
    return sum(int(line.split()[1], 16) for line in _OVERRUNS.read_text().splitlines())


@contextlib.contextmanager
def long_backlog() -> t.Iterator[None]:
    """Give packets more room on their way to a CPU, where this machine allows it."""
    before = _BACKLOG.read_text()
    with contextlib.suppress(OSError):
        _BACKLOG.write_text(str(max(int(before), _LONG_BACKLOG)))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            _BACKLOG.write_text(before)


@contextlib.contextmanager
def steady_traffic(lab: FabricLab, workloads: t.Optional[t.Collection[str]] = None) -> t.Iterator[Traffic]:
    """Send 100 packets a second from every workload to every other while the block runs.

    Args:
        lab: a running lab whose workloads are attached.
        workloads: only between these; None for all.

    Yields:
        The traffic, which knows its figures after the block.
    """
    ends = [
        End(
            workload["name"],
            workload["address"],
            f"/proc/{node_pid(lab.name, node)}/root/run/netns/{workload['name']}",
        )
        for node in lab.nodes
        for workload in lab.workloads(node)
        if workloads is None or workload["name"] in workloads
    ]
    with steady_traffic_between(ends) as traffic:
        yield traffic


@contextlib.contextmanager
def steady_traffic_between(ends: t.Sequence[End]) -> t.Iterator[Traffic]:
    """Send 100 packets a second from every end to every other while the block runs.

    Args:
        ends: where packets start and arrive.

    Yields:
        The traffic, which knows its figures after the block.
    """
    traffic = Traffic(tuple(end.name for end in ends))
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "collections")}
    command = [sys.executable, str(_SOURCE)]
    with (
        long_backlog(),
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        ) as source,
    ):
        assert source.stdin
        assert source.stdout
        source.stdin.write(json.dumps({"ends": [end._asdict() for end in ends], "rate": RATE}) + "\n")
        source.stdin.flush()
        assert source.stdout.readline() == "ready\n"
        before = overruns()
        try:
            yield traffic
        finally:
            source.stdin.close()
            told = source.stdout.read()
            traffic.overruns = overruns() - before
    found = json.loads(told)
    traffic.seconds, traffic.sent, traffic.longest_pause = found["seconds"], found["rounds"], found["longest_pause"]
    for a, b, numbers in found["lost"]:
        traffic.lost[traffic.names[a], traffic.names[b]] = [number / RATE for number in numbers]
