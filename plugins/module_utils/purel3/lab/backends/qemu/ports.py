# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which TCP ports of 127.0.0.1 are taken, and by whom."""

from __future__ import annotations

import contextlib
import os
import socket
import typing as t
from dataclasses import dataclass

from ...base.layout import read_process_name

_LISTENING = "0A"


@dataclass(frozen=True)
class Owner:
    """Who has a port: the pid of a process, 0 where this cannot be seen, and the name of its program."""

    pid: int = 0
    name: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} ({self.name})" if self.pid else "a process that cannot be seen from here"


def owner_of(port: int) -> t.Optional[Owner]:
    """Say who listens at a port; None where it is free."""
    with socket.socket() as probe:
        # As QEMU does: connections that have ended do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return _find_owner(port)
    return None


def _find_owner(port: int) -> Owner:
    links = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            folder = f"/proc/{entry}/fd"
            with contextlib.suppress(OSError):
                for number in os.listdir(folder):
                    with contextlib.suppress(OSError):
                        if os.readlink(f"{folder}/{number}") in links:
                            return Owner(int(entry), read_process_name(int(entry)))
    return Owner()


def _listening_inodes(port: int) -> t.Iterator[str]:
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
