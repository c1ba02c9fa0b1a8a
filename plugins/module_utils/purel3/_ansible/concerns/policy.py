# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module policy: its options, and what they ask for."""

from __future__ import annotations

import socket
import time
import typing as t
from dataclasses import replace

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...base.errors import InvalidInput
from ...base.proposal import Proposal
from ...dataplane.policy.request import to_release
from ...dataplane.policy.request import to_request as request_policy
from ...dataplane.policy.ruleset import FAMILY, TABLE
from ...dataplane.policy.tracking import NAME as TRACKING
from ...dataplane.policy.tracking import tracking
from ...kernel import nftables
from ...policy.form import POLICIES, SETTINGS, TIERS
from ...state.kinds.table import transaction
from ...state.linux.network import LinuxKernel
from ...state.plan import Request
from ...values.workload import host_device
from ..network import KernelOf, propose_request

# So long connections under way have to send something.
_TRACKING_SECONDS = 2.0
# What is enforced, without whether it is.
_OPTIONS: t.Dict[str, t.Any] = {
    "workloads": {"type": "list", "elements": "str", "default": []},
    "endpoints": {"type": "dict", "default": {}},
    **SETTINGS,
    "network_sets": {"type": "dict", "default": {}},
    "tiers": TIERS,
    "policies": POLICIES,
}
ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    **_OPTIONS,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def enforced(options: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Check the options of this module as an option of another one; nothing where nothing is enforced.

    Raises InvalidInput.
    """
    if not options or options.get("state") == "absent":
        return {}
    given = {name: value for name, value in options.items() if name != "state"}
    checked = ArgumentSpecValidator(_OPTIONS).validate(given)
    if checked.error_messages:
        raise InvalidInput([f"policy: {message}" for message in checked.error_messages])
    return t.cast(t.Dict[str, t.Any], _given(checked.validated_parameters))


def _given(value: t.Any) -> t.Any:
    """Leave out what is not given, in all that a value holds."""
    if isinstance(value, t.Mapping):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def to_request(params: t.Mapping[str, t.Any]) -> Request:
    """Work out what the node's kernel must hold; raises InvalidInput."""
    return to_release() if params["state"] == "absent" else request_policy(params)


def propose_from(params: t.Mapping[str, t.Any], kernel_of: KernelOf = LinuxKernel) -> Proposal:
    """Plan what the options ask for; what is enforced for the first time cuts no connection that sends meanwhile."""
    proposal = propose_request(to_request(params), kernel_of)
    there = {name for _index, name in socket.if_nameindex()}
    is_first = params["state"] == "present" and not there.isdisjoint(map(host_device, params["workloads"]))
    if not is_first or any(nftables.read_table(FAMILY, name) for name in (TABLE, TRACKING)):
        return proposal
    return replace(proposal, apply=lambda: _apply_while_tracking(proposal))


def _apply_while_tracking(proposal: Proposal) -> None:
    table = tracking()
    nftables.commit(list(transaction(None, table)))
    try:
        time.sleep(_TRACKING_SECONDS)
        proposal.apply()
    finally:
        nftables.commit(list(transaction(table, None)))
