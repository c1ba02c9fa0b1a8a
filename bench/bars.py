# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bars that the project sets itself, and whether this run clears them."""

from __future__ import annotations

import statistics
import typing as t

from . import starts
from .growth import THOUSANDS, Growth
from .results import Results
from .ways import ip_batch, ip_shell, module, one_at_a_time, pyroute2_netns, replay
from .ways.way import CHANGE, CREATE, DELETE, NO_OP, Way

SIZE = 1000


class Bar(t.NamedTuple):
    """A bar: what it is about, what was measured, what is needed, and whether it was cleared (None: not measured)."""

    what: str
    measured: str
    needed: str
    is_cleared: t.Optional[bool]


def judge(results: Results) -> t.List[Bar]:
    """Hold a run against every bar.

    Args:
        results: what was measured.

    Returns:
        The bars.
    """
    return [
        _faster(results, CREATE, ip_batch.WAY, 3),
        _faster(results, CREATE, ip_shell.WAY, 11),
        _faster(results, CREATE, pyroute2_netns.WAY, 11),
        _growth(results, "writing and reading back", lambda growth: growth.writing_and_reading_back),
        _growth(results, "writing alone", lambda growth: growth.writing),
        _growth(results, "everything, so also reading the 3,000 that are there", lambda growth: growth.whole),
        _over_floor(results, CREATE, 1.5),
        _over_floor(results, DELETE, 1.5),
        _reading(results, 3),
        _silent(results),
        _no_op_ratio(results),
        _faster(results, DELETE, one_at_a_time.WAY, 25),
        _modules(results, 1.3),
        *(_start(results, name, starts.PYTHON, 4) for name in starts.COMMANDS),
    ]


def _faster(results: Results, operation: str, other: Way, factor: float) -> Bar:
    what = f"{operation}, compared with {other.name}"
    needed = f"{factor:g} times faster"
    own, theirs = results.median(module.WAY.name, SIZE, operation), results.median(other.name, SIZE, operation)
    if own is None or theirs is None:
        return Bar(what, "", needed, None)
    ratio = theirs.wall / own.wall
    return Bar(what, f"{ratio:.1f} times ({theirs.wall:.2f} s / {own.wall:.2f} s)", needed, ratio >= factor)


def _over_floor(results: Results, operation: str, limit: float) -> Bar:
    what, needed = f"{operation}, compared with the floor", f"at most {limit:g} times"
    own, floor = (results.median(way.name, SIZE, operation) for way in (module.WAY, replay.WAY))
    if own is None or floor is None:
        return Bar(what, "", needed, None)
    ratio = own.wall / floor.wall
    return Bar(what, f"{ratio:.2f} times ({own.wall:.2f} s / {floor.wall:.2f} s)", needed, ratio <= limit)


def _reading(results: Results, limit: float) -> Bar:
    what = "deep no-op, less the start of a module that does nothing, compared with the floor's reading; CPU"
    needed = f"at most {limit:g} times"
    own, floor = (results.median(way.name, SIZE, NO_OP) for way in (module.WAY, replay.WAY))
    ping = results.start(starts.PING_AS_FILE)
    if own is None or floor is None or ping is None:
        return Bar(what, "", needed, None)
    ratio = (own.cpu - ping) / floor.cpu
    return Bar(
        what, f"{ratio:.2f} times (({own.cpu:.3f} s - {ping:.3f} s) / {floor.cpu:.3f} s)", needed, ratio <= limit
    )


def _modules(results: Results, limit: float) -> Bar:
    """Of all modules the one that takes longest, and which others miss the bar."""
    ping = results.start(starts.PING)
    what, needed = f"starting a module without work, compared with `{starts.PING}`; CPU", f"at most {limit:g} times"
    taken = {name: seconds for name in starts.MODULES for seconds in [results.start(name)] if seconds is not None}
    if ping is None or not taken:
        return Bar(what, "", needed, None)
    slow = sorted((name for name in taken if taken[name] > limit * ping), key=lambda name: -taken[name])
    listed = ", ".join(f"`{name}` {taken[name] / ping:.2f}" for name in slow)
    middle = statistics.median(taken.values()) / ping
    measured = f"{middle:.2f} times in the middle of {len(taken)}" + (f"; {listed}" if slow else "")
    return Bar(what, measured, needed, not slow)


def _start(results: Results, name: str, floor: str, limit: float) -> Bar:
    what, needed = f"{name}, compared with `{floor}`; CPU", f"at most {limit:g} times"
    own, bare = results.start(name), results.start(floor)
    if own is None or bare is None:
        return Bar(what, "", needed, None)
    return Bar(what, f"{own / bare:.2f} times ({own * 1e3:.0f} ms / {bare * 1e3:.0f} ms)", needed, own / bare <= limit)


def _silent(results: Results) -> Bar:
    what, needed = "deep no-op, changes that the kernel announced", "0, while a change is heard"
    silent = results.announced(module.WAY.name, SIZE, NO_OP)
    loud = results.announced(module.WAY.name, SIZE, CHANGE)
    if not silent:
        return Bar(what, "", needed, None)
    return Bar(what, f"{max(silent)}; changing one: {min(loud)}", needed, max(silent) == 0 < min(loud))


def _no_op_ratio(results: Results) -> Bar:
    what, needed = "change one, compared with a no-op", "at most 1.2 times"
    change, no_op = (results.median(module.WAY.name, SIZE, operation) for operation in (CHANGE, NO_OP))
    if change is None or no_op is None:
        return Bar(what, "", needed, None)
    ratio = change.wall / no_op.wall
    return Bar(what, f"{ratio:.2f} times ({change.wall:.2f} s / {no_op.wall:.2f} s)", needed, ratio <= 1.2)


def _growth(results: Results, name: str, part: t.Callable[[Growth], float]) -> Bar:
    what, needed = f"the 4th thousand, compared with the 1st: {name}", "at most 1.4 times"
    first, last = results.growth(0, part), results.growth(THOUSANDS - 1, part)
    if first is None or last is None:
        return Bar(what, "", needed, None)
    return Bar(what, f"{last / first:.2f} times ({last:.2f} s / {first:.2f} s)", needed, last / first <= 1.4)
