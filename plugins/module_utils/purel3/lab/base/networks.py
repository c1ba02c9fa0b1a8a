# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The segments of a lab and the plain router between them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

Routes = t.Tuple[t.Tuple[str, str], ...]


@dataclass(frozen=True, order=True)
class Segment:
    """A network of the lab.

    router: the address in it of the plain router; None where that has none.
    """

    subnet: IPv4Network
    router: t.Optional[IPv4Address] = None


def segments_from_params(items: t.Sequence[t.Mapping[str, t.Any]], faults: t.List[str]) -> t.Tuple[Segment, ...]:
    """Read the option networks, as far as it can be read, sorted; `faults` takes one sentence per wrong value."""
    found = []
    for item in items:
        where = f"network {item['subnet']}"
        try:
            subnet = IPv4Network(str(item["subnet"]))
        except ValueError:
            faults.append(f"{where}: this is no IPv4 subnet; write it as 192.168.50.0/24")
            continue
        router = None
        if item.get("router"):
            try:
                router = IPv4Address(str(item["router"]))
            except ValueError:
                faults.append(f"{where}: router {item['router']} is no IPv4 address; write it as 192.168.50.1")
        found.append(Segment(subnet, router))
    return tuple(sorted(found, key=lambda segment: segment.subnet))


def segment_faults(segments: t.Sequence[Segment], addresses: t.Mapping[str, t.Sequence[str]]) -> t.Iterator[str]:
    """Find what cannot be true of segments and the nodes on them.

    segments: sorted; none means one for each subnet of a node.
    addresses: of each node by its name, with prefix length, without faults.
    """
    if not segments:
        return
    subnets = [segment.subnet for segment in segments]
    for first, second in zip(subnets, subnets[1:]):
        if first.overlaps(second):
            yield f"networks {first} and {second} overlap; keep them apart"
    owners = {}
    used = set()
    for name, own in addresses.items():
        for interface in map(IPv4Interface, own):
            owners[interface.ip] = name
            used.add(interface.network)
            if interface.network not in subnets:
                yield f"node {name}: address {interface} is in none of the networks; list its subnet"
    for segment in segments:
        where = f"network {segment.subnet}"
        if segment.subnet not in used:
            yield f"{where}: no node has an address in it; give a node one, or remove the network"
        if segment.router is None:
            continue
        if segment.router not in segment.subnet:
            yield f"{where}: router {segment.router} is not in it; give it an address of that subnet"
        if segment.router in owners:
            yield f"{where}: router {segment.router} is also the address of node {owners[segment.router]}; change one"


def router_addresses(segments: t.Sequence[Segment]) -> t.Tuple[str, ...]:
    """Return the addresses of the plain router with prefix lengths; none where there is no router."""
    return tuple(f"{segment.router}/{segment.subnet.prefixlen}" for segment in segments if segment.router)


def routes(segments: t.Sequence[Segment], addresses: t.Sequence[str]) -> Routes:
    """Return a node's routes to the networks that it is not on: destination and gateway of each, sorted.

    There are none for a node without a router on any of its networks; its addresses have prefix lengths.
    """
    own = {IPv4Interface(address).network for address in addresses}
    gateways = [segment.router for segment in segments if segment.router and segment.subnet in own]
    if not gateways:
        return ()
    return tuple(
        (str(segment.subnet), str(gateways[0])) for segment in segments if segment.router and segment.subnet not in own
    )
