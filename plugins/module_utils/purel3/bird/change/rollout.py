# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a change of bird.conf: BIRD tries it, then the files follow; else BIRD goes back and they stay."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ...base.errors import BirdError, FabricError, KernelError
from ...base.files import write
from ...base.waiting import until
from ..talk.control import Control, connected
from ..talk.daemon import require_program
from . import candidate, commit
from .attempt import ConfigChange
from .candidate import Trial
from .expectation import expectations
from .running import Running

_ARRIVAL = 60.0
_TICK = 0.05


def _unchanged(change: ConfigChange, error: OSError) -> KernelError:
    return KernelError(
        f"{change.request.path}: cannot write it: {error.strerror}; the old files and BIRD's sessions are unchanged"
    )


def apply(change: ConfigChange, *, keeps_original: bool) -> None:
    require_program()
    request = change.request
    try:
        os.makedirs(os.path.dirname(request.path), mode=0o755, exist_ok=True)
        if keeps_original and change.old is not None:
            write(f"{request.path}.orig", change.old)
        candidate.stage(request.path, change.new, change.new_passwords)
    except OSError as error:
        raise _unchanged(change, error) from error
    with connected(request.socket) as control:
        if control is None or not change.reloads:
            _install(change, None)
        else:
            _load(change, control)


def _load(change: ConfigChange, control: Control) -> None:
    request, running = change.request, t.cast(Running, change.running)
    path = candidate.path_in(request.path)
    timeout = request.timeout if change.is_timed else 0
    expected = expectations(running.observed, change.impacts, change.import_changes, request.expect)
    moment = time.time() if request.moment is None else request.moment
    try:
        if change.is_timed:
            candidate.remember(request.path, Trial(moment, timeout, expected), change.new.ownership)
    except OSError as error:
        candidate.remove(request.path)
        raise _unchanged(change, error) from error
    if moment > time.time():
        if change.waits:
            commit.load_later(request.socket, path, change.wanted, timeout, moment)
            return
        time.sleep(max(0.0, moment - time.time()))
    try:
        commit.load(control, request.socket, path, change.wanted, timeout)
    except FabricError as error:
        candidate.remove(request.path)
        raise BirdError(f"{error}; the files are as they were, and BIRD keeps the configuration it had") from error
    # Where that fails, they come by themselves, only later.
    with contextlib.suppress(BirdError):
        commit.regain_interfaces(control)
    if change.is_timed:
        patience = timeout - commit.reserve(timeout)
        _verify(change, control, Trial(moment, timeout, expected), patience)
    if not change.waits:
        _keep(change, control)


def _verify(change: ConfigChange, control: Control, trial: Trial, patience: float) -> None:
    started = time.monotonic() - max(0.0, time.time() - trial.activated)
    try:
        commit.verify(control, trial.expected, change.wanted, started, patience)
    except FabricError as error:
        raise _given_up(change, control, str(error)) from error


def _given_up(change: ConfigChange, control: Control, why: str) -> BirdError:
    request = change.request
    if commit.loaded(control) == change.wanted:
        commit.undo(control, request.socket, t.cast(Running, change.running).digests)
    candidate.remove(request.path)
    return BirdError(
        f"{request.socket}: with the new configuration, {why}; BIRD has its old configuration back, "
        f"and {request.path} is as it was"
    )


def _keep(change: ConfigChange, control: Control) -> None:
    request = change.request
    if change.is_timed:
        commit.confirm(control, request.socket, change.wanted)
    _install(change, control)


def _install(change: ConfigChange, control: t.Optional[Control]) -> None:
    request = change.request
    try:
        candidate.install(request.path, change.old_passwords, change.new_passwords, change.new)
    except OSError as error:
        candidate.remove(request.path)
        if control is not None:
            control.tell("configure undo")
        raise _unchanged(change, error) from error


def confirm(change: ConfigChange, trial: Trial) -> None:
    request = change.request
    time.sleep(max(0.0, trial.activated - time.time()))
    with connected(request.socket) as control:
        if control is None:
            raise BirdError(f"{request.socket}: BIRD ended while it tried a configuration; start it with the old one")
        # Without a moment it was loaded before anybody was asked to confirm it.
        patience = 0.0 if request.moment is None else min(_ARRIVAL, trial.timeout)
        patience = min(patience, trial.activated + patience - time.time())
        if not until(lambda: commit.loaded(control) == change.wanted, patience, _TICK):
            candidate.remove(request.path)
            raise BirdError(
                f"{request.socket}: BIRD does not run the new configuration: it was not confirmed within "
                f"{trial.timeout} s, or could not be loaded; {request.path} is as it was"
            )
        _verify(change, control, trial, trial.timeout - commit.reserve(trial.timeout) / 4)
        commit.confirm(control, request.socket, change.wanted)
        _install(change, control)
