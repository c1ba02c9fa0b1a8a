# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iproute2 without its copy of all mounts for each namespace: nsenter starts it there."""

from __future__ import annotations

from pathlib import Path

from ..fleet import Fleet
from . import ip_batch
from .way import Steps, Way


def _by_nsenter(namespace: str) -> str:
    return f"nsenter --net=/run/netns/{namespace} ip"


def _prepare(fleet: Fleet, folder: Path) -> Steps:
    return ip_batch.prepare(fleet, folder, _by_nsenter)


WAY = Way(
    "`nsenter ip -batch`",
    "the same with `nsenter --net ip -batch` per namespace, which does not copy the mounts as `ip -n` does",
    _prepare,
    largest=1000,
    is_slow=True,
)
