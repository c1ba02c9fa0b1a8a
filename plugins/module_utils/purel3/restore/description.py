# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node as it is saved and as it is, as data and as lines. Pure."""

from __future__ import annotations

import typing as t

from ..base.table import draw_table
from ..state.kinds.ownership import title_of
from ..values.workload import host_device
from .state import State

HEADINGS = ("WORKLOAD", "ADDRESS", "NETNS", "INTERFACE", "HOST INTERFACE", "STATE")
UP = "up"
DOWN = "down"
MISSING = "missing"
FOREIGN = "not ours"

Described = t.Dict[str, t.Any]

if t.TYPE_CHECKING:
    from ..kernel.carriers import Carrier


def describe(state: State, carriers: t.Mapping[str, Carrier]) -> Described:
    """Describe a node as data: node, workloads, tunnel (None for none) and blocks.

    carriers: the node's interfaces by name.
    """
    workloads = [
        {
            **workload._asdict(),
            "host_interface_name": host_device(workload.name),
            "state": _state(workload.name, carriers.get(host_device(workload.name))),
        }
        for workload in sorted(state.workloads)
    ]
    tunnel = None
    if state.tunnel:
        device = carriers.get(state.tunnel.device)
        tunnel = {**state.tunnel._asdict(), "state": MISSING if device is None else UP if device.is_up else DOWN}
    return {
        "node": state.node,
        "workloads": workloads,
        "tunnel": tunnel,
        "blocks": list(state.blocks),
    }


def _state(name: str, carrier: t.Optional[Carrier]) -> str:
    if carrier is None:
        return MISSING
    if title_of(carrier.alias) != name:
        return FOREIGN
    return UP if carrier.is_up else DOWN


def lines_of(described: t.Mapping[str, t.Any]) -> t.Tuple[str, ...]:
    """Show a node, as describe() returns it, in lines without newlines."""
    rows = [
        (one["name"], one["address"], one["netns"], one["interface_name"], one["host_interface_name"], one["state"])
        for one in described["workloads"]
    ]
    tunnel = described["tunnel"]
    words = f"{tunnel['address']}, MTU {tunnel['mtu']}, {tunnel['state']}" if tunnel is not None else "none"
    return (
        f"Node {described['node']}",
        *(draw_table(HEADINGS, rows) if rows else ["No workloads."]),
        f"Tunnel: {words}",
        f"Blocks: {', '.join(described['blocks']) or 'none'}",
    )


def is_all_up(described: t.Mapping[str, t.Any]) -> bool:
    """Tell of a node, as describe() returns it, whether nothing is down, missing or somebody else's."""
    tunnel = described["tunnel"]
    return all(one["state"] == UP for one in (*described["workloads"], *([tunnel] if tunnel is not None else [])))
