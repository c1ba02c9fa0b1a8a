# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module bird_config: its options, and what they ask for."""

from __future__ import annotations

import re
import typing as t

from ...base.errors import InvalidInput
from ...base.proposal import Proposal
from ...bird.change.propose import propose
from ...bird.change.read import ConfigOptions
from ...bird.talk.daemon import find_config

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "content": {"type": "str"},
    "path": {"type": "path"},
    "socket": {"type": "path", "default": "/run/bird/bird.ctl"},
    "passwords": {"type": "str", "no_log": True},
    "max_session_restarts": {"type": "int", "default": 0},
    "may_switch_encapsulation": {"type": "bool", "default": True},
    "commit_timeout": {"type": "int", "default": 60},
    "expect": {"type": "str", "choices": ["kept", "peers", "none"], "default": "kept"},
    "keep_peers": {"type": "bool", "default": False},
    "activate_at": {"type": "float"},
    "phase": {"type": "str", "choices": ["all", "try", "confirm"], "default": "all"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "str", "default": "0640"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
REQUIRED_IF = [("state", "present", ["content"])]


def propose_from(params: t.Mapping[str, t.Any]) -> Proposal:
    """Plan what the options ask for."""
    if not re.fullmatch("0?[0-7]{3}", params["mode"]):
        raise InvalidInput([f"mode: {params['mode']!r} is not octal; give a quoted number like '0640'"])
    if not 0 <= params["commit_timeout"] <= 3600:
        raise InvalidInput([f"commit_timeout: {params['commit_timeout']} is not from 0 to 3600; give seconds"])
    request = ConfigOptions(
        content=params["content"] or "",
        path=params["path"] or find_config(),
        socket=params["socket"],
        owner=params["owner"],
        group=params["group"],
        mode=int(params["mode"], 8),
        passwords=params["passwords"],
        max_restarts=params["max_session_restarts"],
        switches_encapsulation=params["may_switch_encapsulation"],
        timeout=params["commit_timeout"],
        expect=params["expect"],
        keeps_peers=params["keep_peers"],
        moment=params["activate_at"],
        phase=params["phase"],
    )
    if params["state"] == "present":
        return propose(request)
    # Seldom, and it knows the kernel's routes: nobody else loads that.
    from ...bird.change import withdraw

    return withdraw.propose(request)
