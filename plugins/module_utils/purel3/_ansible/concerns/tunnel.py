# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module tunnel: its options, and what they ask for."""

from __future__ import annotations

import typing as t

from ...base.proposal import Proposal
from ...bird.change.handover import complete
from ...bird.talk.control import DEFAULT_SOCKET
from ...dataplane.encapsulation.tunnel import mode_of, to_release
from ...dataplane.encapsulation.tunnel import to_request as request_tunnel
from ...kernel import modules
from ...state.linux.network import LinuxKernel
from ...state.plan import Request
from ..network import KernelOf, propose_request

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "address": {"type": "str"},
    "device": {"type": "str", "default": "tunl0"},
    "mtu": {"type": "int"},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "socket": {"type": "path", "default": DEFAULT_SOCKET},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
REQUIRED_IF = [("state", "present", ["address"])]


def to_request(params: t.Mapping[str, t.Any]) -> Request:
    """Work out what the node's kernel must hold; raises InvalidInput."""
    if params["state"] == "absent":
        return to_release()
    return request_tunnel(params["address"], params["mtu"], params["endpoints"], params["device"])


def propose_from(params: t.Mapping[str, t.Any], kernel_of: KernelOf = LinuxKernel) -> Proposal:
    """Plan what the options ask for."""
    request = to_request(params)
    if params["state"] == "absent":
        return propose_request(request, kernel_of)
    mode = mode_of(params["device"])
    modules.require(mode.module, "encapsulation", mode.device if mode.is_made_by_kernel else "")
    return complete(propose_request(request, kernel_of), mode.device, params["socket"])
