# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module restore: its options, and what they ask for."""

from __future__ import annotations

import typing as t

from ...base.proposal import Proposal
from ...kernel.namespaces import identity_of
from ...restore.deployment import RestoreOptions, propose
from ...restore.request import state_from
from ...restore.saved import boot_id
from . import policy

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "node": {"type": "str"},
    "workloads": {"type": "list", "elements": "dict", "default": []},
    "mtu": {"type": "int"},
    "transit": {"type": "bool", "default": False},
    "tunnel": {"type": "dict", "default": {}},
    "tunnel_endpoints": {"type": "list", "elements": "str", "default": []},
    "modules": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "dict", "default": {}},
    "blocks": {"type": "list", "elements": "str", "default": []},
    "policy": {"type": "dict", "default": {}},
    "enabled": {"type": "bool", "default": True},
    "program_path": {"type": "path", "default": "/usr/local/sbin/purel3"},
    "state_path": {"type": "path", "default": "/var/lib/purel3/node.json"},
    "python": {"type": "path", "default": "/usr/bin/python3"},
    "digest": {"type": "str", "default": ""},
    "program": {"type": "path"},
    "phase": {"type": "str", "choices": ["all", "look"], "default": "all"},
}
REQUIRED_IF = [("state", "present", ["node"])]


def propose_from(params: t.Mapping[str, t.Any]) -> Proposal:
    """Plan what the options ask for."""
    params = {**params, "policy": policy.enforced(params["policy"] or {})}
    return propose(
        RestoreOptions(
            state=state_from(params, boot_id(), identity_of) if params["state"] == "present" else None,
            program_path=params["program_path"],
            state_path=params["state_path"],
            digest=params["digest"],
            transferred=params["program"],
            is_enabled=params["enabled"],
            is_look=params["phase"] == "look",
        )
    )
