# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of interfaces: ours where the alias of an interface of ours records them."""

from __future__ import annotations

import ipaddress
import typing as t

from ...kernel import records, wire
from .kind import Dump, Found, KernelStep, Key, Kind, Numbers, Place, Resource, words_in_place
from .ownership import link_owner, recorded_addresses

if t.TYPE_CHECKING:
    from ..plan import Comparer

ADDRESS = "address"


class Address(t.NamedTuple):
    """An address of an interface, with prefix length."""

    namespace: str
    device: str
    address: str

    @property
    def key(self) -> Key:
        """The kernel's identity of it."""
        return (ADDRESS, self.namespace, self.device, self.address)


def place_of(address: Address) -> Place:
    """The interface that it is of."""
    return (address.namespace, address.device)


def describe(address: Address) -> str:
    """For example `address 10.244.1.2/32 dev eth0 in netns web1`."""
    return words_in_place(f"address {address.address} dev {address.device}", address.namespace)


def _compare(comparer: Comparer, wanted: Address) -> None:
    """An address is added before another goes: with its last address an interface loses all its routes.

    Not so in the same subnet: there it would be a secondary address, and go with the primary one.
    """
    place = place_of(wanted)
    going = [one.address for one in comparer.going_on.get(place, ()) if isinstance(one, Address)]
    comes_first = going and place not in comparer.new_places and _subnet(wanted.address) not in map(_subnet, going)
    comparer.compare_plainly(wanted, comes_first=bool(comes_first))


def _subnet(address: str) -> str:
    return str(ipaddress.ip_interface(address).network)


def _dumps(_tables: t.Iterable[int]) -> t.Iterator[Dump]:
    yield Dump(wire.dump_addresses(), records.parse_address)


def _found(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    for reference, content in found.contents.items():
        for record in content.dumps.get(ADDRESS, ()):
            link = content.links.get(record.ifindex)
            if link is not None:
                is_ours = record.address in recorded_addresses(link.alias)
                yield Address(reference, link.name, record.address), link_owner(link.group) if is_ours else ""


def _write(before: t.Optional[Address], after: t.Optional[Address], numbers: Numbers) -> t.Iterator[KernelStep]:
    for address, message in ((before, wire.delete_address), (after, wire.add_address)):
        if address is not None:
            yield KernelStep(address.namespace, message(numbers.ifindexes[place_of(address)], address.address))


KIND = Kind(ADDRESS, 3, describe, _found, _write, compare=_compare, place=place_of, dumps=_dumps)
