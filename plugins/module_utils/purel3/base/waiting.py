# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for something to become true."""

from __future__ import annotations

import time
import typing as t

T = t.TypeVar("T")


def until(look: t.Callable[[], T], patience: float, pause: float = 0.05) -> T:
    """Look until the answer is true, or patience is over; looks once at least, and a last time at the end.

    Args:
        patience: seconds.
        pause: seconds between two looks.

    Returns:
        the last answer.
    """
    deadline = time.monotonic() + patience
    while True:
        answer = look()
        if answer or time.monotonic() >= deadline:
            return answer
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
