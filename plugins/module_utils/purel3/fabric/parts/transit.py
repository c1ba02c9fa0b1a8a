# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`transit`: whether nodes pass on routes of other nodes; and who owns them, for whoever has to know it."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from ipaddress import IPv4Network

from .part import Draft, Part, Variables
from .topology import peering_nodes

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric
    from .nodes import Node


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, transit=draft.file.boolean("transit") or False)


def _of_nodes(checked: CheckedFabric) -> Variables:
    has_carriers = any(peer.options.get("carries_blocks") for peer in checked.fabric.peers)
    if not checked.fabric.transit and not has_carriers:
        return {}
    owners = [
        {"block": str(block), "as_number": number, **({"router_id": str(node.router_id)} if has_carriers else {})}
        for block, number, node in _owners(checked, has_carriers=has_carriers)
    ]
    return {**({"bird_transit": True} if checked.fabric.transit else {}), "bird_owners": owners}


def _owners(checked: CheckedFabric, *, has_carriers: bool) -> t.List[t.Tuple[IPv4Network, int, Node]]:
    fabric, blocks = checked.fabric, checked.blocks_by_node
    as_numbers = {node.name: {node.as_number} for node in fabric.nodes}
    for peer in fabric.peers:
        # What goes out of such a session bears this number instead of the node's.
        if "local_as_number" in peer.options and (peer.peer_node is not None or has_carriers):
            for node in peering_nodes(fabric, peer):
                as_numbers[node.name].add(peer.options["local_as_number"])
    owned = (
        (IPv4Network(block), number, node)
        for node in fabric.nodes
        for block in blocks[node.name]
        for number in as_numbers[node.name]
    )
    return sorted(owned, key=lambda one: one[:2])


PART = Part(keys=("transit",), read=_read, of_nodes=_of_nodes, variables=("bird_transit",), large=("bird_owners",))
