# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD as a process of its own, where systemd does not run the host."""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import signal
import stat
import typing as t

from ...base.errors import ForeignObject
from ...base.files import read
from ...base.proposal import do_nothing
from ..talk.control import connected
from ..talk.daemon import require_program, start
from ..talk.defaults import DEFAULT_ACCOUNT
from ..talk.processes import Process, answers, end, find_processes, has_stopped, read_process, wait, wait_for_end

if t.TYPE_CHECKING:
    from .propose import ServiceOptions

Plan = t.Tuple[t.Tuple[str, ...], t.Callable[[], None]]


def plan(request: ServiceOptions, was_running: bool) -> Plan:
    """Find what brings BIRD into the state asked for: the operations in words, and the call that carries them out.

    Raises FabricError: another BIRD stands in the way.
    """
    deaf = () if was_running else _deaf(request)
    if request.is_started and not was_running:
        _refuse_others_files(request)
        ended = (f"- BIRD (pid {process.pid}) that does not listen any more" for process in deaf)
        return (*ended, f"+ BIRD at {request.socket}"), functools.partial(_start, request, deaf)
    if not request.is_started and (was_running or deaf):
        return (f"- BIRD at {request.socket}",), functools.partial(_stop, request, deaf)
    return (), do_nothing


def _refuse_others_files(request: ServiceOptions) -> None:
    """Refuse places from which BIRD would remove, as it starts, what is not a socket or a file of its own."""
    read(request.pid_file)
    if os.path.lexists(request.socket) and not stat.S_ISSOCK(os.lstat(request.socket).st_mode):
        raise ForeignObject(f"{request.socket} is no socket and so not BIRD's; move it away, or choose another path")


def _deaf(request: ServiceOptions) -> t.Tuple[Process, ...]:
    """Find the BIRD of this socket that runs but cannot be talked to; refuse to start beside others."""
    found = find_processes()
    ours = tuple(process for process in found if _serves(process, request))
    others = [process for process in found if process not in ours]
    if others and request.is_started:
        names = ", ".join(f"pid {process.pid} ({process.command})" for process in others)
        raise ForeignObject(
            f"another BIRD runs in this network namespace: {names}; stop it, or name its control socket "
            f"instead of {request.socket}"
        )
    return ours


def _serves(process: Process, request: ServiceOptions) -> bool:
    words = process.command.split()
    if "-s" in words[:-1]:
        return words[words.index("-s") + 1] == request.socket
    return process.pid == _pid(request)


def _pid(request: ServiceOptions) -> t.Optional[int]:
    try:
        with open(request.pid_file, encoding="utf-8") as file:
            process = read_process(str(int(file.read())))
    except (OSError, ValueError):
        return None
    return None if process is None else process.pid


def _start(request: ServiceOptions, deaf: t.Sequence[Process]) -> None:
    program = require_program()
    user: t.Optional[str] = None
    with contextlib.suppress(KeyError):
        user = pwd.getpwnam(DEFAULT_ACCOUNT).pw_name
    _make_folder(request.socket)
    _make_folder(request.pid_file)
    for process in deaf:
        # Not SIGTERM: a BIRD that dies leaves its routes to graceful restart, one that ends withdraws them.
        end(process, signal.SIGKILL)
    # BIRD 3 writes to the kernel only at its next scan, a minute or two later, when it looks for routes to take over.
    takes_over = _has_left_routes()
    start(program, request.config, request.socket, request.pid_file, user, takes_over=takes_over)
    wait(lambda: answers(request.socket), f"{request.socket}: BIRD was started but did not answer")


def _make_folder(path: str) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o775)
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(DEFAULT_ACCOUNT)
            os.chown(folder, account.pw_uid, account.pw_gid)


def _has_left_routes() -> bool:
    # Loaded where BIRD is started, which is seldom.
    from ...state.kinds.route import ROUTE_PROTOCOLS, Route
    from ...state.kinds.scope import Scope
    from ...state.linux import reader

    # The main table of this namespace and nothing else.
    resources = reader.read(Scope(devices=frozenset())).resources.values()
    return any(isinstance(one, Route) and one.protocol == ROUTE_PROTOCOLS["bird"] for one in resources)


def _stop(request: ServiceOptions, deaf: t.Sequence[Process]) -> None:
    stopping = [process for process in find_processes() if _serves(process, request)]
    with connected(request.socket) as control:
        if control is not None:
            control.tell("down")
    wait(lambda: has_stopped(request.socket), f"{request.socket}: BIRD was told to stop but did not")
    for process in deaf:
        end(process, signal.SIGTERM)
    for process in stopping:
        wait_for_end(process)
