# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From veth pairs given as options to objects in the kernel."""

from __future__ import annotations

import ipaddress
import typing as t

from ..base.errors import InvalidInput
from ..state.kinds.address import Address
from ..state.kinds.kind import Key, Place, Resource
from ..state.kinds.ownership import ALIAS_LENGTH, OBJECT_GROUP, link_mark
from ..state.kinds.veth import End, Veth, pair
from ..state.plan import Request
from ..values.interface import MTU_MAXIMUM, MTU_MINIMUM
from ..values.names import fault_of_device, fault_of_new_device, namespace_from, problem_of_mac, read_mac

_TITLE = "veth"

Options = t.Mapping[str, t.Any]


def to_request(veths: t.Sequence[Options], is_present: bool) -> Request:
    """Work out which veth pairs should be there, or not, from options of the module veth; raises InvalidInput."""
    faults: t.List[str] = []
    places: t.List[Place] = []
    wanted: t.Dict[Key, Resource] = {}
    for options in veths:
        try:
            if is_present:
                veth, addresses = _pair(options)
                places += [veth.outer.place, veth.inner.place]
                wanted[veth.key] = veth
                wanted.update((address.key, address) for address in addresses)
            else:
                places.append(_place(options))
        except InvalidInput as error:
            faults.extend(f"veth {options['name']}: {fault}" for fault in error.faults)
    twice = sorted({place for place in places if places.count(place) > 1})
    faults.extend(f"interface {place[1]}: is named twice; give each end its own name" for place in twice)
    if faults:
        raise InvalidInput(faults)
    if is_present:
        return Request(wanted, exact_interfaces=frozenset(places))
    return Request({}, absent_interfaces=frozenset(places))


def _place(options: Options) -> Place:
    fault = fault_of_device(options["name"])
    if fault:
        raise InvalidInput([fault])
    return (namespace_from(options["namespace"]), options["name"])


def _pair(options: Options) -> t.Tuple[Veth, t.List[Address]]:
    peer = options["peer"]
    if peer is None:
        raise InvalidInput(["has no peer; name the other end"])
    mtu = options["mtu"] or 0
    if mtu and not MTU_MINIMUM <= mtu <= MTU_MAXIMUM:
        raise InvalidInput([f"mtu {mtu} is not between {MTU_MINIMUM} and {MTU_MAXIMUM} bytes"])
    ends, addresses = [], []
    for end_options in (options, peer):
        end, its_addresses = _end(end_options, mtu, options["is_up"])
        ends.append(end)
        addresses.extend(its_addresses)
    return pair(*ends), addresses


def _end(options: Options, mtu: int, is_up: bool) -> t.Tuple[End, t.List[Address]]:
    namespace, device = _place(options)
    faults = [fault for fault in [fault_of_new_device(device)] if fault]
    mac = read_mac(options["mac"] or "")
    problem = problem_of_mac(mac) if mac else None
    if problem:
        faults.append(f"mac {options['mac']} {problem[0]}")
    addresses = []
    for text in options["addresses"]:
        try:
            interface = ipaddress.ip_interface(text)
        except ValueError:
            faults.append(f"address {text} is not an address with prefix length, such as 1.1.1.2/24")
            continue
        if "/" not in text or interface.version == 6:
            faults.append(f"address {text} is not an IPv4 address with prefix length, such as 1.1.1.2/24")
        addresses.append(Address(namespace, device, str(interface)))
    mark = link_mark(_TITLE, [address.address for address in addresses])
    if len(mark) > ALIAS_LENGTH:
        faults.append(f"{len(addresses)} addresses are more than an interface of ours can record; give it fewer")
    if faults:
        raise InvalidInput(faults)
    return End(namespace, device, mac, mtu, is_up, OBJECT_GROUP, mark, None), addresses
