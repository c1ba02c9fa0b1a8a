# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module policy: its options, and what they ask for."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...base.errors import InvalidInput
from ...base.proposal import Proposal
from ...dataplane.policy.request import to_release
from ...dataplane.policy.request import to_request as request_policy
from ...policy.form import POLICIES, SETTINGS, TIERS
from ...state.linux.network import LinuxKernel
from ...state.plan import Request
from ..network import KernelOf, propose_request

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
    """Plan what the options ask for."""
    return propose_request(to_request(params), kernel_of)
