# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module workloads: its options, and what they ask for."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import replace

from ...base.proposal import Proposal
from ...dataplane.source_guard import cut_off
from ...dataplane.workload import find_missing, request_from
from ...kernel.namespaces import fault_of
from ...state.linux.network import LinuxKernel
from ...values.workload import FAIL, MISSING_NAMESPACE, WORKLOAD_SPEC, workload_from
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
    "missing_namespace": {"type": "str", "choices": list(MISSING_NAMESPACE), "default": FAIL},
    "adopt": {"type": "bool", "default": False},
}
to_request = request_from


def propose_from(params: t.Mapping[str, t.Any], kernel_of: KernelOf = LinuxKernel) -> Proposal:
    """Plan what the options ask for."""
    workloads = [workload_from(item) for item in params["workloads"]]
    missing = find_missing(workloads, fault_of)
    proposal = propose_request(to_request(params, missing), kernel_of, remarks_of=functools.partial(cut_off, workloads))
    proposal = replace(proposal, values={"missing_workloads": sorted(missing)})
    if params["missing_namespace"] == FAIL:
        ends = "all others are attached; start what it belongs to and run again, or set missing_namespace: warn"
        return replace(proposal, shortfalls=tuple(f"{why}; {ends}" for why in missing.values()))
    return replace(proposal, warnings=(*proposal.warnings, *missing.values()))
