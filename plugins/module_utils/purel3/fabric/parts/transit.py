# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`transit`: whether nodes pass on routes of other nodes."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from ipaddress import IPv4Network

from .part import Draft, Part, Variables

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, transit=draft.file.boolean("transit") or False)


def _of_nodes(checked: CheckedFabric) -> Variables:
    return {"bird_transit": True, "bird_owners": _owners(checked)} if checked.fabric.transit else {}


def _owners(checked: CheckedFabric) -> t.List[Variables]:
    blocks = checked.blocks_by_node
    as_numbers = {node.name: {node.as_number} for node in checked.fabric.nodes}
    for peer in checked.fabric.peers:
        # What goes out of such a session bears this number instead of the node's.
        if "local_as_number" in peer.options and peer.node is not None and peer.peer_node is not None:
            as_numbers[peer.node].add(peer.options["local_as_number"])
    owned = ((IPv4Network(block), number) for node in blocks for block in blocks[node] for number in as_numbers[node])
    return [{"block": str(block), "as_number": number} for block, number in sorted(owned)]


PART = Part(keys=("transit",), read=_read, of_nodes=_of_nodes, variables=("bird_transit",), large=("bird_owners",))
