# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BIRD processes of this network namespace, and waiting for what they do."""

from __future__ import annotations

import contextlib
import os
import signal
import typing as t
from dataclasses import dataclass

from ...base.errors import BirdError
from ...base.waiting import until
from .control import connected

_PATIENCE = 60.0
_TICK = 0.05


@dataclass(frozen=True)
class Process:
    """A running BIRD: its process id and command line."""

    pid: int
    command: str


def read_process(pid: str) -> t.Optional[Process]:
    """Look whether a process is a BIRD of this network namespace; None where it is another program, or gone."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            if file.read().strip() != "bird":
                return None
        if os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net"):
            return None
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return Process(int(pid), file.read().replace("\0", " ").strip())
    except OSError:
        return None


def find_processes() -> t.Tuple[Process, ...]:
    """Find all BIRDs of this network namespace."""
    found = (read_process(name) for name in os.listdir("/proc") if name.isdigit())
    return tuple(process for process in found if process is not None)


def answers(socket: str) -> bool:
    """Say whether a BIRD answers at a control socket.

    Raises BirdError: who listens is of another network namespace, or does not answer.
    """
    with connected(socket) as control:
        return control is not None


def has_stopped(socket: str) -> bool:
    """Say whether a BIRD that was told to stop has done so; False while it is on its way out."""
    try:
        return not answers(socket)
    except BirdError:
        # A BIRD on its way out hangs up on whoever still reaches it.
        return False


def wait(is_done: t.Callable[[], bool], what: str) -> None:
    """Wait until something is so.

    Raises BirdError: it took too long; what was not done.
    """
    if not until(is_done, _PATIENCE, _TICK):
        raise BirdError(f"{what} within {_PATIENCE:g} s; look at BIRD's log")


def end(process: Process, how: signal.Signals) -> None:
    """Send a signal to a BIRD and wait until it is gone.

    Raises BirdError: it did not end.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, how)
    wait_for_end(process)


def wait_for_end(process: Process) -> None:
    """Wait until a BIRD is gone.

    Raises BirdError: it did not end.
    """
    wait(lambda: read_process(str(process.pid)) is None, f"BIRD (pid {process.pid}) did not end")
