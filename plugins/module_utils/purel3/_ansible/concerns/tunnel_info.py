# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module tunnel_info: its options, and what they look for."""

from __future__ import annotations

import typing as t

from ...base.errors import (
    ForeignObject,
    InvalidInput,
    MissingDependency,
)
from ...dataplane.encapsulation import guard
from ...dataplane.encapsulation.tunnel import (
    faults_of_sources,
    mode_of,
    to_release,
    to_request,
)
from ...dataplane.information import describe_tunnel
from ...kernel import modules, nftables, sources
from ...kernel.nf_tables import TableContent
from ...state.linux import reader
from ...state.plan import Observed, compare
from ...state.scope import scope_of_request

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "address": {"type": "str"},
    "device": {"type": "str", "default": "tunl0"},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "peers": {"type": "list", "elements": "str", "default": []},
}


def read(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Read the node's end of the tunnels; raises FabricError."""
    observed = reader.read(scope_of_request(to_release()))
    counts = guard.dropped(_table())
    return {
        **describe_tunnel(observed),
        "dropped": {
            "from_others": counts[guard.FROM_OTHERS],
            "from_workloads": counts[guard.FROM_WORKLOADS],
        },
        "faults": _faults(params, observed) if params["address"] else [],
    }


def _table() -> t.Optional[TableContent]:
    try:
        return nftables.read_table(guard.FAMILY, guard.TABLE)
    except MissingDependency:
        return None


def _faults(params: t.Mapping[str, t.Any], observed: Observed) -> t.List[str]:
    try:
        request = to_request(params["address"], None, params["endpoints"], params["device"])
        mode = mode_of(params["device"])
        modules.require(mode.module, "encapsulation", mode.device if mode.is_made_by_kernel else "")
        compare(request, observed)
    except InvalidInput as error:
        return list(error.faults)
    except (ForeignObject, MissingDependency) as error:
        return str(error).splitlines()
    return faults_of_sources({peer: sources.source_to(peer) for peer in params["peers"]}, params["endpoints"])
