# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for something to become true: the one loop with a deadline."""

from __future__ import annotations

import time
import typing as t

T = t.TypeVar("T")


def until(look: t.Callable[[], T], patience: float, pause: float = 0.05) -> T:
    """Look until the answer is true, or patience is over; looks once at least, and a last time at the end.

    Returns the last answer; patience and the pause between two looks are in seconds.
    """
    return _last_answer(look, bool, patience, pause)


def until_empty(look: t.Callable[[], T], patience: float, pause: float = 0.05) -> T:
    """The same until the answer is empty: look returns what is still missing, or still there."""
    return _last_answer(look, lambda answer: not answer, patience, pause)


def _last_answer(look: t.Callable[[], T], is_enough: t.Callable[[T], bool], patience: float, pause: float) -> T:
    deadline = time.monotonic() + patience
    while True:
        is_over = time.monotonic() >= deadline
        answer = look()
        if is_enough(answer) or is_over:
            return answer
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
