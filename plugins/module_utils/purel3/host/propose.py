# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a host carry workloads: kernel settings, kernel modules, and daemons that leave our interfaces alone."""

from __future__ import annotations

import contextlib
import functools
import os
import typing as t

from ..base import kept_file
from ..base.proposal import Proposal
from ..base.steps import Step, take
from ..dataplane.sysctls import text_of
from ..kernel import modules as kernel_modules
from ..state.kinds.kind import Key, Resource
from ..state.kinds.sysctl import Sysctl
from ..state.linux.network import LinuxKernel
from ..state.plan import Request
from ..state.reconcile import propose as propose_settings
from ..state.scope import scope_of_request
from . import daemons, modules, systemd
from .request import NETWORKD, HostOptions, Wanted, files_of

_MODE = 0o644
# The sticky bit means nothing on a file: its reader has not taken it yet.
_NOT_TAKEN = 0o1644


def propose(request: HostOptions) -> Proposal:
    """Plan what makes a host as it should be.

    Raises FabricError: a file that is not ours stands in the way, or the kernel lacks a module.
    """
    in_force, settings_file, obstacles = _settings(request)
    is_managed = systemd.is_run_by_systemd()
    running = systemd.active_units(*daemons.READERS) if is_managed else {}
    files = (settings_file, *(files_of(request, running) if is_managed else ()))
    of_files = [step for wanted in files for step in _file(wanted, is_running=running.get(wanted.reader, False))]
    steps = [*in_force, *(step for name in request.modules for step in _module(name)), *of_files]
    return Proposal(
        operations=tuple(line for step in steps for line in step.operations),
        before="".join(step.before for step in steps),
        after="".join(step.after for step in steps),
        apply=functools.partial(take, steps),
        values={"managed_by": "systemd" if is_managed else "direct"},
        obstacles=obstacles,
        # Their texts do not say which files they are of, nor who is told.
        notes=tuple(line for step in of_files for line in step.operations),
    )


def _settings(request: HostOptions) -> t.Tuple[t.List[Step], Wanted, t.Tuple[str, ...]]:
    kernel = LinuxKernel(scope_of_request(request.settings))
    try:
        proposal = propose_settings(request.settings, kernel)
        known = kernel.read().resources
    finally:
        kernel.close()
    wanted = request.settings.present
    was = {key: known[key] for key in wanted if key in known}
    kept = [t.cast(Sysctl, wanted[key]) for key in was]
    steps = [
        Step(
            proposal.operations,
            functools.partial(_set, wanted, is_optional=True),
            functools.partial(_set, was),
            proposal.before,
            proposal.after,
        )
    ]
    return steps if proposal.operations else [], Wanted(request.settings_path, text_of(kept)), proposal.obstacles


def _set(settings: t.Mapping[Key, Resource], *, is_optional: bool = False) -> None:
    request = Request(settings, has_optional_settings=is_optional)
    kernel = LinuxKernel(scope_of_request(request))
    try:
        proposal = propose_settings(request, kernel)
        if proposal.operations:
            proposal.apply()
    finally:
        kernel.close()


def _module(name: str) -> t.Iterator[Step]:
    kernel_modules.require(name, "the list of modules of this node")
    if kernel_modules.state(name) == kernel_modules.LOADABLE:
        yield modules.loading(name)


def _file(wanted: Wanted, *, is_running: bool) -> t.Iterator[Step]:
    actual = kept_file.read(wanted.path)
    before = actual.text if actual is not None else ""
    is_taken = actual is None or actual.ownership.mode == _MODE
    if before == wanted.text and is_taken:
        rest = "" if wanted.text else kept_file.unfinished(wanted.path)
        if rest:
            yield Step((f"- file {rest}",), functools.partial(_write, wanted, "", _MODE))
        return
    told = (daemons.IN_WORDS[wanted.reader],) if is_running and (wanted.text or wanted.reader != NETWORKD) else ()
    if before == wanted.text:
        sign = told or (f"~ mode of {wanted.path}",)
    else:
        verb = "~" if before and wanted.text else "+" if wanted.text else "-"
        sign = (f"{verb} file {wanted.path}", *told)
    yield Step(
        sign,
        functools.partial(_put, wanted, tells=bool(told)),
        functools.partial(_put_back, wanted, before, tells=bool(told)),
        before if before != wanted.text else "",
        wanted.text if before != wanted.text else "",
    )


def _put(wanted: Wanted, *, tells: bool) -> None:
    _write(wanted, wanted.text, _NOT_TAKEN if tells else _MODE)
    if tells and wanted.text:
        daemons.convince(wanted.reader)
        os.chmod(wanted.path, _MODE)
    elif tells:
        daemons.tell(wanted.reader)


def _put_back(wanted: Wanted, before: str, *, tells: bool) -> None:
    _write(wanted, before, _MODE)
    if tells:
        daemons.tell(wanted.reader)


def _write(wanted: Wanted, text: str, mode: int) -> None:
    folder = os.path.dirname(wanted.path)
    if text:
        os.makedirs(folder, exist_ok=True)
        kept_file.write(wanted.path, text, mode)
        return
    kept_file.remove(wanted.path)
    if wanted.has_own_folder:
        with contextlib.suppress(OSError):
            os.rmdir(folder)
