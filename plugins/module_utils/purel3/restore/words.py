# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved state in words: one line an object, for diffs."""

from __future__ import annotations

import json
import typing as t

from ..dataplane.sysctls import to_request as request_settings
from ..state.kinds.kind import place_in_words
from ..state.kinds.registry import describe
from ..values.workload import Workload, host_device, options_of
from .state import State

# What the line of a workload says in a way of its own; all its other options follow by name.
_IN_PLACE = ("name", "address", "netns", "interface_name")


def lines_of(state: t.Optional[State]) -> t.FrozenSet[str]:
    """Put a state in words, or nothing where there is none: lines, each of which says what it is about.

    Raises InvalidInput where it holds settings that the modules would refuse.
    """
    return frozenset(f"saved {line}" for line in _lines(state)) if state is not None else frozenset()


def _lines(state: State) -> t.Iterator[str]:
    yield f"node {state.node}"
    yield from map(_workload, state.workloads)
    if state.is_transit:
        yield "transit"
    if state.tunnel:
        yield f"tunnel {state.tunnel.address}  mtu {state.tunnel.mtu}"
        yield from (f"endpoint {address} of the tunnel" for address in state.tunnel.endpoints)
    for setting in request_settings(dict(state.settings), "", is_optional=True).present.values():
        yield describe(setting)
    yield from (f"kernel module {name}" for name in state.modules)
    yield from (f"block {block}" for block in state.blocks)
    yield from _policy(state.policy)
    yield from (f"{place_in_words(netns)[3:]}  {identity}" for netns, identity in state.identities)


def _policy(options: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """One line for each workload, set, tier and policy, and one for each setting."""
    for option, value in sorted(options.items()):
        if isinstance(value, t.Mapping):
            yield from (f"{option} {name}  {_compact(item)}" for name, item in value.items())
        elif isinstance(value, list) and option != "workloads":
            yield from (f"{option} {_compact(item)}" for item in value)
        else:
            yield f"policy {option}  {_compact(value)}"


def _compact(value: t.Any) -> str:
    return json.dumps(value, sort_keys=True)


def _workload(workload: Workload) -> str:
    where = f" {place_in_words(workload.netns)}" if workload.netns != workload.name else ""
    inside = f"{host_device(workload.name)} -> {workload.interface_name}{where}"
    others = {name: value for name, value in options_of(workload).items() if name not in _IN_PLACE}
    more = "".join(
        f"  {name} {','.join(value) if isinstance(value, tuple) else value}" for name, value in others.items()
    )
    return f"workload {workload.name}  {workload.address}/32  {inside}{more}"
