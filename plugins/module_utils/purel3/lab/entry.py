# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling a function inside the namespaces of a lab's node."""

from __future__ import annotations

import json
import os
import typing as t

from ..base.errors import FabricError, KernelError
from ..kernel import syscalls

# The mount namespace comes last: with it, /proc shows other processes.
_NAMESPACES = (
    ("pid", syscalls.CLONE_NEWPID),
    ("net", syscalls.CLONE_NEWNET),
    ("uts", syscalls.CLONE_NEWUTS),
    ("mnt", syscalls.CLONE_NEWNS),
)


def call_inside(pid: int, function: t.Callable[[], t.Any]) -> t.Any:
    """Call a function inside the namespaces that a process holds, in a process of its own.

    function: returns what JSON can hold; raises FabricError for whatever is wrong.

    Raises FabricError with the words of what the function raised, or where the namespaces cannot be entered;
    KernelError where the process died.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _answer(write_end, lambda: _enter(pid, write_end, function))
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if not answer:
        raise KernelError(f"process {pid}: what was started in its namespaces died; try again")
    message = json.loads(answer)
    if "error" in message:
        raise FabricError(message["error"])
    return message["value"]


def _enter(pid: int, pipe: int, function: t.Callable[[], t.Any]) -> None:
    descriptors = [(os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC), kind) for name, kind in _NAMESPACES]
    for descriptor, kind in descriptors:
        syscalls.setns(descriptor, kind)
    # A pid namespace takes in children only, and /proc/self means nothing to a process outside of it.
    child = os.fork()
    if child == 0:
        _answer(pipe, lambda: _write(pipe, {"value": function()}))
    os.waitpid(child, 0)


def _answer(pipe: int, run: t.Callable[[], None]) -> t.NoReturn:
    try:
        run()
        os._exit(0)
    except FabricError as error:
        _write(pipe, {"error": str(error)})
    except BaseException as error:  # a child must never return into its parent's code
        _write(pipe, {"error": f"cannot look inside the node: {error}"})
    finally:
        os._exit(1)


def _write(pipe: int, message: t.Mapping[str, t.Any]) -> None:
    left = json.dumps(message).encode()
    while left:
        left = left[os.write(pipe, left) :]
