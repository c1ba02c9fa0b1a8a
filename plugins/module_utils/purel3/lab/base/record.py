# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files under /run/purel3-lab: pid files, counts, saved limits, and the lock that orders all writers."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import typing as t

from ...base.errors import KernelError
from . import layout
from .layout import lab_directory, node_pid_file
from .limits import RaisedLimits

# No lab can have a name that begins with a dot.
_SAVED_LIMITS = ".neighbour-limits.json"


@contextlib.contextmanager
def locked() -> t.Iterator[None]:
    """Keep every other writer out, and wait for what a killed one left half done; the directory goes when empty.

    Raises KernelError where the directory cannot be made.
    """
    try:
        descriptor = _open_locked()
    except OSError as error:
        raise KernelError(f"lab: {layout.RUN_DIRECTORY}: {error.strerror}; run the lab as root") from error
    try:
        yield
    finally:
        # Removed while still locked: whoever waits for the lock sees that the directory is another one.
        with contextlib.suppress(OSError):
            os.rmdir(layout.RUN_DIRECTORY)
        os.close(descriptor)


def _open_locked() -> int:
    while True:
        os.makedirs(layout.RUN_DIRECTORY, mode=0o755, exist_ok=True)
        descriptor = os.open(layout.RUN_DIRECTORY, os.O_RDONLY | os.O_DIRECTORY)
        # A child that is on its way to its final program holds the lock with us, even when we are killed.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(layout.RUN_DIRECTORY)):
                return descriptor
        os.close(descriptor)


def write_pid(lab: str, node: str, pid: int) -> None:
    """Write the pid file of a node; raises KernelError."""
    _write(node_pid_file(lab, node), f"{pid}\n")


def remove_pid(lab: str, node: str) -> None:
    """Remove the pid file of a node, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(node_pid_file(lab, node))


def make_directory(lab: str) -> None:
    """Make the directory of a lab's files, unless it is there; until it is removed, somebody wants the lab.

    Raises KernelError.
    """
    with _explained(lab_directory(lab)):
        os.makedirs(lab_directory(lab), mode=0o755, exist_ok=True)


def has_directory(lab: str) -> bool:
    """Tell whether a lab left files."""
    return os.path.isdir(lab_directory(lab))


def has_empty_directory() -> bool:
    """Tell whether a crash left the directory of all labs without any lab in it; the next writer removes it."""
    return os.path.isdir(layout.RUN_DIRECTORY) and not read_other_neighbours("")


def remove_directory(lab: str) -> None:
    """Remove all files of a lab."""
    shutil.rmtree(lab_directory(lab), ignore_errors=True)


def write_neighbours(lab: str, neighbours: int) -> None:
    """Write how many neighbour entries a lab needs."""
    _write(os.path.join(lab_directory(lab), "neighbours"), f"{neighbours}\n")


def read_other_neighbours(lab: str) -> t.Dict[str, int]:
    """Read how many neighbour entries each lab but this one needs, by its name; 0 for one that left no count."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(layout.RUN_DIRECTORY):
            if name != lab and not name.startswith("."):
                try:
                    with open(os.path.join(lab_directory(name), "neighbours"), encoding="ascii") as file:
                        found[name] = int(file.read())
                except (OSError, ValueError):
                    found[name] = 0
    return found


def read_saved_limits() -> t.Optional[RaisedLimits]:
    """Read what was saved when a lab raised the limits of the neighbour table; None when none did."""
    try:
        with open(_saved_limits_file(), encoding="ascii") as file:
            saved = json.load(file)
        original = tuple(saved["original"])
        raised = tuple(tuple(limits) for limits in saved["raised"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return RaisedLimits(original, raised)


def write_saved_limits(saved: RaisedLimits) -> None:
    """Save the limits of the neighbour table; called before they are raised."""
    _write(_saved_limits_file(), json.dumps({"original": saved.original, "raised": saved.raised}))


def remove_saved_limits() -> None:
    """Forget the saved limits, if there are any."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_saved_limits_file())


def _saved_limits_file() -> str:
    return os.path.join(layout.RUN_DIRECTORY, _SAVED_LIMITS)


def _write(path: str, text: str) -> None:
    with _explained(path):
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.replace(path + ".new", path)


@contextlib.contextmanager
def _explained(path: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KernelError(f"lab: {path}: {error.strerror}; correct that, and run it again") from error
