# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`pools`: the supernets that workload addresses come from."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from ...values import scalars
from ...values.modes import Mode
from ..file.document import Path
from ..file.report import Report
from ..file.section import Section
from . import encapsulation
from .part import Draft, Part

if t.TYPE_CHECKING:
    from .fabric import Fabric

POOL_KEYS = ("cidr", "block_size", "name", "encapsulation")
# Calico's.
DEFAULT_BLOCK_SIZE = 26


@dataclass(frozen=True)
class Pool:
    """The supernet that workload addresses come from.

    name: what messages call it.
    block_size: prefix length of each of its blocks.
    encapsulation: how packets to its addresses travel between nodes; None for as they are.
    """

    name: str
    cidr: IPv4Network
    block_size: int
    encapsulation: t.Optional[Mode] = None

    @property
    def is_encapsulated(self) -> bool:
        """Whether packets to its addresses may go through a tunnel."""
        return self.encapsulation is not None


def are_all_read(draft: Draft) -> bool:
    """Whether there are pools, and every one could be read."""
    entries = draft.file.value("pools")
    return isinstance(entries, list) and len(draft.fabric.pools) == len(entries) > 0


def pool_at(pool: Pool) -> Path:
    """Where a pool stands."""
    return (str(pool.cidr),)


def _read(draft: Draft) -> Fabric:
    file = draft.file
    if "pools" not in file:
        file.missing("pools", "give at least one, such as '- cidr: 10.244.0.0/16'")
    elif file.value("pools") == []:
        file.fault(file.line_of("pools"), "pools is empty", "give at least one, such as '- cidr: 10.244.0.0/16'")
    pools: t.Dict[IPv4Network, Pool] = {}
    for index, entry in enumerate(file.sequence("pools")):
        section = file.entry(f"pools[{index}]", entry, f"pools[{index}]", POOL_KEYS)
        pool = _pool(section)
        if pool is None:
            continue
        if pool.cidr in pools:
            problem = f"cidr {pool.cidr} is given twice (first on line {file.line_of(str(pool.cidr))})"
            section.fault(entry.line, problem, "give it once")
            continue
        file.note(str(pool.cidr), entry.line)
        pools[pool.cidr] = pool
    return replace(draft.fabric, pools=tuple(pools.values()))


def _pool(section: Section) -> t.Optional[Pool]:
    if section.is_mapping and "cidr" not in section:
        section.missing("cidr", "write one such as 10.244.0.0/16")
    mode = encapsulation.read_encapsulation(section)
    cidr = encapsulation.read_cidr(section, mode)
    name = section.text("name", scalars.word)
    block_size = section.number("block_size", scalars.block_size)
    if cidr is None or (block_size is None and "block_size" in section):
        return None
    if block_size is None:
        block_size = max(DEFAULT_BLOCK_SIZE, cidr.prefixlen)
    if not cidr.prefixlen <= block_size <= 31:
        problem = f"block_size {block_size} does not fit into the pool {cidr}"
        remedy = f"use {cidr.prefixlen} to 31" if cidr.prefixlen < 32 else "use a pool of more than one address"
        section.fault(section.line_of("block_size"), problem, remedy)
        return None
    return Pool(name or str(cidr), cidr, block_size, mode)


def _check(draft: Draft, report: Report) -> None:
    ordered = sorted(draft.fabric.pools, key=lambda pool: (pool.cidr.network_address, pool.cidr.prefixlen))
    widest = ordered[0] if ordered else None
    for pool in ordered[1:]:
        if widest is not None and pool.cidr.overlaps(widest.cidr):
            first, second = report.by_line(pool_at(widest), pool_at(pool))
            problem = f"pool {second[-1]} overlaps pool {first[-1]}{report.seen(first)}"
            report.fault(second, problem, "keep them apart")
        else:
            widest = pool
    report.unique("name", [(pool_at(pool), pool.name, f"pool {pool.cidr}") for pool in draft.fabric.pools])


PART = Part(
    keys=("pools",),
    read=_read,
    check=_check,
    # One text, as of all that a module takes as a list.
    of_all=lambda checked: {"fabric_pools": ",".join(str(pool.cidr) for pool in checked.fabric.pools)},
    variables=("fabric_pools",),
    is_allocated=True,
)
