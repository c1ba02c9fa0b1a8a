# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module workloads: its options, and what they ask for."""

from __future__ import annotations

import typing as t

from ...base.proposal import Proposal
from ...dataplane.workload import request_from
from ...state.linux.network import LinuxKernel
from ...values.workload import WORKLOAD_SPEC
from ..network import KernelOf, propose_request

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "workloads": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": WORKLOAD_SPEC,
    },
    "mtu": {"type": "int"},
    "transit": {"type": "bool", "default": False},
}
to_request = request_from


def propose_from(params: t.Mapping[str, t.Any], kernel_of: KernelOf = LinuxKernel) -> Proposal:
    """Plan what the options ask for."""
    return propose_request(to_request(params), kernel_of)
