# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form in which users write policies: keys and types, for the module's options and for the fabric file alike."""

from __future__ import annotations

import typing as t

from .model import ACTIONS, ALLOW, DENY, DIRECTIONS, PASS

Form = t.Dict[str, t.Any]

ACCEPT, DROP, REJECT = "accept", "drop", "reject"
DEFAULT_TIER = "default"

_TEXTS: Form = {"type": "list", "elements": "str"}
_SIDE: Form = {
    "selector": {"type": "str"},
    "not_selector": {"type": "str"},
    "nets": _TEXTS,
    "not_nets": _TEXTS,
    "network_set": {"type": "str"},
    "ports": _TEXTS,
    "not_ports": _TEXTS,
}
_RULES: Form = {
    "type": "list",
    "elements": "dict",
    "options": {
        "action": {"type": "str", "choices": list(ACTIONS), "required": True},
        "protocol": {"type": "str"},
        "not_protocol": {"type": "str"},
        "icmp": {"type": "dict", "options": {"type": {"type": "int"}, "code": {"type": "int"}}},
        "source": {"type": "dict", "options": _SIDE},
        "destination": {"type": "dict", "options": _SIDE},
    },
}
# What holds for all workloads, beside the policies.
SETTINGS: Form = {
    "default": {"type": "str", "choices": [ALLOW, DENY], "default": ALLOW},
    "endpoint_to_host": {"type": "str", "choices": [ACCEPT, DROP], "default": DROP},
    "denied": {"type": "str", "choices": [DROP, REJECT], "default": DROP},
}
NETWORK_SET: Form = {"nets": {**_TEXTS, "required": True}}
TIERS: Form = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "name": {"type": "str", "required": True},
        "order": {"type": "float"},
        "default_action": {"type": "str", "choices": [DENY, PASS], "default": DENY},
    },
}
POLICIES: Form = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "name": {"type": "str", "required": True},
        "tier": {"type": "str", "default": DEFAULT_TIER},
        "order": {"type": "float"},
        "staged": {"type": "bool", "default": False},
        "selector": {"type": "str", "default": "all()"},
        "types": {"type": "list", "elements": "str", "choices": list(DIRECTIONS)},
        "ingress": _RULES,
        "egress": _RULES,
    },
}
