# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step 5, commit: BIRD runs the candidate on trial; when all is there again the files follow, else BIRD goes back."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ...base.errors import BirdError, FabricError, KernelError
from ...base.files import write
from ...base.waiting import until
from ..talk.configure import asking_again
from ..talk.control import Control, connected
from ..talk.daemon import require_program
from ..talk.reply import FIRST_ERROR_CODE
from ..talk.status import parse_protocols
from . import candidate
from .candidate import Trial
from .read import ConfigChange, Running, observe
from .seal import Digests, loaded
from .verify import Expected, expectations, is_settled, what_is_missing

# What is left for a new connection of the controller to arrive and confirm.
_LONGEST_RESERVE = 20.0
_LOAD_TIMEOUT = 60.0
_ARRIVAL = 60.0
_PAUSE = 0.2
_TICK = 0.05
# The code of a line about an interface.
_INTERFACE = 1005


def apply(change: ConfigChange, *, keeps_original: bool) -> None:
    """Carry a change out, all of it or, where it waits for somebody to confirm it, up to there; raises FabricError."""
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
        if control is not None:
            for name in change.disabled():
                control.tell(f"enable {name}")
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
            _load_later(request.socket, path, change.wanted, timeout, moment)
            return
        time.sleep(max(0.0, moment - time.time()))
    try:
        load(control, request.socket, path, change.wanted, timeout)
    except FabricError as error:
        candidate.remove(request.path)
        raise BirdError(f"{error}; the files are as they were, and BIRD keeps the configuration it had") from error
    # Where that fails, they come by themselves, only later.
    with contextlib.suppress(BirdError):
        _regain_interfaces(control)
    if change.is_timed:
        patience = timeout - _reserve(timeout)
        _verify(change, control, Trial(moment, timeout, expected), patience)
    if not change.waits:
        _confirm_and_install(change, control)


def confirm(change: ConfigChange, trial: Trial) -> None:
    """Carry out the rest of a change that is being tried; raises FabricError."""
    request = change.request
    time.sleep(max(0.0, trial.activated - time.time()))
    with connected(request.socket) as control:
        if control is None:
            raise BirdError(f"{request.socket}: BIRD ended while it tried a configuration; start it with the old one")
        # Without a moment it was loaded before anybody was asked to confirm it.
        patience = 0.0 if request.moment is None else min(_ARRIVAL, trial.timeout)
        patience = min(patience, trial.activated + patience - time.time())
        if not until(lambda: loaded(control) == change.wanted, patience, _TICK):
            candidate.remove(request.path)
            raise BirdError(
                f"{request.socket}: BIRD does not run the new configuration: it was not confirmed within "
                f"{trial.timeout} s, or could not be loaded; {request.path} is as it was"
            )
        _verify(change, control, trial, trial.timeout - _reserve(trial.timeout) / 4)
        _confirm(control, request.socket, change.wanted)
        _install(change, control)


def _verify(change: ConfigChange, control: Control, trial: Trial, patience: float) -> None:
    started = time.monotonic() - max(0.0, time.time() - trial.activated)
    try:
        _wait_until_all_is_there(control, trial.expected, change.wanted, started, patience)
    except FabricError as error:
        raise _given_up(change, control, str(error)) from error


def _given_up(change: ConfigChange, control: Control, why: str) -> BirdError:
    request = change.request
    if loaded(control) == change.wanted:
        _undo(control, request.socket, t.cast(Running, change.running).digests)
    candidate.remove(request.path)
    return BirdError(
        f"{request.socket}: with the new configuration, {why}; BIRD has its old configuration back, "
        f"and {request.path} is as it was"
    )


def _confirm_and_install(change: ConfigChange, control: Control) -> None:
    request = change.request
    if change.is_timed:
        _confirm(control, request.socket, change.wanted)
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


def _unchanged(change: ConfigChange, error: OSError) -> KernelError:
    return KernelError(
        f"{change.request.path}: cannot write it: {error.strerror}; the old files and BIRD's sessions are unchanged"
    )


def load(control: Control, socket: str, path: str, wanted: Digests, timeout: int = 0) -> None:
    """Let BIRD load a file, and wait until it answers the digests wanted.

    timeout: seconds after which it undoes that unless it is confirmed; 0 for never.

    Raises BirdError: BIRD refused, or did not take it.
    """
    with asking_again(control):
        control.tell(f'configure "{path}"' + (f" timeout {timeout}" if timeout else ""))
        _wait_until_loaded(control, socket, wanted)


def _wait_until_loaded(control: Control, socket: str, wanted: Digests) -> None:
    if not until(lambda: loaded(control) == wanted, _LOAD_TIMEOUT, _PAUSE / 4):
        raise BirdError(f"{socket}: BIRD did not take the configuration within {_LOAD_TIMEOUT:g} s; see its log")


def _load_later(socket: str, path: str, wanted: Digests, timeout: int, moment: float) -> None:
    """Let a process of its own load a file at some moment, in seconds of the epoch; the timeout is that of load."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    try:
        time.sleep(max(0.0, moment - time.time()))
        with connected(socket) as control:
            if control is not None:
                load(control, socket, path, wanted, timeout)
    except FabricError:
        # Whoever comes to confirm finds that it does not run.
        os._exit(1)
    finally:
        os._exit(0)


def _regain_interfaces(control: Control) -> None:
    """Have BIRD look for the interfaces again where it has forgotten them all; raises BirdError.

    A device protocol that takes the place of one with another name, such as that of a distribution's bird.conf, looks
    before the old one ends, which then forgets what was found: until the next regular look (scan time) there would be
    no session with a neighbour, and no route by one.
    """
    devices = [one.name for one in parse_protocols(control.tell("show protocols")) if one.kind == "Device"]
    if devices and not any(line.code == _INTERFACE for line in control.tell("show interfaces summary")):
        control.tell(f"restart {devices[0]}")


def _reserve(timeout: int) -> float:
    """Return how many of the seconds of a commit are left for its confirmation."""
    return min(_LONGEST_RESERVE, timeout / 2)


def _wait_until_all_is_there(
    control: Control, expected: t.Sequence[Expected], wanted: Digests, started: float, patience: float
) -> None:
    """Wait until all that must be there again is.

    started: when BIRD loaded it, by time.monotonic().
    patience: seconds from then on.

    Raises BirdError: what was still missing.
    """
    while True:
        if loaded(control) != wanted:
            raise BirdError("BIRD does not run it any more")
        now = observe(control)
        missing = what_is_missing(expected, now)
        elapsed = time.monotonic() - started
        if missing is None and is_settled(expected, now, elapsed):
            return
        if elapsed + _PAUSE > patience:
            raise BirdError(f"after {elapsed:.0f} s {missing or 'routes are still evaluated again'}")
        time.sleep(_PAUSE)


def _undo(control: Control, socket: str, wanted: Digests) -> None:
    """Let BIRD go back to the configuration with these digests, which it had; raises BirdError."""
    with asking_again(control):
        control.tell("configure undo")
        _wait_until_loaded(control, socket, wanted)


def _confirm(control: Control, socket: str, wanted: Digests) -> None:
    """Let BIRD keep what it tries, which has these digests.

    Raises BirdError: BIRD has undone it already.
    """
    reply = control.ask("configure confirm")[-1]
    if reply.code >= FIRST_ERROR_CODE or loaded(control) != wanted:
        raise BirdError(f"{socket}: BIRD does not run the new configuration any more: {reply.text.strip()}")
