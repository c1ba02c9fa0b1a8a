# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module policy: its options, and what they ask for."""

from __future__ import annotations

import typing as t

from ...base.proposal import Proposal
from ...dataplane.policy.request import to_release
from ...dataplane.policy.request import to_request as request_policy
from ...policy.model import ACTIONS, DENY, DIRECTIONS, PASS
from ...state.linux.network import LinuxKernel
from ...state.plan import Request
from ..network import KernelOf, propose_request

_TEXTS = {"type": "list", "elements": "str"}
_SIDE: t.Dict[str, t.Any] = {
    "selector": {"type": "str"},
    "not_selector": {"type": "str"},
    "nets": _TEXTS,
    "not_nets": _TEXTS,
    "network_set": {"type": "str"},
    "ports": _TEXTS,
    "not_ports": _TEXTS,
}
_RULES: t.Dict[str, t.Any] = {
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
ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "workloads": {"type": "list", "elements": "str", "default": []},
    "endpoints": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "labels": {"type": "dict"},
            "ports": {"type": "dict"},
        },
    },
    "default": {"type": "str", "choices": ["allow", DENY], "default": "allow"},
    "endpoint_to_host": {"type": "str", "choices": ["accept", "drop"], "default": "drop"},
    "network_sets": {"type": "dict", "default": {}},
    "tiers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "order": {"type": "float"},
            "default_action": {"type": "str", "choices": [DENY, PASS], "default": DENY},
        },
    },
    "policies": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "tier": {"type": "str", "default": "default"},
            "order": {"type": "float"},
            "selector": {"type": "str", "default": "all()"},
            "types": {"type": "list", "elements": "str", "choices": list(DIRECTIONS)},
            "ingress": _RULES,
            "egress": _RULES,
        },
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def to_request(params: t.Mapping[str, t.Any]) -> Request:
    """Work out what the node's kernel must hold; raises InvalidInput."""
    return to_release() if params["state"] == "absent" else request_policy(params)


def propose_from(params: t.Mapping[str, t.Any], kernel_of: KernelOf = LinuxKernel) -> Proposal:
    """Plan what the options ask for."""
    return propose_request(to_request(params), kernel_of)
