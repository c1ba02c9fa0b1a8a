# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module nat: its options, and what they ask for."""

from __future__ import annotations

import typing as t

from ...base.proposal import Proposal
from ...dataplane.nat.request import to_release
from ...dataplane.nat.request import to_request as request_nat
from ...state.linux.network import LinuxKernel
from ...state.plan import Request
from ...values.nat import EXCLUSIONS, HAIRPIN, MASQUERADE, POOLS, SNATS
from ..network import KernelOf, propose_request

_TEXTS: t.Dict[str, t.Any] = {"type": "list", "elements": "str", "default": []}
ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "inside": _TEXTS,
    "nodes": _TEXTS,
    "outgoing": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "pool": {"type": "str", "required": True},
            "address": {"type": "str", "default": MASQUERADE},
            "exclusions": {"type": "str", "choices": list(EXCLUSIONS), "default": POOLS},
        },
    },
    "floating_ips": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "address": {"type": "str", "required": True},
            "workload_address": {"type": "str", "required": True},
            "snat": {"type": "str", "choices": list(SNATS), "default": HAIRPIN},
        },
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def to_request(params: t.Mapping[str, t.Any]) -> Request:
    """Work out what the node's kernel must hold; raises InvalidInput."""
    return to_release() if params["state"] == "absent" else request_nat(params)


def propose_from(params: t.Mapping[str, t.Any], kernel_of: KernelOf = LinuxKernel) -> Proposal:
    """Plan what the options ask for."""
    return propose_request(to_request(params), kernel_of)
