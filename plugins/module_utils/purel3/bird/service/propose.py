# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and stopping this node's BIRD, as a service of systemd or directly where systemd does not run the host."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from ...base.proposal import Proposal, do_nothing
from ...base.steps import take
from ...host.systemd import is_run_by_systemd
from ...state.kinds.registry import describe
from ..talk.control import DEFAULT_SOCKET
from ..talk.daemon import NOT_INSTALLED, find_program
from ..talk.defaults import DEFAULT_CONFIG
from ..talk.processes import answers
from . import direct, leftovers, managed

__all__ = ["ServiceOptions", "is_run_by_systemd", "propose"]

DEFAULT_PID_FILE = "/run/bird/bird.pid"
DEFAULT_UNIT = "bird"


@dataclass(frozen=True)
class ServiceOptions:
    """How this node's BIRD should be.

    is_started: whether it should run.
    is_enabled: whether systemd should start it at boot; None leaves that alone.
    has_drop_in: whether systemd should restart it without a lost packet; None leaves that alone.
    unit: its name in systemd.
    config: the file that a directly started BIRD reads.
    socket: its control socket.
    pid_file: where a directly started BIRD writes its process id.
    """

    is_started: bool
    is_enabled: t.Optional[bool] = None
    has_drop_in: t.Optional[bool] = None
    unit: str = DEFAULT_UNIT
    config: str = DEFAULT_CONFIG
    socket: str = DEFAULT_SOCKET
    pid_file: str = DEFAULT_PID_FILE


def propose(request: ServiceOptions) -> Proposal:
    """Plan how this node's BIRD gets into the state asked for.

    Raises FabricError: another BIRD in the way, one of another namespace at the socket, or no answer.
    """
    program = find_program()
    is_managed = is_run_by_systemd()
    operations: t.Tuple[str, ...] = ()
    apply: t.Callable[[], None] = do_nothing
    before, after = "", ""
    if is_managed:
        was_running, steps = managed.plan(request)
        operations = tuple(line for step in steps for line in step.operations)
        before, after = "".join(step.before for step in steps), "".join(step.after for step in steps)
        apply = functools.partial(take, steps)
    else:
        was_running = answers(request.socket)
        operations, apply = direct.plan(request, was_running)
    left = leftovers.find(request.socket) if request.is_started and was_running else ()
    if request.is_started:
        operations = (*operations, *(f"- {describe(route)}" for route in left))
        apply = functools.partial(_apply, apply, request.socket, has_leftovers=bool(left), starts=not was_running)
    return Proposal(
        operations=operations,
        before=before + _lines(operations, "- "),
        after=after + _lines(operations, "+ "),
        apply=apply,
        values={
            "managed_by": "systemd" if is_managed else "direct",
            "socket": request.socket,
            "was_running": was_running,
            "version": program.version if program else None,
        },
        obstacles=(NOT_INSTALLED,) if program is None and request.is_started else (),
    )


def _apply(apply: t.Callable[[], None], socket: str, *, has_leftovers: bool, starts: bool) -> None:
    apply()
    if has_leftovers:
        leftovers.remove(socket)
    elif starts:
        leftovers.remove_after_start(socket)


def _lines(operations: t.Sequence[str], sign: str) -> str:
    return "".join(f"{line[2:]}\n" for line in operations if line.startswith(sign))
