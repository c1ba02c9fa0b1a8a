# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over what somebody else made: a veth pair that is the wanted one but for its names gets these, and our marks.

What hangs on it is ours then by the marks, or stays foreign, as for a pair that we made. So a request is compared with
what is there as if the pair bore names and marks already.
"""

from __future__ import annotations

import ipaddress
import typing as t

from .kinds.address import Address
from .kinds.kind import Key, Place, Resource
from .kinds.ownership import ADOPTED_GROUP, link_mark, recorded_addresses, title_of
from .kinds.registry import describe, device_place, kind_of
from .kinds.route import PROTOCOL_KERNEL, Route
from .kinds.table import Table, with_elements_of
from .kinds.veth import End, Veth
from .plan import CLAIM, Observed, Op, Plan, Request

Labels = t.Mapping[Place, End]


class Adoption(t.NamedTuple):
    """A pair as it is, and with names and marks."""

    found: Veth
    claimed: Veth

    @property
    def goes_down(self) -> bool:
        """Whether an end must go down for its new name."""
        return any(end.is_up and not into.is_up for end, into in zip(self.found, self.claimed))


def find(request: Request, observed: Observed, *, renames_live: bool) -> t.Tuple[Adoption, ...]:
    """Find the pairs that lead from the same place into the same namespace, to the same addresses, as wanted ones.

    renames_live: whether the kernel gives another name to an interface that is up.
    """
    pairs = [pair for pair in observed.of(Veth) if pair.key not in observed.owners]
    found = []
    for wanted in request.present.values():
        if not isinstance(wanted, Veth) or wanted.key in observed.owners:
            continue
        addresses = _addresses(request.present.values(), wanted.inner.place)
        same = {pair: _same(wanted, pair, addresses, observed) for pair in pairs}
        same = {pair: there for pair, there in same.items() if there}
        if len(same) == 1:
            ((pair, there),) = same.items()
            alias = link_mark(title_of(wanted.outer.alias), {*addresses, *there})
            ends = (
                _claimed(end, into._replace(alias=alias), renames_live=renames_live)
                for end, into in ((pair.outer, wanted.outer), (pair.inner, wanted.inner._replace(group=ADOPTED_GROUP)))
            )
            found.append(Adoption(pair, Veth(*ends)))
    return tuple(sorted(found, key=lambda one: one.claimed.key))


def _addresses(resources: t.Iterable[Resource], place: Place) -> t.List[str]:
    return [one.address for one in resources if isinstance(one, Address) and device_place(one) == place]


def _same(wanted: Veth, pair: Veth, addresses: t.Sequence[str], observed: Observed) -> t.FrozenSet[str]:
    """Return the addresses that make a pair the wanted one, as they are there; none where it is another."""
    for end, into in zip(pair, wanted):
        if end.namespace != into.namespace or (end.device != into.device and into.place in observed.interfaces):
            return frozenset()
    there = _addresses(observed.resources.values(), pair.inner.place)
    found = {one for one in there for address in addresses if _bare(one) == _bare(address)}
    return frozenset(found) if len({_bare(one) for one in found}) == len(addresses) > 0 else frozenset()


def _bare(address: str) -> str:
    return address.partition("/")[0]


def _claimed(end: End, into: End, *, renames_live: bool) -> End:
    stays_up = end.is_up and (renames_live or end.device == into.device)
    return end._replace(device=into.device, group=into.group, alias=into.alias, is_up=stays_up)


def labels(adoptions: t.Iterable[Adoption]) -> t.Dict[Place, End]:
    """Say by which name and marks each end is to be seen."""
    return {end.place: into for one in adoptions for end, into in zip(one.found, one.claimed)}


def claims(adoptions: t.Iterable[Adoption]) -> Plan:
    """Plan that the pairs get names and marks."""
    return tuple(Op(CLAIM, one.found, one.claimed) for one in adoptions)


def announcements(plan: Plan) -> Plan:
    """Plan that what lets only known interfaces through knows the pairs before they get our marks.

    plan: what follows.
    """
    return tuple(
        op._replace(after=with_elements_of(op.after, op.before))
        for op in plan
        if op.phase == CLAIM and isinstance(op.before, Table) and isinstance(op.after, Table)
    )


def losses(request: Request, observed: Observed, adoptions: t.Iterable[Adoption]) -> t.Iterator[str]:
    """Name what is not ours, hangs on a pair, and would not outlast it."""
    routes = [one for one in request.present.values() if isinstance(one, Route)]
    wanted = {(one.namespace, one.device, one.destination, one.gateway) for one in routes}
    for one in adoptions:
        for end, into in zip(one.found, one.claimed):
            for route in observed.of(Route) if end.is_up and not into.is_up else ():
                is_here = device_place(route) == end.place and route.protocol != PROTOCOL_KERNEL
                if is_here and (*into.place, route.destination, route.gateway) not in wanted:
                    yield (
                        f"{describe(route)} would be lost: before Linux 6.2 an interface gets another name only while "
                        "it is down; move it away"
                    )
        place, kept = one.found.inner.place, recorded_addresses(one.claimed.inner.alias)
        there = _addresses(observed.resources.values(), place)
        for gone in kept.difference(_addresses(request.present.values(), one.claimed.inner.place)).intersection(there):
            for other in there:
                if other not in kept and _network(other) == _network(gone):
                    lost = describe(Address(*place, other))
                    yield f"{lost} would be lost with {gone}, which becomes a /32; give it a subnet of its own"


def _network(address: str) -> str:
    return str(ipaddress.ip_interface(address).network)


def giving_back(observed: Observed, now: Observed, adoptions: t.Iterable[Adoption]) -> Request:
    """Ask for the pairs and what hung on them as they were, when they have their own names again."""
    pairs = {one.found.key: one.found for one in adoptions}
    places = {end.place for pair in pairs.values() for end in pair}
    was, came = (
        {key: one for key, one in seen.resources.items() if device_place(one) in places} for seen in (observed, now)
    )
    # The kernel makes these with an address, also where somebody had deleted them.
    by_kernel = {key for key, one in {**was, **came}.items() if kind_of(one).comes_along(one)}
    present: t.Dict[Key, Resource] = {**pairs, **{key: one for key, one in was.items() if key not in by_kernel}}
    present.update((table.key, table) for table in observed.of(Table))
    absent = by_kernel - set(was)
    return Request(present=present, absent=frozenset(absent), trusted=frozenset(present) | absent)
