# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and stopping this node's BIRD, as a service of systemd or directly where systemd does not run the host."""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import shutil
import signal
import subprocess
import time
import typing as t
from dataclasses import dataclass

from ..errors import BirdError, ForeignObject, MissingDependency
from ..kernel import reader
from ..model import ROUTE_PROTOCOLS, Route
from ..proposal import Proposal, do_nothing
from ..scope import Scope
from .change import DEFAULT_ACCOUNT, DEFAULT_CONFIG
from .control import DEFAULT_SOCKET, connected
from .daemon import find_program, require_program, start

DEFAULT_PID_FILE = "/run/bird/bird.pid"
DEFAULT_UNIT = "bird"

_SYSTEMD = "/run/systemd/system"
_PATIENCE = 60.0
_TICK = 0.05
# The main table of this namespace and nothing else.
_ROUTES = Scope(devices=frozenset())


@dataclass(frozen=True)
class Request:
    """How this node's BIRD should be.

    Args:
        is_started: whether it should run.
        is_enabled: whether systemd should start it at boot; None leaves that alone.
        unit: its name in systemd.
        config: the file that a directly started BIRD reads.
        socket: its control socket.
        pid_file: where a directly started BIRD writes its process id.
    """

    is_started: bool
    is_enabled: t.Optional[bool] = None
    unit: str = DEFAULT_UNIT
    config: str = DEFAULT_CONFIG
    socket: str = DEFAULT_SOCKET
    pid_file: str = DEFAULT_PID_FILE


@dataclass(frozen=True)
class _Process:
    pid: int
    command: str


def is_run_by_systemd() -> bool:
    """Say whether systemd runs this host (sd_booted(3)).

    Returns:
        False in containers without it, and in lab nodes, which have a /run of their own.
    """
    return os.path.isdir(_SYSTEMD)


def _process(pid: str) -> t.Optional[_Process]:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            if file.read().strip() != "bird":
                return None
        if os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net"):
            return None
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return _Process(int(pid), file.read().replace("\0", " ").strip())
    except OSError:
        return None


def _processes() -> t.Tuple[_Process, ...]:
    found = (_process(name) for name in os.listdir("/proc") if name.isdigit())
    return tuple(process for process in found if process is not None)


def _pid(request: Request) -> t.Optional[int]:
    try:
        with open(request.pid_file, encoding="utf-8") as file:
            process = _process(str(int(file.read())))
    except (OSError, ValueError):
        return None
    return None if process is None else process.pid


def _answers(request: Request) -> bool:
    with connected(request.socket) as control:
        return control is not None


def _has_stopped(request: Request) -> bool:
    try:
        return not _answers(request)
    except BirdError:
        # A BIRD on its way out hangs up on whoever still reaches it.
        return False


def _wait(is_done: t.Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_done():
        if time.monotonic() > deadline:
            raise BirdError(f"{what} within {_PATIENCE:g} s; look at BIRD's log")
        time.sleep(_TICK)


def _systemctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemctl") is None:
        raise MissingDependency("systemctl: it is not on this host although systemd runs it; install systemd's tools")
    return subprocess.run(["systemctl", *arguments], capture_output=True, text=True, timeout=120, check=False)


def _require_systemctl(*arguments: str) -> None:
    result = _systemctl(*arguments)
    if result.returncode != 0:
        raise BirdError(
            f"systemctl {' '.join(arguments)} failed: {(result.stderr + result.stdout).strip()}; see journalctl -u bird"
        )


def _run_folder(path: str) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o775)
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(DEFAULT_ACCOUNT)
            os.chown(folder, account.pw_uid, account.pw_gid)


def _start_directly(request: Request, deaf: t.Sequence[_Process]) -> None:
    program = require_program()
    user: t.Optional[str] = None
    with contextlib.suppress(KeyError):
        user = pwd.getpwnam(DEFAULT_ACCOUNT).pw_name
    _run_folder(request.socket)
    _run_folder(request.pid_file)
    for process in deaf:
        # Not SIGTERM: a BIRD that dies leaves its routes to graceful restart, one that ends withdraws them.
        _end(process, signal.SIGKILL)
    # BIRD 3 writes to the kernel only at its next scan, up to a minute later, when it looks for routes to take over.
    takes_over = _has_left_routes()
    start(program, request.config, request.socket, request.pid_file, user, takes_over=takes_over)
    _wait(lambda: _answers(request), f"{request.socket}: BIRD was started but did not answer")


def _has_left_routes() -> bool:
    resources = reader.read(_ROUTES).resources.values()
    return any(isinstance(one, Route) and one.protocol == ROUTE_PROTOCOLS["bird"] for one in resources)


