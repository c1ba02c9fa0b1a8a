# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hears every change that the kernel announces, in the host's namespace and in all that it knows by id."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import typing as t
from pathlib import Path

_SOL_NETLINK = 270
_ADD_MEMBERSHIP = 1
_LISTEN_ALL_NSID = 8
_SO_RCVBUFFORCE = 33
_BUFFER = 1 << 26
_GROUPS = range(1, 64)
_HEADER_LENGTH = 4


class Ear:
    """Counts announcements from the moment it is made; an overrun is an OSError."""

    def __init__(self) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self._socket.setsockopt(_SOL_NETLINK, _LISTEN_ALL_NSID, 1)
        self._socket.bind((0, 0))
        for group in _GROUPS:
            with contextlib.suppress(OSError):  # a kernel has as many groups as it knows
                self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_details: object) -> None:
        self._socket.close()

    def heard(self) -> int:
        """Count what was announced since the last call.

        Returns:
            How many messages.
        """
        count = 0
        while True:
            try:
                data = self._socket.recv(1 << 18)
            except BlockingIOError:
                return count
            while len(data) > _HEADER_LENGTH:
                length = int.from_bytes(data[:_HEADER_LENGTH], "little")
                count += 1
                data = data[(length + 3) & ~3 :]


def picture() -> t.List[str]:
    """Describe what is there: interfaces with their numbers, routes of all tables, mounts.

    Returns:
        Texts that stay the same as long as nothing is written.
    """
    commands = (["ip", "-details", "link"], ["ip", "route", "show", "table", "all"], ["ip", "netconf"])
    texts = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for command in commands]
    return [*texts, Path("/proc/self/mountinfo").read_text(encoding="utf-8")]
