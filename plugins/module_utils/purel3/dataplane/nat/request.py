# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options of the module nat to the objects in the node's kernel."""

from __future__ import annotations

import typing as t
from ipaddress import IPV4LENGTH, IPv4Address, IPv4Network

from ...base.errors import InvalidInput
from ...state.plan import Request
from ...values import scalars
from ...values.checker import Checker
from ...values.nat import MASQUERADE, POOLS_AND_NODES
from .ruleset import FAMILY, TABLE, FloatingIP, Outgoing, ruleset

Options = t.Mapping[str, t.Any]


def to_request(options: Options) -> Request:
    """Work out what the node's kernel must hold; raises InvalidInput with all faults.

    Nothing is there where nothing is translated.
    """
    checker = Checker()
    inside = checker.networks("inside", options["inside"] or ())
    nodes = _addresses(checker, "nodes", options["nodes"] or ())
    outgoing = list(_outgoing(checker, options["outgoing"] or ()))
    pools = [*inside, *(one.pool for one in outgoing)]
    floating = list(_floating(checker, options["floating_ips"] or (), pools, nodes))
    if checker.faults:
        raise InvalidInput(checker.faults)
    if not outgoing and not floating:
        return to_release()
    table = ruleset(inside, nodes, outgoing, floating)
    return Request({table.key: table})


def to_release() -> Request:
    """Work out what the node's kernel must hold when nothing is translated."""
    return Request({}, absent=frozenset([("table", "", FAMILY, TABLE)]))


def _addresses(checker: Checker, where: str, items: t.Sequence[t.Any]) -> t.List[IPv4Address]:
    found = (checker.parse_text(f"{where}[{index}]", item, scalars.address) for index, item in enumerate(items))
    return [address for address in found if address is not None]


def _outgoing(checker: Checker, items: t.Sequence[Options]) -> t.Iterator[Outgoing]:
    seen: t.List[Outgoing] = []
    for index, item in enumerate(items):
        where = f"outgoing[{index}]"
        pool = checker.network(f"{where}.pool", item["pool"], "a pool")
        address = None
        if item["address"] != MASQUERADE:
            address = checker.parse_text(f"{where}.address", item["address"], scalars.address)
        if pool is None:
            continue
        for other in seen:
            if pool.overlaps(other.pool):
                checker.complain(f"{where}.pool", str(pool), f"overlaps {other.pool}", "keep them apart")
        seen.append(Outgoing(pool, address, item["exclusions"] == POOLS_AND_NODES))
    yield from seen


def _floating(
    checker: Checker, items: t.Sequence[Options], inside: t.Iterable[IPv4Network], nodes: t.Container[IPv4Address]
) -> t.Iterator[FloatingIP]:
    # Floating IPs themselves are inside, too.
    pools = [network for network in inside if network.prefixlen < IPV4LENGTH]
    owners: t.Dict[IPv4Address, IPv4Address] = {}
    for index, item in enumerate(items):
        where = f"floating_ips[{index}].address"
        address = checker.parse_text(where, item["address"], scalars.floating_ip)
        workload = checker.parse_text(
            f"floating_ips[{index}].workload_address", item["workload_address"], scalars.address
        )
        if address is None or workload is None:
            continue
        if address in owners:
            checker.complain(where, str(address), f"leads to {owners[address]} already", "give each its own")
        if address in nodes:
            checker.complain(where, str(address), "is a node's own", "use one that nobody has")
        for pool in pools:
            if address in pool:
                problem = f"lies in {pool}, whose addresses are workloads' own"
                checker.complain(where, str(address), problem, "use one outside of the pools")
        owners.setdefault(address, workload)
        yield FloatingIP(address, workload, item["snat"])
