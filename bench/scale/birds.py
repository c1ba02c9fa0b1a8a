# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BIRDs of a lab: all started in one moment, measured from outside, killed together."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
import typing as t
from pathlib import Path

from ..box import BoxError

_SOCKET = "/run/bird/bird.ctl"
_PID_FILE = "/run/bird/bird.pid"
# As the collection starts BIRD where there is no systemd, but for one thing: each waits for the word. The end of its
# standard input is the word, which all hear in the same moment.
_START = f"""
mkdir -p /run/bird && chown bird:bird /run/bird && rm -f {_SOCKET} &&
echo ready && {{ read -r word || exec bird "$@" -s {_SOCKET} -P {_PID_FILE} -u bird -g bird; }}
"""
_PATIENCE = 120.0
_KIB = 1024


class Memory(t.NamedTuple):
    """What one BIRD holds, in bytes: resident, and its share of it where pages are shared with other BIRDs."""

    resident: int
    proportional: int


class Starter:
    """BIRDs about to be started, one in each node.

    Args:
        nodes: for each node, the process that holds its namespaces.
        arguments: for BIRD, such as -c with the configuration.

    Raises:
        BoxError: a node did not come to the start.
    """

    def __init__(self, nodes: t.Mapping[str, int], arguments: t.Sequence[str]) -> None:
        reading, self._word = os.pipe2(os.O_CLOEXEC)
        self._said, saying = os.pipe2(os.O_CLOEXEC)
        self._processes: t.List[subprocess.Popen[bytes]] = []
        try:
            for pid in nodes.values():
                namespaces = [f"--target={pid}", "--mount", "--uts", "--net", "--pid", "--wd=/"]
                words = ["nsenter", *namespaces, "--", "sh", "-c", _START, "sh", *arguments]
                self._processes.append(subprocess.Popen(words, stdin=reading, stdout=saying, stderr=saying))
        finally:
            os.close(reading)
            os.close(saying)
        self._await_all()

    def __enter__(self) -> Starter:
        return self

    def __exit__(self, *_details: object) -> None:
        for descriptor in (self._word, self._said):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        for process in self._processes:
            process.kill()
            process.wait()

    def start(self) -> float:
        """Let all start.

        Returns:
            The moment (time.monotonic).
        """
        os.close(self._word)
        return time.monotonic()

    def listen(self) -> None:
        """Find out whether a BIRD complains.

        Raises:
            BoxError: one does not start, with what it said.
        """
        if select.select([self._said], [], [], 0)[0]:
            said = os.read(self._said, 1 << 16).decode(errors="replace").strip()
            if said:
                raise BoxError(f"a BIRD did not start: {said}")

    def _await_all(self) -> None:
        said = b""
        deadline = time.monotonic() + _PATIENCE
        while said.count(b"ready\n") < len(self._processes):
            if not select.select([self._said], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise BoxError(f"only {said.count(b'ready')} of {len(self._processes)} nodes came to the start")
            some = os.read(self._said, 1 << 16)
            said += some
            if not some or said.replace(b"ready\n", b"").strip():
                raise BoxError(f"a node did not come to the start: {said.decode(errors='replace')}")


def find(nodes: t.Mapping[str, int]) -> t.Dict[str, int]:
    """Find the BIRDs that run in nodes.

    Args:
        nodes: for each node, the process that holds its namespaces.

    Returns:
        BIRD's process by node, where there is one.
    """
    names = {os.readlink(f"/proc/{pid}/ns/net"): name for name, pid in nodes.items()}
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if Path("/proc", entry, "comm").read_text(encoding="utf-8", errors="replace") == "bird\n":
                    name = names.get(os.readlink(f"/proc/{entry}/ns/net"))
                    if name:
                        found[name] = int(entry)
    return found


def cpu_seconds(pid: int) -> float:
    """Read how long a process has run, to the nanosecond.

    Args:
        pid: the process.

    Returns:
        Seconds of CPU of all its threads, its own and the kernel's for it.
    """
    tasks = os.listdir(f"/proc/{pid}/task")
    return sum(int(Path("/proc", str(pid), "task", task, "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory(pid: int) -> Memory:
    """Read what a process holds.

    Args:
        pid: the process.

    Returns:
        Bytes.
    """
    text = Path("/proc", str(pid), "smaps_rollup").read_text(encoding="ascii", errors="replace")
    fields = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return Memory(*(int(fields[name].split()[0]) * _KIB for name in ("Rss", "Pss")))


def kill(nodes: t.Mapping[str, int]) -> None:
    """End the BIRDs of nodes at once, and take away the routes that they leave.

    Args:
        nodes: for each node, the process that holds its namespaces.

    Raises:
        BoxError: one is still there.
    """
    with contextlib.ExitStack() as stack:
        waiting = set()
        poll = select.poll()
        for pid in find(nodes).values():
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                stack.callback(os.close, descriptor)
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                waiting.add(descriptor)
                poll.register(descriptor, select.POLLIN)
        deadline = time.monotonic() + _PATIENCE
        while waiting:
            ended = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not ended:
                raise BoxError(f"{len(waiting)} BIRDs are still there")
            for descriptor, _event in ended:
                poll.unregister(descriptor)
                waiting.remove(descriptor)
    for pid in nodes.values():
        words = ["nsenter", f"--target={pid}", "--net", "--", "ip", "-4", "route", "flush", "proto", "bird"]
        subprocess.run(words, check=True, capture_output=True)
