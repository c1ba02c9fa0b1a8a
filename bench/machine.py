# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says in general words where a run took place, and whether it had the machine to itself."""

from __future__ import annotations

import os
import platform

_QUIET = 0.5


def load() -> float:
    """Read how busy the machine has been.

    Returns:
        The load average of the last minute.
    """
    return os.getloadavg()[0]


def describe(load_before: float) -> str:
    """Describe the machine in a sentence.

    Args:
        load_before: load average when the run began.

    Returns:
        Markdown.
    """
    kernel = ".".join(platform.release().split(".")[:2])
    words = f"Linux {kernel}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    words += f"; load {load_before:.1f} at the start"
    if load_before > _QUIET:
        words += ": not alone on the machine, so compare CPU seconds and ratios rather than wall seconds"
    return words + ".\n"
