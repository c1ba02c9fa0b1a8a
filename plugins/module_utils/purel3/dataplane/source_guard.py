# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of nftables that has each workload send from its own addresses only, and nothing that poses as a tunnel's.

It looks at what comes from interfaces of our group, and at nothing else; an interface that it does not know is dropped,
so that none is open before the table knows it. Workloads have no IPv6. Nothing here asks for connection tracking.
"""

from __future__ import annotations

import typing as t

from ..kernel.nf_tables import Chain, Element, Set, TableContent, TableRule, key_of, packets_by_comment
from ..state.kinds.address import Address
from ..state.kinds.expressions import ACCEPT, COUNT, DROP, field, goto, is_equal, is_inside, meta
from ..state.kinds.ownership import DOOMED_GROUP, WORKLOAD_GROUP, WORKLOADS
from ..state.kinds.route import Route
from ..state.kinds.scope import OWN_NAMESPACE
from ..state.kinds.table import MARK, Table, table_of
from ..state.plan import Observed
from ..values.modes import IPIP
from ..values.workload import ANY, Workload, host_device

R = t.TypeVar("R", Address, Route)

FAMILY = "inet"
TABLE = "purel3_source_guard"
_FOREIGN = "from foreign sources"
_ENCAPSULATED = "encapsulated"
_IPV6 = "IPv6"
_GOING = "from interfaces that go"
_COMMENTS = {"foreign_sources": _FOREIGN, "encapsulated": _ENCAPSULATED, "ipv6": _IPV6, "going": _GOING}

_SOURCES = Set("sources", ("ifname", "ipv4_addr"), MARK)
_TRUSTED = Set("any_source", ("ifname",))
_FROM_WORKLOADS, _FROM_KNOWN = "cali-from-workloads", "cali-from-known"
# Before connection tracking (-200), and after the guard of tunnels, which counts what is for them.
_PRIORITY = -299
# Of VXLAN: IANA's, and that of Linux before there was one.
_VXLAN_PORTS = (4789, 8472)
_NFPROTO_IPV4, _NFPROTO_IPV6 = 2, 10
_SHOWN = 10


def source_guard(workloads: t.Collection[Workload]) -> t.Iterator[Table]:
    """Make the table for a node's workloads; none where each of them may send what it likes."""
    guarded = frozenset(
        _element(one, address)
        for one in workloads
        if one.source_spoofing != ANY
        for address in (one.address, *one.floating_ips)
    )
    trusted = (host_device(one.name) for one in workloads if one.source_spoofing == ANY)
    if guarded:
        elements = {
            _SOURCES.name: guarded,
            _TRUSTED.name: frozenset(Element(key_of(_TRUSTED.types, device)) for device in trusted),
        }
        chains = (
            Chain("cali-PREROUTING", "prerouting", _PRIORITY, "filter"),
            Chain(_FROM_WORKLOADS),
            Chain(_FROM_KNOWN),
        )
        yield table_of(FAMILY, TABLE, TableContent((_SOURCES, _TRUSTED), chains, tuple(_rules()), elements))


def _element(workload: Workload, address: str) -> Element:
    return Element(key_of(_SOURCES.types, host_device(workload.name), address))


def _rules() -> t.Iterator[TableRule]:
    drop = (COUNT, DROP)
    is_ipv4, is_ipv6 = (is_equal(meta("nfproto"), number) for number in (_NFPROTO_IPV4, _NFPROTO_IPV6))
    is_known = is_inside(_SOURCES.name, meta("iifname"), field("ip", "saddr"))
    from_group = {group: is_equal(meta("iifgroup"), group) for group in (WORKLOAD_GROUP, DOOMED_GROUP)}
    yield TableRule("cali-PREROUTING", (*from_group[WORKLOAD_GROUP], goto(_FROM_WORKLOADS)))
    yield TableRule("cali-PREROUTING", (*from_group[DOOMED_GROUP], *drop), _GOING)
    yield TableRule(_FROM_WORKLOADS, (*is_ipv4, *is_known, goto(_FROM_KNOWN)))
    yield TableRule(_FROM_WORKLOADS, (*is_inside(_TRUSTED.name, meta("iifname")), ACCEPT))
    yield TableRule(_FROM_WORKLOADS, (*is_ipv6, *drop), _IPV6)
    yield TableRule(_FROM_WORKLOADS, drop, _FOREIGN)
    yield TableRule(_FROM_KNOWN, (*is_equal(meta("l4proto"), IPIP.match.value), *drop), _ENCAPSULATED)
    for port in _VXLAN_PORTS:
        yield TableRule(_FROM_KNOWN, (*is_equal(field("udp", "dport"), port), *drop), _ENCAPSULATED)


def dropped(content: t.Optional[TableContent]) -> t.Dict[str, int]:
    """How many packets the guard has dropped, as the module workloads_info says why, given what stands in its table."""
    packets = packets_by_comment(content)
    return {why: packets.get(comment, 0) for why, comment in _COMMENTS.items()}


def cut_off(workloads: t.Sequence[Workload], observed: Observed) -> t.Iterator[str]:
    """Say of workloads that come under the guard from which other addresses they may be sending now."""
    new = {one.name: one for one in workloads if one.source_spoofing != ANY and not _is_guarded(one, observed)}
    if not new:
        return
    others = _other_sources(new.values(), observed)
    for name in sorted(others)[:_SHOWN]:
        yield (
            f"workload {name}: what it sends from {', '.join(sorted(others[name]))} will be dropped, because only "
            f"{new[name].address} is its own; for it to pass, give the workload source_spoofing: {ANY}"
        )
    if len(others) > _SHOWN:
        yield f"the same holds for {len(others) - _SHOWN} more workloads: {', '.join(sorted(others)[_SHOWN:])}"


def _is_guarded(workload: Workload, observed: Observed) -> bool:
    return any(
        _element(workload, workload.address) in dict(table.elements).get(_SOURCES.name, ())
        for table in observed.of(Table)
        if (table.family, table.name) == (FAMILY, TABLE)
    )


def _other_sources(workloads: t.Collection[Workload], observed: Observed) -> t.Dict[str, t.Set[str]]:
    """The addresses on a workload's interface and loopback that others gave it, and what others have led to it."""
    found: t.Dict[str, t.Set[str]] = {}
    own = {f"{address}/32" for one in workloads for address in (one.address, *one.floating_ips)}
    by_place = {(one.netns, device): one.name for one in workloads for device in (one.interface_name, "lo")}
    for address in _of_others(Address, observed):
        name = by_place.get((address.namespace, address.device))
        if name and address.address not in own and not address.address.startswith("127."):
            found.setdefault(name, set()).add(f"{address.address} (on {address.device})")
    by_device = {host_device(one.name): one.name for one in workloads}
    by_address = {one.address: one.name for one in workloads}
    for route in _of_others(Route, observed):
        name = by_device.get(route.device) or by_address.get(route.gateway)
        if name and route.namespace == OWN_NAMESPACE and route.destination not in own:
            found.setdefault(name, set()).add(f"{route.destination} (routed to it)")
    return found


def _of_others(kind: t.Type[R], observed: Observed) -> t.Iterator[R]:
    return (one for one in observed.of(kind) if observed.owners.get(one.key) != WORKLOADS)
