# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module bird_service: its options, and what they ask for."""

from __future__ import annotations

import typing as t

from ...base.proposal import Proposal
from ...bird.service.propose import ServiceOptions, propose
from ...bird.talk.daemon import find_config

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
    "enabled": {"type": "bool"},
    "name": {"type": "str", "default": "bird"},
    "drop_in": {"type": "bool"},
    "path": {"type": "path"},
    "socket": {"type": "path", "default": "/run/bird/bird.ctl"},
    "pid_file": {"type": "path", "default": "/run/bird/bird.pid"},
}


def propose_from(params: t.Mapping[str, t.Any]) -> Proposal:
    """Plan what the options ask for."""
    return propose(
        ServiceOptions(
            is_started=params["state"] == "started",
            is_enabled=params["enabled"],
            has_drop_in=params["drop_in"],
            unit=params["name"],
            config=params["path"] or find_config(),
            socket=params["socket"],
            pid_file=params["pid_file"],
        )
    )
