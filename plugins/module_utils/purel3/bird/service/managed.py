# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD as a service of systemd, with a drop-in by which no packet is lost when it is restarted, upgraded or killed."""

from __future__ import annotations

import contextlib
import functools
import os
import typing as t

from ...base import kept_file
from ...base.errors import BirdError, FabricError, ForeignObject
from ...base.steps import Step
from ...host import systemd
from ..talk.processes import answers, wait
from .unit import NAME, drop_in, start_command, unit_file

if t.TYPE_CHECKING:
    from .propose import ServiceOptions

_ACTIVE = ("active", "reloading")


def plan(request: ServiceOptions) -> t.Tuple[bool, t.Tuple[Step, ...]]:
    """Find whether BIRD runs, and the steps that bring it into the state asked for.

    Raises FabricError: another BIRD, or a drop-in that is not ours, stands in the way.
    """
    is_active = systemd.ask("is-active", request.unit) in _ACTIVE
    if not is_active and answers(request.socket):
        raise ForeignObject(
            f"{request.socket}: a BIRD that is not systemd's {request.unit} answers there; stop it (birdc down) first"
        )
    steps = [*_drop_in(request), *_start_at_boot(request), *_start_or_stop(request, is_active)]
    # Stopped while systemd still knows how, and while all is there that an undoing needs.
    return is_active, tuple(steps if request.is_started else reversed(steps))


def _start_or_stop(request: ServiceOptions, is_active: bool) -> t.Iterator[Step]:
    if request.is_started and not is_active:
        yield Step(
            (f"+ BIRD at {request.socket}",),
            functools.partial(_start, request),
            functools.partial(systemd.command, "stop", request.unit),
        )
    elif is_active and not request.is_started:
        yield Step(
            (f"- BIRD at {request.socket}",),
            functools.partial(systemd.command, "stop", request.unit),
            functools.partial(systemd.command, "start", request.unit),
        )


def _start(request: ServiceOptions) -> None:
    systemd.command("start", request.unit)
    wait(lambda: answers(request.socket), f"{request.socket}: systemd started {request.unit} but it did not answer")


def _start_at_boot(request: ServiceOptions) -> t.Iterator[Step]:
    if request.is_enabled is None or request.is_enabled == (systemd.ask("is-enabled", request.unit) == "enabled"):
        return
    verbs = ("enable", "disable") if request.is_enabled else ("disable", "enable")
    do, undo = (functools.partial(systemd.command, verb, request.unit) for verb in verbs)
    yield Step((f"{'+' if request.is_enabled else '-'} start of {request.unit} at boot",), do, undo)


def _drop_in(request: ServiceOptions) -> t.Iterator[Step]:
    if request.has_drop_in is None:
        return
    unit = unit_file(request.unit)
    path = f"{systemd.UNITS}/{unit}.d/{NAME}"
    known = systemd.properties(unit, "LoadState", "FragmentPath", "DropInPaths", "NeedDaemonReload")
    actual = kept_file.read(path)
    is_known = path in known.get("DropInPaths", "").split()
    wanted = _wanted(request, known, path) if request.has_drop_in else ""
    before = actual.text if actual is not None else ""
    # An interrupted run may have written what systemd has not heard of.
    is_stale = known.get("NeedDaemonReload") == "yes" or is_known != bool(before)
    rest = "" if wanted else kept_file.unfinished(path)
    if before == wanted and not rest and not (is_stale and (wanted or is_known)):
        return
    do, undo = functools.partial(_write, path, wanted, unit), functools.partial(_write, path, before, unit)
    if before == wanted and rest:
        yield Step((f"- file {rest}",), do)
    elif before == wanted:
        yield Step((f"~ systemd reads {unit} again",), do)
    else:
        sign = "~" if before and wanted else "+" if wanted else "-"
        yield Step((f"{sign} file {path}",), do, undo, before, wanted)


def _wanted(request: ServiceOptions, known: t.Mapping[str, str], path: str) -> str:
    files = [known.get("FragmentPath", ""), *known.get("DropInPaths", "").split()]
    texts = []
    for name in files:
        with contextlib.suppress(FileNotFoundError):
            if name and name != path:
                with open(name, encoding="utf-8", errors="replace") as file:
                    texts.append(file.read())
    command = start_command(texts)
    if command is None:
        if texts:
            raise BirdError(
                f"{files[0]}: no line ExecStart that can be completed to start BIRD; name its unit (bird_service_name)"
            )
        # In check mode, before the package is there.
        command = "(what the package's unit starts)"
    return drop_in(command, request.socket)


def _write(path: str, text: str, unit: str) -> None:
    folder = os.path.dirname(path)
    if text:
        os.makedirs(folder, exist_ok=True)
        kept_file.write(path, text)
    else:
        kept_file.remove(path)
        with contextlib.suppress(OSError):
            # Where nobody else keeps anything there.
            os.rmdir(folder)
    systemd.command("daemon-reload")
    if (path in systemd.properties(unit, "DropInPaths").get("DropInPaths", "").split()) != bool(text):
        raise FabricError(f"{path}: systemd was told to read its units again but does not see it; look at its journal")
