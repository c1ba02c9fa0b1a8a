# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state of every node, as the variables that the roles read."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network

from .parts import peering
from .parts.checks import block_of
from .parts.intent import CheckedFabric
from .parts.lab import connection, lab_place, lab_variables
from .parts.lab import node_variables as lab_node_variables
from .parts.tunnels import endpoint_variables, tunnel_variables, workload_mtu

Variables = t.Dict[str, t.Any]

# They grow with the fabric, and on every host they would be N² values.
OF_THE_WHOLE_FABRIC = (
    "bird_owners",
    "fabric_allocation_store",
    "fabric_blocks",
    "lab_nodes",
    "lab_routers",
    "node_tunnel_endpoints",
    "verify_destinations",
)


def host_variables(checked: CheckedFabric) -> t.Dict[str, Variables]:
    """What each node should be.

    Args:
        checked: a fabric without faults.

    Returns:
        Plain data by node.
    """
    blocks = _blocks_by_node(checked)
    workloads = _workloads_by_node(checked)
    peers = peering.peers(checked.fabric, blocks)
    reflection = peering.reflection(checked.fabric)
    tunnels = tunnel_variables(checked)
    lab = checked.fabric.lab
    return {
        node.name: {
            "ansible_host": str(node.address.ip),
            "bird_router_id": str(node.router_id),
            "bird_as_number": node.as_number,
            "bird_address": str(node.address.ip),
            "bird_blocks": blocks[node.name],
            "bird_kernel_metric": checked.fabric.kernel_metric,
            **peers[node.name],
            **reflection.get(node.name, {}),
            **tunnels.get(node.name, {}),
            "node_workloads": workloads[node.name],
            "fabric_labels": dict(node.labels),
            **(lab_place(checked.fabric, lab, node.name) if lab is not None else {}),
        }
        for node in checked.fabric.nodes
    }


def all_variables(checked: CheckedFabric, store_path: str) -> Variables:
    """What concerns the fabric as a whole: variables of the group all.

    Args:
        checked: a fabric without faults.
        store_path: absolute path of the allocation store.

    Returns:
        Plain data.
    """
    allocations = checked.allocations
    blocks = _blocks_by_node(checked)
    owners = sorted((IPv4Network(block), node) for node in blocks for block in blocks[node])
    singles = set(_single_addresses(checked))
    tunnels = {str(address): allocations.tunnels[address] for address in sorted(allocations.tunnels)}
    variables: Variables = {
        "fabric_topology": checked.fabric.topology,
        "fabric_allocation_store": {
            "path": store_path,
            "blocks": {str(block): allocations.blocks[block] for block in sorted(allocations.blocks)},
            "addresses": {
                str(address): allocations.addresses[address]
                for address in sorted(allocations.addresses)
                # They are in the fabric file, and no allocation can take them.
                if address not in singles
            },
            **({"tunnels": tunnels} if tunnels else {}),
        },
        "fabric_blocks": _as_one_value([{"block": str(block), "node": node} for block, node in owners]),
        "verify_destinations": _as_one_value(
            [
                {"name": workload.name, "node": workload.node, "address": address}
                for workload, address in zip(checked.fabric.workloads, _addresses(checked))
            ]
        ),
    }
    if checked.fabric.lab is not None:
        variables.update(lab_variables(checked.fabric, checked.fabric.lab))
        variables["lab_workload_count"] = len(checked.fabric.workloads)
    return variables


def node_variables(checked: CheckedFabric) -> Variables:
    """What all nodes have in common: variables of the group fabric.

    Args:
        checked: a fabric without faults.

    Returns:
        Plain data; in a lab also how to enter the nodes.
    """
    variables = {**peering.defaults(checked, _blocks_by_node(checked)), **endpoint_variables(checked.fabric)}
    if checked.fabric.lab is not None:
        variables.update(lab_node_variables(checked.fabric.lab))
    return variables


def router_variables(checked: CheckedFabric) -> t.Dict[str, Variables]:
    """What the lab's routers are as hosts: variables of each.

    Args:
        checked: a fabric without faults.

    Returns:
        Plain data by router; none without a lab.
    """
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


def _as_one_value(items: t.Sequence[t.Mapping[str, str]]) -> t.Union[str, t.List[str]]:
    """Write a list of mappings as the text that a module's option takes as well as the list.

    Every node is handed the whole of it, and Ansible looks for templates in each value of a list, for each host again.
    """
    return ",".join(" ".join(f"{key}={value}" for key, value in item.items()) for item in items) or []


def _single_addresses(checked: CheckedFabric) -> t.Iterator[IPv4Address]:
    for workload in checked.fabric.workloads:
        pool = checked.fabric.pool_of(workload.address) if workload.address is not None else None
        if workload.address is None or pool is None:
            continue
        if checked.allocations.blocks.get(block_of(workload.address, pool.block_size)) != workload.node:
            yield workload.address


def _blocks_by_node(checked: CheckedFabric) -> t.Dict[str, t.List[str]]:
    owned: t.Dict[str, t.List[IPv4Network]] = {node.name: [] for node in checked.fabric.nodes}
    for block, node in checked.allocations.blocks.items():
        owned[node].append(block)
    nodes = {workload.name: workload.node for workload in checked.fabric.workloads}
    for address in _single_addresses(checked):
        owned[nodes[checked.allocations.addresses[address]]].append(IPv4Network(address))
    return {node: [str(block) for block in sorted(blocks)] for node, blocks in owned.items()}


def _addresses(checked: CheckedFabric) -> t.List[str]:
    by_workload = {workload: str(address) for address, workload in checked.allocations.addresses.items()}
    return [by_workload[workload.name] for workload in checked.fabric.workloads]


def _workloads_by_node(checked: CheckedFabric) -> t.Dict[str, t.List[Variables]]:
    found: t.Dict[str, t.List[Variables]] = {node.name: [] for node in checked.fabric.nodes}
    mtu = workload_mtu(checked.fabric)
    for workload, address in zip(checked.fabric.workloads, _addresses(checked)):
        found[workload.node].append(
            {
                "name": workload.name,
                "address": address,
                "netns": workload.netns,
                "interface_name": workload.interface_name,
                **({"mtu": mtu} if mtu else {}),
                **workload.options,
            }
        )
    return found
