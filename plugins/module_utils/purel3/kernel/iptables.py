# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iptables of before nftables holds, which nft does not see: the only place that runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t

_NAMES = "/proc/net/ip_tables_names"
# The second is the first on hosts that have no other.
_PROGRAMS = ("iptables-legacy", "iptables")
_SEARCH = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_TIMEOUT = 60


def forward_rules() -> t.Tuple[str, ...]:
    """Read the lines of `iptables -S FORWARD`; none where the kernel has no such table, or there is no program."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SEARCH))
    program = next((found for name in _PROGRAMS for found in [shutil.which(name, path=path)] if found), None)
    try:
        with open(_NAMES, encoding="ascii") as file:
            names = file.read().split()
        if program is None or "filter" not in names:
            return ()
        words = [program, "-w", "-S", "FORWARD"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(done.stdout.splitlines())
