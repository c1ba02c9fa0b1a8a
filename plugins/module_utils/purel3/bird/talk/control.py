# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversation with a running BIRD over its control socket."""

from __future__ import annotations

import contextlib
import grp
import os
import socket
import stat
import time
import typing as t

from ...base.errors import BirdError
from .reply import FIRST_ERROR_CODE, Line, decode, is_last

DEFAULT_SOCKET = "/run/bird/bird.ctl"
DEFAULT_TIMEOUT = 30.0

_EVALUATED = 23
_LISTENING = 0x10000  # __SO_ACCEPTCON in the flags of /proc/net/unix


class Control:
    """An open control socket; made by connected()."""

    def __init__(self, path: str, connection: socket.socket, timeout: float) -> None:
        self._path = path
        self._connection = connection
        self._timeout = timeout
        self._unread = b""

    def _line(self, deadline: float, doing: str) -> str:
        while b"\n" not in self._unread:
            remaining = deadline - time.monotonic()
            try:
                if remaining <= 0:
                    raise socket.timeout
                self._connection.settimeout(remaining)
                received = self._connection.recv(65536)
            except socket.timeout:
                raise BirdError(
                    f"{self._path}: BIRD did not answer {doing} within {self._timeout:g} s; "
                    "see whether it is busy or stopped, and restart it if it hangs"
                ) from None
            except OSError as error:
                raise BirdError(f"{self._path}: {doing} broke off: {error.strerror}; look at BIRD's log") from error
            if not received:
                raise BirdError(f"{self._path}: BIRD hung up during {doing}; look at its log")
            self._unread += received
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode("utf-8", "replace")

    def read_reply(self, doing: str) -> t.Tuple[Line, ...]:
        """Read one whole reply, whose last line holds the result code; messages say what was asked.

        Raises BirdError: no answer in time, or the connection broke.
        """
        deadline = time.monotonic() + self._timeout
        raw = [self._line(deadline, doing)]
        while not is_last(raw[-1]):
            raw.append(self._line(deadline, doing))
        return decode(raw)

    def ask(self, command: str) -> t.Tuple[Line, ...]:
        """Send a command and return BIRD's reply, whether it agrees or not.

        Returns:
            The reply's lines; the last one's code is FIRST_ERROR_CODE or more when BIRD refused.

        Raises BirdError: no answer in time, or the connection broke.
        """
        try:
            self._connection.settimeout(self._timeout)
            self._connection.sendall(command.encode() + b"\n")
        except OSError as error:
            raise BirdError(f"{self._path}: cannot send {command!r}: {error}; look at BIRD's log") from error
        return self.read_reply(repr(command))

    def evaluate(self, name: str) -> t.Optional[str]:
        """Ask for the value of a constant; None where BIRD's configuration has none of that name. Raises BirdError."""
        last = self.ask(f"eval {name}")[-1]
        return last.text.strip() if last.code == _EVALUATED else None

    def tell(self, command: str, nothing: str = "") -> t.Tuple[Line, ...]:
        """Send a command that BIRD must not refuse.

        nothing: words of a refusal that only says that there is nothing to tell, after which there are no lines.

        Raises BirdError: BIRD refused (with its words), did not answer in time, or hung up.
        """
        lines = self.ask(command)
        if lines[-1].code >= FIRST_ERROR_CODE:
            if nothing and nothing in lines[-1].text:
                return ()
            raise BirdError(f"{self._path}: BIRD refused {command!r}: {lines[-1].text}; compare its version's manual")
        return lines


def _is_listened_to_here(path: str) -> bool:
    # A pathname socket can be reached from every network namespace, but is listed in its own only.
    wanted = os.path.realpath(path)
    ending = os.path.basename(wanted) + "\n"
    with open("/proc/self/net/unix", encoding="utf-8", errors="replace") as table:
        rows = [row.split(None, 7) for row in table if row.endswith(ending)]
    return any(
        len(row) == 8 and int(row[3], 16) & _LISTENING and os.path.realpath(row[7].rstrip("\n")) == wanted
        for row in rows
    )


def _who_may(path: str) -> str:
    """Say who may use a control socket, which BIRD makes for its own user and group."""
    with contextlib.suppress(OSError, KeyError):
        status = os.stat(path)
        if status.st_mode & stat.S_IWGRP:
            return f"run it with sudo, or as a user in the group {grp.getgrgid(status.st_gid).gr_name}"
    return "run it with sudo"


@contextlib.contextmanager
def connected(path: str = DEFAULT_SOCKET, timeout: float = DEFAULT_TIMEOUT) -> t.Iterator[t.Optional[Control]]:
    """Talk to the BIRD behind a control socket; None where none listens. Each reply may take `timeout` seconds.

    Raises BirdError: permission, a BIRD that does not answer, or one that runs in another network namespace.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    try:
        try:
            connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            yield None
            return
        except PermissionError as error:
            raise BirdError(f"{path}: cannot talk to BIRD: {error.strerror}; {_who_may(path)}") from error
        except OSError as error:
            raise BirdError(
                f"{path}: cannot talk to BIRD: {error.strerror or error}; the control socket must be a socket"
            ) from error
        if not _is_listened_to_here(path):
            raise BirdError(
                f"{path}: the BIRD that listens there runs in another network namespace; "
                "give this node a /run/bird of its own, or name its own socket"
            )
        control = Control(path, connection, timeout)
        control.read_reply("the greeting")
        yield control
    finally:
        connection.close()
