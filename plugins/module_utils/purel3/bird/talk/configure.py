# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What BIRD says of configuring itself: which file it reads, and whether it tries one that nobody has confirmed."""

from __future__ import annotations

import contextlib
import os
import re
import typing as t

from ...base.errors import BirdError
from ...base.waiting import until
from .control import Control
from .sessions import hit_limits
from .status import parse_protocols

_LONGEST_QUIET = 60.0
# By how much a busy host may be late with what is due.
_LATE = 30.0
_PAUSE = 0.2
_READS = re.compile(r"Reading configuration from (.+)")
_UNCONFIRMED = re.compile(r"Configuration unconfirmed, undo in ([0-9.]+) s")


def refuse_other_file(control: Control, socket: str, path: str) -> None:
    """Make sure that a BIRD reads the file that is to change; raises BirdError where it is another."""
    # `configure check` changes nothing, and says which file this BIRD reads.
    for line in control.ask("configure check"):
        match = _READS.search(line.text)
        if match is not None and os.path.realpath(match.group(1)) != os.path.realpath(path):
            raise BirdError(
                f"{socket}: the running BIRD reads {match.group(1)}, not {path}; "
                "name that file as the path, or restart BIRD with this one"
            )


@contextlib.contextmanager
def asking_again(control: Control) -> t.Iterator[None]:
    """Around a change of configuration: ask peers for all of their routes where a limit has kept some out.

    BIRD counts anew then, but asks nobody for these routes, nor does it say any more that some are missing.
    """
    limited = [one.name for one in parse_protocols(control.tell("show protocols all")) if hit_limits(one)]
    yield
    for name in limited:
        # A session that is gone is no matter.
        control.ask(f"reload in {name}")


def undo_time(control: Control) -> t.Optional[float]:
    """Return in how many seconds BIRD undoes what nobody has confirmed yet; None where nothing is, raises BirdError."""
    for line in control.tell("configure status"):
        match = _UNCONFIRMED.search(line.text)
        if match is not None:
            return float(match.group(1))
    return None


def wait_for_quiet(control: Control, socket: str) -> None:
    """Wait until BIRD has undone what an earlier run, which is gone, did not confirm.

    Raises BirdError: that takes too long.
    """
    remaining = undo_time(control)
    if remaining is None:
        return
    if not until(lambda: undo_time(control) is None, min(remaining, _LONGEST_QUIET) + _LATE, _PAUSE):
        raise BirdError(
            f"{socket}: BIRD tries a configuration of another run for {undo_time(control) or 0.0:.0f} s more; wait for "
            "that, or end it with `birdc configure undo`, then run again"
        )
