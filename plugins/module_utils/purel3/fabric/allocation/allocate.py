# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives blocks to nodes and addresses to workloads and tunnels; what was allocated once stays."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network

from ..parts.allocations import Allocations, block_of
from ..parts.encapsulation import tunnelled_nodes
from ..parts.fabric import Fabric
from ..parts.nodes import Node
from ..parts.pools import Pool
from ..parts.reserved import is_reserved

IsFree = t.Callable[[IPv4Address], bool]
Key = t.Union[IPv4Network, IPv4Address]


class Exhausted(Exception):
    """No block or address is left for a node.

    shortages: by node: what is full, and the remedy.
    """

    def __init__(self, shortages: t.Mapping[str, t.Tuple[str, str]]) -> None:
        self.shortages = dict(shortages)
        super().__init__(", ".join(sorted(self.shortages)))


def allocate(fabric: Fabric, kept: Allocations, before: Allocations) -> Allocations:
    """Give every node a block, and every workload and tunnel an address, beside those that are kept.

    It is the same for any order of the file. What was freed earlier is given last, and what was there before and is not
    kept, not at all: whoever still sends to it would reach somebody else. Raises Exhausted where blocks or pools are
    too small.
    """
    blocks = dict(kept.blocks)
    addresses = dict(kept.addresses)
    tunnels = dict(kept.tunnels)
    resting: t.Set[Key] = set(before.blocks)
    resting.update(before.addresses, before.tunnels)
    resting.difference_update(blocks, addresses, tunnels)
    space = _Space(fabric, kept.freed, resting)
    free_blocks = _FreeBlocks(space, fabric.pools, blocks)
    shortages: t.Dict[str, t.Tuple[str, str]] = {}

    owned: t.Dict[str, t.List[IPv4Network]] = {node.name: [] for node in fabric.nodes}
    for block in sorted(blocks):
        owned[blocks[block]].append(block)
    for node in fabric.nodes:
        if not node.is_dedicated and not owned[node.name] and not free_blocks.give(node.name, owned[node.name]):
            shortages[node.name] = _no_block(node, fabric)

    def is_free(address: IPv4Address) -> bool:
        return address not in addresses and address not in tunnels and space.may_give(address)

    free_encapsulated = _FreeBlocks(space, fabric.encapsulated_pools, blocks)
    numbered = set(tunnels.values())
    for node in tunnelled_nodes(fabric):
        if node.name in numbered or node.name in shortages:
            continue
        address = _tunnel_address(node, fabric, owned[node.name], is_free, free_encapsulated, kept.freed)
        if address is None:
            shortages[node.name] = _no_tunnel_address(node, fabric)
        else:
            tunnels[address] = node.name

    free_addresses = {
        node.name: _free_addresses(node, owned[node.name], is_free, free_blocks, kept.freed) for node in fabric.nodes
    }
    nodes = {node.name: node for node in fabric.nodes}
    addressed = set(addresses.values())
    for workload in fabric.workloads:
        if workload.name in addressed or workload.node in shortages:
            continue
        address = next(free_addresses[workload.node], None)
        if address is None:
            node = nodes[workload.node]
            has_tunnel = node.name in tunnels.values()
            shortages[node.name] = (
                _full(node, fabric, has_tunnel=has_tunnel) if node.blocks else _no_block(node, fabric)
            )
        else:
            addresses[address] = workload.name
    if shortages:
        raise Exhausted({name: _with_what_rests(found, nodes[name], resting) for name, found in shortages.items()})
    freed = resting.union(kept.freed).difference(blocks, addresses, tunnels)
    known = frozenset(key for key in freed if space.is_worth_knowing(key, blocks))
    return Allocations(blocks, addresses, tunnels, known)


