# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A timed commit in a running BIRD: load, look whether all is there again, confirm or undo."""

from __future__ import annotations

import os
import re
import time
import typing as t

from ...base.errors import BirdError, FabricError
from ...base.waiting import until
from ..talk.control import Control, connected
from ..talk.observation import kernel_networks, read_routes
from ..talk.reply import FIRST_ERROR_CODE
from ..talk.status import parse_protocols
from .expectation import Expected, NodeView, is_settled, received_updates, what_is_missing
from .seal import PASSWORDS_SYMBOL, loaded_digest

# What is left for a new connection of the controller to arrive and confirm.
_LONGEST_RESERVE = 20.0
_LOAD_TIMEOUT = 60.0
_LONGEST_QUIET = 60.0
# By how much a busy host may be late with what is due.
_LATE = 30.0
_PAUSE = 0.2
# The code of a line about an interface.
_INTERFACE = 1005
_UNCONFIRMED = re.compile(r"Configuration unconfirmed, undo in ([0-9.]+) s")

Digests = t.Tuple[t.Optional[str], t.Optional[str]]


def loaded(control: Control) -> Digests:
    """Ask BIRD what it runs.

    Args:
        control: the conversation with it.

    Returns:
        The digests of configuration and passwords; None for what has no seal.

    Raises:
        BirdError: no answer.
    """
    return loaded_digest(control), loaded_digest(control, PASSWORDS_SYMBOL)


def observe(control: Control) -> NodeView:
    """Look at sessions and routes.

    Args:
        control: the conversation with BIRD.

    Returns:
        What is there now.

    Raises:
        BirdError: no answer.
    """
    details = control.tell("show protocols all")
    with open("/proc/self/net/route", encoding="ascii") as table:
        kernel = kernel_networks(table)
    routes = read_routes(control)
    return NodeView(parse_protocols(details), routes, kernel, received_updates(details))


def undo_time(control: Control) -> t.Optional[float]:
    """Say whether BIRD runs a configuration that nobody has confirmed yet.

    Args:
        control: the conversation with it.

    Returns:
        Seconds until it undoes it; None when there is nothing to confirm.

    Raises:
        BirdError: no answer.
    """
    for line in control.tell("configure status"):
        match = _UNCONFIRMED.search(line.text)
        if match is not None:
            return float(match.group(1))
    return None


def wait_for_quiet(control: Control, socket: str) -> None:
    """Wait until BIRD has undone what an earlier run, which is gone, did not confirm.

    Args:
        control: the conversation with it.
        socket: its socket, for messages.

    Raises:
        BirdError: that takes too long.
    """
    remaining = undo_time(control)
    if remaining is None:
        return
    if not until(lambda: undo_time(control) is None, min(remaining, _LONGEST_QUIET) + _LATE, _PAUSE):
        raise BirdError(
            f"{socket}: BIRD tries a configuration of another run for {undo_time(control) or 0.0:.0f} s more; wait for "
            "that, or end it with `birdc configure undo`, then run again"
        )


def _wait_until_loaded(control: Control, socket: str, wanted: Digests) -> None:
    if not until(lambda: loaded(control) == wanted, _LOAD_TIMEOUT, _PAUSE / 4):
        raise BirdError(f"{socket}: BIRD did not take the configuration within {_LOAD_TIMEOUT:g} s; see its log")


def load(control: Control, socket: str, path: str, wanted: Digests, timeout: int = 0) -> None:
    """Let BIRD load a file, and wait until it has.

    Args:
        control: the conversation with it.
        socket: its socket, for messages.
        path: the file.
        wanted: the digests that it must answer then.
        timeout: seconds after which it undoes that unless it is confirmed; 0 for never.

    Raises:
        BirdError: BIRD refused, or did not take it.
    """
    control.tell(f'configure "{path}"' + (f" timeout {timeout}" if timeout else ""))
    _wait_until_loaded(control, socket, wanted)


def regain_interfaces(control: Control) -> None:
    """Have BIRD look for the interfaces again where it has forgotten them all.

    A device protocol that takes the place of one with another name, such as that of a distribution's bird.conf, looks
    before the old one ends, which then forgets what was found: until the next regular look (scan time) there would be
    no session with a neighbour, and no route by one.

    Args:
        control: the conversation with it.

    Raises:
        BirdError: it refused, or did not answer.
    """
    devices = [one.name for one in parse_protocols(control.tell("show protocols")) if one.kind == "Device"]
    if devices and not any(line.code == _INTERFACE for line in control.tell("show interfaces summary")):
        control.tell(f"restart {devices[0]}")


def load_later(socket: str, path: str, wanted: Digests, timeout: int, moment: float) -> None:
    """Let a process of its own tell BIRD at some moment to load a file.

    Args:
        socket: of BIRD.
        path: the file.
        wanted: the digests that BIRD must answer then.
        timeout: seconds after which BIRD undoes that unless it is confirmed.
        moment: when, in seconds of the epoch.
    """
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


def reserve(timeout: int) -> float:
    """Return how many of the seconds of a commit are left for its confirmation."""
    return min(_LONGEST_RESERVE, timeout / 2)


def verify(control: Control, expected: t.Sequence[Expected], wanted: Digests, started: float, patience: float) -> None:
    """Wait until all that must be there again is.

    Args:
        control: the conversation with BIRD.
        expected: what must be there again.
        wanted: the digests of what BIRD must run.
        started: when BIRD loaded it, by time.monotonic().
        patience: seconds from then on.

    Raises:
        BirdError: what was still missing.
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


def undo(control: Control, socket: str, wanted: Digests) -> None:
    """Let BIRD go back to the configuration that it had.

    Args:
        control: the conversation with it.
        socket: its socket, for messages.
        wanted: the digests of what it ran before.

    Raises:
        BirdError: it did not.
    """
    control.tell("configure undo")
    _wait_until_loaded(control, socket, wanted)


def confirm(control: Control, socket: str, wanted: Digests) -> None:
    """Let BIRD keep what it tries.

    Args:
        control: the conversation with it.
        socket: its socket, for messages.
        wanted: the digests of that.

    Raises:
        BirdError: BIRD has undone it already.
    """
    reply = control.ask("configure confirm")[-1]
    if reply.code >= FIRST_ERROR_CODE or loaded(control) != wanted:
        raise BirdError(f"{socket}: BIRD does not run the new configuration any more: {reply.text.strip()}")
