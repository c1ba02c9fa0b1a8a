# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved state in words: one line an object, for diffs."""

from __future__ import annotations

import typing as t

from ..dataplane.sysctls import to_request as request_settings
from ..dataplane.workload import host_device, workloads_from
from ..state.kinds.kind import place_in_words
from ..state.kinds.registry import describe
from .state import State


def lines_of(state: t.Optional[State]) -> t.FrozenSet[str]:
    """Put a state in words.

    Args:
        state: what is saved; None for nothing.

    Returns:
        Lines, each of which says what it is about.

    Raises:
        InvalidInput: it holds options that the modules would refuse.
    """
    return frozenset(f"saved {line}" for line in _lines(state)) if state is not None else frozenset()


def _lines(state: State) -> t.Iterator[str]:
    yield f"node {state.node}"
    for workload in workloads_from(state.workloads):
        where = f" {place_in_words(workload.namespace)}" if workload.namespace != workload.name else ""
        inside = f"{host_device(workload.name)} -> {workload.device}{where}"
        mtu = f"  mtu {workload.mtu}" if workload.mtu else ""
        yield f"workload {workload.name}  {workload.address}/32  {inside}{mtu}"
    if state.workloads.get("transit"):
        yield "transit"
    if state.tunnel:
        yield f"tunnel {state.tunnel.get('address')}  mtu {state.tunnel.get('mtu')}"
        yield from (f"endpoint {address} of the tunnel" for address in state.tunnel.get("endpoints", ()))
    for setting in request_settings(state.settings, "", is_optional=True).present.values():
        yield describe(setting)
    yield from (f"kernel module {name}" for name in state.modules)
    yield from (f"block {block}" for block in state.blocks)
