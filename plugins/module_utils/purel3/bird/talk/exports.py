# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running BIRD hands to the kernel; other routes of BIRD's in there were left by an earlier one."""

from __future__ import annotations

import typing as t

from ...base.marks import KERNEL_METRIC, KERNEL_PROTOCOL
from .control import Control
from .reply import FIRST_ERROR_CODE
from .status import Exports, parse_daemon, parse_routes


def read_exports(control: Control) -> t.Optional[Exports]:
    """Ask BIRD for all of them; raises BirdError.

    Returns:
        None for a BIRD without our configuration, and for one that hands nothing over now, as while it recovers.
    """
    metric = control.evaluate(KERNEL_METRIC)
    if metric is None or parse_daemon(control.tell("show status")).is_recovering:
        return None
    lines = control.ask(f"show route export {KERNEL_PROTOCOL}")
    if lines[-1].code >= FIRST_ERROR_CODE:
        return None
    return Exports(frozenset(route.network for route in parse_routes(lines)), int(metric))