def _end(process: _Process, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, how)
    _wait_for_end(process)


def _wait_for_end(process: _Process) -> None:
    _wait(lambda: _process(str(process.pid)) is None, f"BIRD (pid {process.pid}) did not end")


def _stop_directly(request: Request, deaf: t.Sequence[_Process]) -> None:
    stopping = [process for process in _processes() if _serves(process, request)]
    with connected(request.socket) as control:
        if control is not None:
            control.tell("down")
    _wait(lambda: _has_stopped(request), f"{request.socket}: BIRD was told to stop but did not")
    for process in deaf:
        _end(process, signal.SIGTERM)
    for process in stopping:
        _wait_for_end(process)


def _serves(process: _Process, request: Request) -> bool:
    words = process.command.split()
    if "-s" in words[:-1]:
        return words[words.index("-s") + 1] == request.socket
    return process.pid == _pid(request)


def _deaf(request: Request) -> t.Tuple[_Process, ...]:
    """Find the BIRD of this socket that runs but cannot be talked to; refuse to start beside others."""
    found = _processes()
    ours = tuple(process for process in found if _serves(process, request))
    others = [process for process in found if process not in ours]
    if others and request.is_started:
        names = ", ".join(f"pid {process.pid} ({process.command})" for process in others)
        raise ForeignObject(
            f"another BIRD runs in this network namespace: {names}; stop it, or name its control socket "
            f"instead of {request.socket}"
        )
    return ours


def _propose_directly(request: Request) -> Proposal:
    answers = _answers(request)
    deaf = () if answers else _deaf(request)
    operations: t.Tuple[str, ...] = ()
    apply: t.Callable[[], None] = do_nothing
    if request.is_started and not answers:
        operations = (*(f"- BIRD (pid {process.pid}) that does not listen any more" for process in deaf), _up(request))
        apply = functools.partial(_start_directly, request, deaf)
    elif not request.is_started and (answers or deaf):
        operations = (_down(request),)
        apply = functools.partial(_stop_directly, request, deaf)
    return _proposal(request, operations, answers, "direct", apply)


def _up(request: Request) -> str:
    return f"+ BIRD at {request.socket}"


def _down(request: Request) -> str:
    return f"- BIRD at {request.socket}"


def _propose_to_systemd(request: Request) -> Proposal:
    is_active = _systemctl("is-active", request.unit).stdout.strip() in ("active", "reloading")
    operations: t.List[str] = []
    commands: t.List[t.Tuple[str, str]] = []
    if not is_active and _answers(request):
        raise ForeignObject(
            f"{request.socket}: a BIRD that is not systemd's {request.unit} answers there; stop it (birdc down) first"
        )
    if request.is_enabled is not None:
        is_enabled = _systemctl("is-enabled", request.unit).stdout.strip() == "enabled"
        if is_enabled != request.is_enabled:
            verb = "enable" if request.is_enabled else "disable"
            operations.append(f"{'+' if request.is_enabled else '-'} start of {request.unit} at boot")
            commands.append((verb, request.unit))
    if is_active != request.is_started:
        operations.append(_up(request) if request.is_started else _down(request))
        commands.append(("start" if request.is_started else "stop", request.unit))

    def apply() -> None:
        for command in commands:
            _require_systemctl(*command)
        if request.is_started:
            _wait(lambda: _answers(request), f"{request.socket}: systemd started {request.unit} but it did not answer")

    return _proposal(request, operations, is_active, "systemd", apply)


def _proposal(
    request: Request, operations: t.Sequence[str], was_running: bool, managed_by: str, apply: t.Callable[[], None]
) -> Proposal:
    program = find_program()
    missing = program is None and request.is_started
    return Proposal(
        operations=tuple(operations),
        before="".join(f"{line[2:]}\n" for line in operations if line.startswith("- ")),
        after="".join(f"{line[2:]}\n" for line in operations if line.startswith("+ ")),
        apply=apply,
        values={
            "managed_by": managed_by,
            "socket": request.socket,
            "was_running": was_running,
            "version": program.version if program else None,
        },
        warnings=("bird is not installed on this host yet",) if missing else (),
    )


def propose(request: Request) -> Proposal:
    """Plan how this node's BIRD gets into the state asked for.

    Args:
        request: that state.

    Returns:
        No operations when it is in it.

    Raises:
        FabricError: another BIRD in the way, one of another namespace at the socket, or no answer.
    """
    return _propose_to_systemd(request) if is_run_by_systemd() else _propose_directly(request)