class _Space:
    """What may be given, and in which order."""

    def __init__(self, fabric: Fabric, freed: t.FrozenSet[Key], resting: t.AbstractSet[Key]) -> None:
        self._fabric = fabric
        self._resting = resting
        self.freed = freed

    def may_give(self, key: Key) -> bool:
        return key not in self._resting and not is_reserved(self._fabric, key)

    def blocks(self, pools: t.Sequence[Pool]) -> t.Iterator[IPv4Network]:
        """All blocks of pools, those last that somebody had."""
        for pool in pools:
            yield from (one for one in pool.cidr.subnets(new_prefix=pool.block_size) if one not in self.freed)
        freed = sorted(one for one in self.freed if isinstance(one, IPv4Network))
        yield from (one for pool in pools for one in freed if _is_block_of(pool, one))

    def is_worth_knowing(self, key: Key, blocks: t.Mapping[IPv4Network, str]) -> bool:
        """Whether somebody could still be given it: a block of a pool, or an address in somebody's block."""
        if isinstance(key, IPv4Network):
            return any(_is_block_of(pool, key) for pool in self._fabric.pools)
        pool = self._fabric.pool_of(key)
        return pool is not None and block_of(key, pool.block_size) in blocks


def _is_block_of(pool: Pool, block: IPv4Network) -> bool:
    return block.prefixlen == pool.block_size and block.subnet_of(pool.cidr)


class _FreeBlocks:
    def __init__(self, space: _Space, pools: t.Sequence[Pool], blocks: t.Dict[IPv4Network, str]) -> None:
        self._blocks = blocks
        self._candidates = (block for block in space.blocks(pools) if space.may_give(block))

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
    freed: t.FrozenSet[Key],
) -> t.Optional[IPv4Address]:
    pools = [pool.cidr for pool in fabric.encapsulated_pools]
    found = _last_free([block for block in owned if any(block.subnet_of(pool) for pool in pools)], is_free, freed)
    if found is None and not node.blocks and free_blocks.give(node.name, owned):
        return _last_free(owned[-1:], is_free, freed)
    return found


def _last_free(blocks: t.Sequence[IPv4Network], is_free: IsFree, freed: t.FrozenSet[Key]) -> t.Optional[IPv4Address]:
    # Workloads fill a block from its start, so that from its end hardly any is ever in the way.
    addresses = [block[-number] for block in blocks for number in range(1, block.num_addresses + 1)]
    candidates = sorted(addresses, key=lambda address: address in freed)
    return next((address for address in candidates if is_free(address)), None)


def _free_addresses(
    node: Node, owned: t.List[IPv4Network], is_free: IsFree, free_blocks: _FreeBlocks, freed: t.FrozenSet[Key]
) -> t.Iterator[IPv4Address]:
    index = 0
    while True:
        while index < len(owned):
            # As in Calico, the first and last address of a block are addresses like any other.
            yield from (address for address in owned[index] if address not in freed and is_free(address))
            index += 1
        yield from (address for block in owned for address in block if address in freed and is_free(address))
        if node.blocks or not free_blocks.give(node.name, owned):
            return


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


def _with_what_rests(shortage: t.Tuple[str, str], node: Node, resting: t.AbstractSet[Key]) -> t.Tuple[str, str]:
    """A shortage that is none any more in the run after this one says so."""
    problem, remedy = shortage
    rests = any(address in resting for block in node.blocks for address in block) if node.blocks else bool(resting)
    if not rests:
        return shortage
    return f"{problem} but what this change frees", f"{remedy}, or run without what is new first"


def _full(node: Node, fabric: Fabric, *, has_tunnel: bool) -> t.Tuple[str, str]:
    size = sum(block.num_addresses for block in node.blocks)
    takers = " or reserved" if any(is_reserved(fabric, address) for block in node.blocks for address in block) else ""
    takers += ", one by its tunnel" if has_tunnel else ""
    return (
        f"{node.name}: its blocks have {size} addresses, and all are taken{takers}",
        "add a block to its blocks, or remove 'blocks' to have further ones allocated (it keeps those it has)",
    )
