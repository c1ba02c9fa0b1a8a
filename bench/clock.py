# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wall time, and CPU time of this process with every process that it started and waited for."""

from __future__ import annotations

import gc
import resource
import time
import typing as t


class Cost(t.NamedTuple):
    """Seconds on the wall, and seconds of CPU, user and system."""

    wall: float
    cpu: float


def measure(action: t.Callable[[], None]) -> Cost:
    """Time an action.

    Args:
        action: what to time.

    Returns:
        What it cost; work that the kernel does later in threads of its own is not in the CPU seconds.
    """
    gc.collect()
    cpu, start = _cpu(), time.perf_counter()
    action()
    return Cost(time.perf_counter() - start, _cpu() - cpu)


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
