# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`reserved`: addresses of the pools that are in use elsewhere, and given to nobody."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, collapse_addresses, summarize_address_range

from ...values import scalars
from ..file.report import Report
from . import pools
from .part import Draft, Part

if t.TYPE_CHECKING:
    from .fabric import Fabric


def is_reserved(fabric: Fabric, what: t.Union[IPv4Address, IPv4Network]) -> bool:
    """Whether an address, or all of a network, is given to nobody."""
    return any(IPv4Network(what).subnet_of(network) for network in fabric.reserved)


def _read(draft: Draft) -> Fabric:
    file = draft.file
    cidrs = [pool.cidr for pool in draft.fabric.pools]
    found: t.List[IPv4Network] = []
    for index, entry in enumerate(file.sequence("reserved")):
        ends = file.parse_text(f"reserved[{index}]", entry, _ends)
        if ends is None:
            continue
        if pools.are_all_read(draft) and not any(ends[0] in cidr and ends[1] in cidr for cidr in cidrs):
            problem = f"reserved[{index}] {entry.text} is not inside of a pool"
            file.fault(entry.line, problem, f"reserve addresses of {' or '.join(map(str, cidrs))} only")
        else:
            found += summarize_address_range(*ends)
    return replace(draft.fabric, reserved=tuple(collapse_addresses(found)))


def _ends(text: str) -> t.Tuple[IPv4Address, IPv4Address]:
    if "/" in text:
        network = scalars.network(text)
        return network.network_address, network.broadcast_address
    first, dash, last = text.partition("-")
    ends = scalars.address(first.strip()), scalars.address((last if dash else first).strip())
    if ends[0] > ends[1]:
        raise scalars.BadValue("goes down", f"write {ends[1]}-{ends[0]}")
    return ends


def _check(draft: Draft, report: Report) -> None:
    for workload in draft.fabric.workloads:
        if workload.address is not None and is_reserved(draft.fabric, workload.address):
            problem = f"{workload.name}: address {workload.address} is reserved{report.seen(('reserved',))}"
            path = ("workloads", workload.name, "address")
            report.fault(path, problem, "use another, or remove 'address' to have one allocated")


PART = Part(keys=("reserved",), read=_read, check=_check, is_allocated=True)
