# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of policy while it is put together, with the sets that its rules ask for."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Network, collapse_addresses

from ...kernel.nf_tables import Chain, Element, Set, TableRule, key_of
from ...policy.model import Endpoint, PortRange, ProtocolPort
from ...state.kinds.expressions import Expressions
from ...values.selector import Selector
from .names import digest

_ADDRESSES, _PORTS = ("ipv4_addr",), ("inet_service",)


class TableDraft:
    """What has been put together so far; each chain and set once.

    denial: what becomes of a packet that is denied.
    """

    def __init__(self, endpoints: t.Sequence[Endpoint], denial: Expressions) -> None:
        self.denial = denial
        self.sets: t.Dict[str, Set] = {}
        self.elements: t.Dict[str, t.Set[Element]] = {}
        self.chains: t.List[Chain] = []
        self.rules: t.List[TableRule] = []
        self._endpoints = endpoints
        self._opened: t.Set[str] = set()

    def opens(self, chain: str) -> bool:
        """Begin a chain; tells whether it is new, and so needs rules."""
        if chain in self._opened:
            return False
        self._opened.add(chain)
        self.chains.append(Chain(chain))
        return True

    def add_set(self, known: Set) -> bool:
        """Begin a set; tells whether it is new, and so needs elements."""
        if known.name in self.sets:
            return False
        self.sets[known.name] = known
        self.elements[known.name] = set()
        return True

    def selected(self, selector: Selector) -> str:
        """The set of the addresses of all workloads that a selector selects."""
        known = Set(f"s-{digest(selector.text)}", _ADDRESSES, selector.text)
        if self.add_set(known):
            self._fill(known, (one for one in self._endpoints if selector.matches(one.labels)))
        return known.name

    def named(self, name: str, port: ProtocolPort) -> str:
        """The set of the addresses of all workloads that have a port of this name, if it is this one."""
        known = Set(f"p-{digest(name, *map(str, port))}", _ADDRESSES, name)
        if self.add_set(known):
            self._fill(known, (one for one in self._endpoints if one.ports.get(name) == port))
        return known.name

    def owners(self, names: t.Sequence[str]) -> str:
        """The set of all ports that workloads have by one of some names: protocol, address and port of each."""
        types = ("inet_proto", "ipv4_addr", "inet_service")
        known = Set(f"o-{digest(*names)}", types, " ".join(names))
        if self.add_set(known):
            ports = ((one.address, one.ports[name]) for one in self._endpoints for name in names if name in one.ports)
            self.elements[known.name].update(
                Element(key_of(types, str(protocol), str(address), str(number)))
                for address, (protocol, number) in ports
            )
        return known.name

    def ports_named(self, names: t.Iterable[str]) -> t.List[t.Tuple[str, ProtocolPort]]:
        """All ports that workloads have by one of some names."""
        return sorted({(name, one.ports[name]) for name in names for one in self._endpoints if name in one.ports})

    def networks(self, nets: t.Iterable[IPv4Network]) -> str:
        """The set of all addresses in some networks."""
        collapsed = sorted(collapse_addresses(nets))
        known = Set(f"n-{digest(*map(str, collapsed))}", _ADDRESSES, is_interval=True)
        if self.add_set(known):
            self.elements[known.name].update(
                Element(net.network_address.packed, net.broadcast_address.packed) for net in collapsed
            )
        return known.name

    def ports(self, ranges: t.Iterable[PortRange]) -> str:
        """The set of all ports in some ranges."""
        apart = _apart(ranges)
        known = Set(f"r-{digest(*map(str, apart))}", _PORTS, is_interval=True)
        if self.add_set(known):
            self.elements[known.name].update(
                Element(key_of(_PORTS, str(first)), key_of(_PORTS, str(last))) for first, last in apart
            )
        return known.name

    def _fill(self, known: Set, endpoints: t.Iterable[Endpoint]) -> None:
        self.elements[known.name].update(Element(one.address.packed) for one in endpoints)


def _apart(ranges: t.Iterable[PortRange]) -> t.List[PortRange]:
    """The same ports in ranges that neither meet nor overlap."""
    apart: t.List[PortRange] = []
    for one in sorted(ranges):
        if apart and one.first <= apart[-1].last + 1:
            apart[-1] = PortRange(apart[-1].first, max(apart[-1].last, one.last))
        else:
            apart.append(one)
    return apart
