# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which allocations stay: all that the file gives, and the stored ones that still fit it."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network

from ..file.document import Faults
from ..file.report import Report
from ..parts.allocations import Allocations, block_of
from ..parts.fabric import Fabric
from ..parts.reserved import is_reserved
from ..parts.workloads import DeclaredWorkload
from .store import Stored


def keep(fabric: Fabric, stored: Stored, report: Report, store_faults: Faults) -> Allocations:
    """Join the file's own blocks and addresses with the stored ones that still fit; a conflict is a fault of either.

    What belonged to a node or workload that is gone, or that the file now gives something else, is released. A
    workload that moved to another node loses its address, because its block stays behind. A node keeps the address of
    its tunnel also while no pool is encapsulated, so that it is the same whenever one is again. A workload that says
    what it was has the address that it had by that name.
    """
    keeper = _Keeper(fabric, stored, report, store_faults)
    keeper.keep_blocks()
    keeper.claim_blocks()
    keeper.keep_addresses()
    keeper.keep_tunnels()
    return Allocations(keeper.blocks, keeper.addresses, keeper.tunnels, stored.allocations.freed)


class _Keeper:
    def __init__(self, fabric: Fabric, stored: Stored, report: Report, store_faults: Faults) -> None:
        self._fabric = fabric
        self._stored = stored
        self._report = report
        self._store_faults = store_faults
        self._nodes = {node.name: node for node in fabric.nodes}
        self._workloads = {workload.name: workload for workload in fabric.workloads}
        known = set(stored.allocations.addresses.values())
        for workload in fabric.workloads:
            if workload.was is not None and workload.name not in known:
                self._workloads.setdefault(workload.was, workload)
        self._sizes = sorted({block.prefixlen for block in stored.allocations.blocks})
        self._lost_blocks: t.Set[IPv4Network] = set()
        self.tunnels: t.Dict[IPv4Address, str] = {}
        self.blocks = {block: node.name for node in fabric.nodes for block in node.blocks}
        self.addresses = {
            workload.address: workload.name for workload in fabric.workloads if workload.address is not None
        }

    def keep_blocks(self) -> None:
        for block, owner in sorted(self._stored.allocations.blocks.items()):
            node = self._nodes.get(owner)
            if node is not None and not node.blocks and not node.is_dedicated:
                self._keep_block(block, owner)

    def _keep_block(self, block: IPv4Network, owner: str) -> None:
        remedy = f"or delete the lines of this block and of its addresses from the store to have {owner} renumbered"
        pool = self._fabric.pool_of(block)
        if pool is None:
            self._lose(block, f"{owner}: block {block} is outside of every pool", f"bring its pool back, {remedy}")
        elif block.prefixlen != pool.block_size:
            problem = f"{owner}: block {block} is not a /{pool.block_size}, the block_size of pool {pool.cidr}"
            self._lose(block, problem, f"change block_size back, {remedy}")
        elif self.blocks.get(block, owner) != owner:
            new_owner = self.blocks[block]
            problem = f"{new_owner}: block {block} is allocated to {owner} ({self._where(block)})"
            line = self._report.places.line("nodes", new_owner, str(block))
            self._report.faults.add(line, problem, f"list another, {remedy}")
            self._lost_blocks.add(block)
        else:
            self.blocks[block] = owner

    def _lose(self, block: IPv4Network, problem: str, remedy: str) -> None:
        self._store_faults.add(self._stored.lines[block], problem, remedy)
        self._lost_blocks.add(block)

    def claim_blocks(self) -> None:
        """Give a node the block of an address that the file gives to a workload of it, unless it is another's."""
        for workload in self._fabric.workloads:
            if workload.address is None or self._nodes[workload.node].blocks:
                continue
            pool = self._fabric.pool_of(workload.address)
            if pool is not None:
                self.blocks.setdefault(block_of(workload.address, pool.block_size), workload.node)

    def keep_addresses(self) -> None:
        for address, name in sorted(self._stored.allocations.addresses.items()):
            workload = self._workloads.get(name)
            if workload is None or workload.address is not None:
                continue
            block = self._stored_block_of(address)
            if block is not None and block not in self._lost_blocks:
                self._keep_address(address, workload.name, workload.node, block)
                self._warn_of_move(address, workload, self._stored.allocations.blocks[block])

    def _warn_of_move(self, address: IPv4Address, workload: DeclaredWorkload, owner: str) -> None:
        if workload.node != owner and self.addresses.get(address) != workload.name:
            problem = f"{workload.name}: moves from {owner} to {workload.node}, so it loses its address {address}"
            remedy = "leave it there, or have whoever knows that address learn the new one"
            self._report.warn(("workloads", workload.name, "node"), problem, remedy)

    def _stored_block_of(self, address: IPv4Address) -> t.Optional[IPv4Network]:
        candidates = (block_of(address, size) for size in self._sizes)
        return next((block for block in candidates if block in self._stored.allocations.blocks), None)

    def _keep_address(self, address: IPv4Address, workload: str, node: str, block: IPv4Network) -> None:
        holder = self.addresses.get(address)
        if self.blocks.get(block) == node and holder is None:
            self.addresses[address] = workload
            self._refuse_reserved(address, f"allocated to {workload}", workload)
        elif self.blocks.get(block) == node:
            problem = f"{holder}: address {address} is allocated to {workload} ({self._where(address)})"
            line = self._report.places.line("workloads", str(holder), "address")
            self._report.faults.add(
                line, problem, f"use another, or delete that line from the store to have {workload} renumbered"
            )
        elif self._stored.allocations.blocks[block] == node:
            line = self._report.places.line("nodes", node, "blocks")
            problem = (
                f"{workload}: address {address} is in block {block}, which is no longer among {node}'s blocks"
                f" ({self._report.faults.file}:{line})"
            )
            remedy = f"list the block there again, or delete this line from the store to have {workload} renumbered"
            self._store_faults.add(self._stored.lines[address], problem, remedy)

    def keep_tunnels(self) -> None:
        for address, name in sorted(self._stored.allocations.tunnels.items()):
            node = self._nodes.get(name)
            block = self._stored_block_of(address)
            if node is not None and not node.is_dedicated and block is not None and block not in self._lost_blocks:
                self._keep_tunnel(address, name, block)

    def _keep_tunnel(self, address: IPv4Address, node: str, block: IPv4Network) -> None:
        holder = self.addresses.get(address)
        pool = self._fabric.pool_of(address)
        remedy = f"or delete this line from the store to have {node}'s tunnel renumbered"
        if self.blocks.get(block) == node and holder is not None:
            problem = f"{holder}: address {address} is that of {node}'s tunnel ({self._where(address)})"
            remedy = f"use another, or delete that line from the store to have {node}'s tunnel renumbered"
            self._report.fault(("workloads", holder, "address"), problem, remedy)
        elif self.blocks.get(block) == node and pool is not None:
            if self._fabric.encapsulated_pools and not pool.is_encapsulated:
                problem = f"{node}: tunnel address {address} is in pool {pool.cidr}, which is not encapsulated"
                place = f"{problem} ({self._report.faults.file}:{self._report.places.line(str(pool.cidr))})"
                self._store_faults.add(self._stored.lines[address], place, f"encapsulate it as well, {remedy}")
            self.tunnels[address] = node
            self._refuse_reserved(address, f"that of {node}'s tunnel", f"{node}'s tunnel")
        elif self._stored.allocations.blocks[block] == node:
            line = self._report.places.line("nodes", node, "blocks")
            problem = (
                f"{node}: tunnel address {address} is in block {block}, which is no longer among its blocks"
                f" ({self._report.faults.file}:{line})"
            )
            self._store_faults.add(self._stored.lines[address], problem, f"list the block there again, {remedy}")

    def _refuse_reserved(self, address: IPv4Address, use: str, holder: str) -> None:
        if is_reserved(self._fabric, address):
            problem = f"reserved: address {address} is {use} ({self._where(address)})"
            remedy = f"reserve another, or delete that line from the store to have {holder} renumbered"
            self._report.fault(("reserved",), problem, remedy)

    def _where(self, key: t.Union[IPv4Network, IPv4Address]) -> str:
        return f"{self._store_faults.file}:{self._stored.lines[key]}"
