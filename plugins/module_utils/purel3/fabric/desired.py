# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state of every node, as the variables that the roles read."""

from __future__ import annotations

import typing as t

from .allocation.store import freed_in_words
from .parts.fabric import PARTS, CheckedFabric
from .parts.lab import connection, lab_place
from .parts.part import Variables


def host_variables(checked: CheckedFabric) -> t.Dict[str, Variables]:
    """What each node should be, by its name."""
    found: t.Dict[str, Variables] = {node.name: {} for node in checked.fabric.nodes}
    for part in PARTS:
        for name, variables in part.by_node(checked).items():
            found[name].update(variables)
    return found


def node_variables(checked: CheckedFabric) -> Variables:
    """What all nodes have in common: variables of the group fabric; in a lab also how to enter the nodes."""
    return {name: value for part in PARTS for name, value in part.of_nodes(checked).items()}


def all_variables(checked: CheckedFabric, store_path: str) -> Variables:
    """What concerns the fabric as a whole: variables of the group all; the path is absolute."""
    allocations = checked.allocations
    # They are in the fabric file, and no allocation can take them.
    addresses = sorted(set(allocations.addresses).difference(checked.single_addresses))
    tunnels = {str(address): allocations.tunnels[address] for address in sorted(allocations.tunnels)}
    freed = freed_in_words(allocations)
    store = {
        "path": store_path,
        "based_on": checked.store_digest,
        "blocks": {str(block): allocations.blocks[block] for block in sorted(allocations.blocks)},
        "addresses": {str(address): allocations.addresses[address] for address in addresses},
        **({"tunnels": tunnels} if tunnels else {}),
        **({"freed": freed} if freed else {}),
    }
    return {
        "fabric_allocation_store": store,
        **{name: value for part in PARTS for name, value in part.of_all(checked).items()},
    }


def router_variables(checked: CheckedFabric) -> t.Dict[str, Variables]:
    """What the lab's routers are as hosts: variables of each; none without a lab."""
    lab = checked.fabric.lab
    if lab is None:
        return {}
    return {
        router.name: {
            "ansible_host": str(router.address.ip),
            **connection(lab),
            **lab_place(checked.fabric, lab, router.name),
        }
        for router in lab.routers
    }
