# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting as scripts do it: `ip netns delete`, then wait until the veth has gone, then the next."""

from __future__ import annotations

import subprocess
import time
import typing as t
from pathlib import Path

from ..fleet import Fleet, Member
from ..settle import is_there
from . import replay
from .way import DELETE, Steps, Way

_PAUSE = 0.0005


def _delete(members: t.Sequence[Member]) -> None:
    for member in members:
        subprocess.run(["ip", "netns", "delete", member.name], check=True)
        while is_there(member.host):
            time.sleep(_PAUSE)


def _prepare(fleet: Fleet, folder: Path) -> Steps:
    return {**replay.prepare(fleet, folder), DELETE: lambda: _delete(fleet.members)}


WAY = Way(
    "one at a time",
    "`ip netns delete` each, and wait until its veth has gone",
    _prepare,
    largest=1000,
    is_slow=True,
    shown=(DELETE,),
)
