# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives blocks to nodes and addresses to workloads and tunnels; what was allocated once stays."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network

from ..parts.allocations import Allocations
from ..parts.encapsulation import tunnelled_nodes
from ..parts.fabric import Fabric
from ..parts.nodes import Node
from ..parts.pools import Pool
from ..parts.reserved import is_reserved

IsFree = t.Callable[[IPv4Address], bool]


class Exhausted(Exception):
    """No block or address is left for a node.

    shortages: by node: what is full, and the remedy.
    """

    def __init__(self, shortages: t.Mapping[str, t.Tuple[str, str]]) -> None:
        self.shortages = dict(shortages)
        super().__init__(", ".join(sorted(self.shortages)))


def allocate(fabric: Fabric, kept: Allocations) -> Allocations:
    """Give every node a block, and every workload and tunnel an address, beside those that are kept.

    It is the same for any order of the file. Raises Exhausted where blocks or pools are too small.
    """
    blocks = dict(kept.blocks)
    addresses = dict(kept.addresses)
    tunnels = dict(kept.tunnels)
    free_blocks = _FreeBlocks(fabric, fabric.pools, blocks)
    shortages: t.Dict[str, t.Tuple[str, str]] = {}

    owned: t.Dict[str, t.List[IPv4Network]] = {node.name: [] for node in fabric.nodes}
    for block in sorted(blocks):
        owned[blocks[block]].append(block)
    for node in fabric.nodes:
        if not node.is_dedicated and not owned[node.name] and not free_blocks.give(node.name, owned[node.name]):
            shortages[node.name] = _no_block(node, fabric)

    def is_free(address: IPv4Address) -> bool:
        return address not in addresses and address not in tunnels and not is_reserved(fabric, address)

    free_encapsulated = _FreeBlocks(fabric, fabric.encapsulated_pools, blocks)
    numbered = set(tunnels.values())
    for node in tunnelled_nodes(fabric):
        if node.name in numbered or node.name in shortages:
            continue
        address = _tunnel_address(node, fabric, owned[node.name], is_free, free_encapsulated)
        if address is None:
            shortages[node.name] = _no_tunnel_address(node, fabric)
        else:
            tunnels[address] = node.name

    free_addresses = {node.name: _free_addresses(node, owned[node.name], is_free, free_blocks) for node in fabric.nodes}
    nodes = {node.name: node for node in fabric.nodes}
    addressed = set(addresses.values())
    for workload in fabric.workloads:
        if workload.name in addressed or workload.node in shortages:
            continue
        address = next(free_addresses[workload.node], None)
        if address is None:
            node = nodes[workload.node]
            has_tunnel = node.name in tunnels.values()
            shortages[node.name] = _full(node, fabric, has_tunnel) if node.blocks else _no_block(node, fabric)
        else:
            addresses[address] = workload.name
    if shortages:
        raise Exhausted(shortages)
    return Allocations(blocks, addresses, tunnels)


class _FreeBlocks:
    def __init__(self, fabric: Fabric, pools: t.Sequence[Pool], blocks: t.Dict[IPv4Network, str]) -> None:
        self._blocks = blocks
        candidates = (block for pool in pools for block in pool.cidr.subnets(new_prefix=pool.block_size))
        self._candidates = (block for block in candidates if not is_reserved(fabric, block))

    def give(self, node: str, owned: t.List[IPv4Network]) -> bool:
        for block in self._candidates:
            if block not in self._blocks:
                self._blocks[block] = node
                owned.append(block)
                return True
        return False


def _tunnel_address(
    node: Node,
    fabric: Fabric,
    owned: t.List[IPv4Network],
    is_free: IsFree,
    free_blocks: _FreeBlocks,
) -> t.Optional[IPv4Address]:
    pools = [pool.cidr for pool in fabric.encapsulated_pools]
    found = _last_free([block for block in owned if any(block.subnet_of(pool) for pool in pools)], is_free)
    if found is None and not node.blocks and free_blocks.give(node.name, owned):
        return _last_free(owned[-1:], is_free)
    return found


def _last_free(blocks: t.Sequence[IPv4Network], is_free: IsFree) -> t.Optional[IPv4Address]:
    # Workloads fill a block from its start, so that from its end hardly any is ever in the way.
    candidates = (block[-number] for block in blocks for number in range(1, block.num_addresses + 1))
    return next((address for address in candidates if is_free(address)), None)


def _free_addresses(
    node: Node, owned: t.List[IPv4Network], is_free: IsFree, free_blocks: _FreeBlocks
) -> t.Iterator[IPv4Address]:
    index = 0
    while index < len(owned) or (not node.blocks and free_blocks.give(node.name, owned)):
        # As in Calico, the first and last address of a block are addresses like any other.
        yield from (address for address in owned[index] if is_free(address))
        index += 1


def _no_block(node: Node, fabric: Fabric) -> t.Tuple[str, str]:
    pools = ", ".join(f"{pool.cidr} (blocks of /{pool.block_size})" for pool in fabric.pools)
    return f"{node.name}: no free block is left in {pools}", "add a pool, or remove nodes or workloads"


def _no_tunnel_address(node: Node, fabric: Fabric) -> t.Tuple[str, str]:
    pools = " or ".join(str(pool.cidr) for pool in fabric.encapsulated_pools)
    if node.blocks:
        problem = f"{node.name}: no address is left for its tunnel in those of its blocks that are in pool {pools}"
        return problem, "add a block to its blocks, or remove a workload"
    problem = f"{node.name}: no address is left for its tunnel: its blocks in pool {pools} are full, as is the pool"
    return problem, "add a pool with encapsulation, or remove nodes or workloads"


def _full(node: Node, fabric: Fabric, has_tunnel: bool) -> t.Tuple[str, str]:
    size = sum(block.num_addresses for block in node.blocks)
    takers = " or reserved" if any(is_reserved(fabric, address) for block in node.blocks for address in block) else ""
    takers += ", one by its tunnel" if has_tunnel else ""
    return (
        f"{node.name}: its blocks have {size} addresses, and all are taken{takers}",
        "add a block to its blocks, or remove 'blocks' to have further ones allocated (it keeps those it has)",
    )
