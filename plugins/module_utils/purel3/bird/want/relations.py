# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong between values of a node that are right by themselves."""

from __future__ import annotations

import ipaddress
import typing as t

from ...values.session_reading import Contradiction, contradictions
from .encapsulation import contradictions as contradictions_of_encapsulation
from .peer import Peer

if t.TYPE_CHECKING:
    from .settings import Settings

_THIS_NODE = "this node"


def _names_and_addresses(settings: Settings) -> t.Iterator[str]:
    names: t.Set[str] = set()
    addresses: t.Dict[ipaddress.IPv4Address, Peer] = {}
    for peer in settings.peers:
        if peer.address == settings.address:
            yield f"bird_peers: {peer.name} has this node's own address {peer.address}; leave it out"
        if peer.name in names:
            yield f"bird_peers: {peer.name} is listed twice; give each peer a name of its own"
        if peer.address in addresses:
            other = addresses[peer.address].name
            yield f"bird_peers: {peer.name} and {other} both have {peer.address}; keep one of them"
        names.add(peer.name)
        addresses[peer.address] = peer


def _blocks(settings: Settings) -> t.Iterator[str]:
    owned = {(block, _THIS_NODE) for block in settings.blocks}
    owned.update((block, peer.node) for peer in settings.peers for block in peer.blocks or ())
    # Sorted so, a block that overlaps an earlier one overlaps the widest earlier one.
    widest: t.Optional[t.Tuple[ipaddress.IPv4Network, str]] = None
    before: t.Optional[t.Tuple[ipaddress.IPv4Network, str]] = None
    for block, owner in sorted(owned, key=lambda entry: (entry[0].network_address, entry[0].prefixlen, entry[1])):
        clash = widest if widest is not None and block.overlaps(widest[0]) else None
        if clash is not None and clash[1] != owner and block.prefixlen == 32 > clash[0].prefixlen:
            # A single address of a block may live on another node, but on one only.
            clash = before if before is not None and before[0] == block else None
        elif clash is None:
            widest = (block, owner)
        if clash is not None:
            yield f"block {block} of {owner} overlaps {clash[0]} of {clash[1]}; give each node blocks of its own"
        before = (block, owner)


def _session(settings: Settings, where: str, peer: Peer, ours: t.Collection[Contradiction]) -> t.Iterator[str]:
    session = peer.session
    if session["source_address"] == peer.address:
        yield f"{where}.source_address: {peer.address} is the peer's own; give an address of this node"
    is_internal = peer.as_number == (session["local_as_number"] or settings.as_number)
    reflects = peer.is_route_reflector or peer.is_route_reflector_client
    if peer.is_route_reflector and peer.is_route_reflector_client:
        yield f"{where}: it is both a route reflector of this node and its client; keep one of the two"
    if reflects and not is_internal:
        yield f"{where}: AS {peer.as_number} is not this node's, but routes are reflected in one AS only; correct one"
    if reflects and peer.is_external:
        yield f"{where}: routes are reflected between nodes only; give it blocks, [] for none"
    if is_internal and any(rule.prepend for rule in session["export_filter"] or ()):
        yield f"{where}.export_filter: a peer of the same AS refuses a path with that AS; leave out prepend"
    if not peer.is_external and session["carries_blocks"]:
        yield f"{where}: carries_blocks is of routers outside the fabric; remove it, or its blocks"
    for contradiction in contradictions(session):
        # What is so for all sessions is said once.
        if contradiction not in ours:
            yield f"{where}: {contradiction.problem}; {contradiction.remedy}"


def find_contradictions(settings: Settings) -> t.Tuple[str, ...]:
    """Find what cannot be true at once, of values that are right by themselves: one sentence each, with its remedy."""
    faults = [*_names_and_addresses(settings), *_blocks(settings)]
    ours = list(contradictions(settings.session))
    faults.extend(f"bird_{one.keys[0]}: {one.problem}; {one.remedy}" for one in ours)
    for peer in settings.peers:
        faults.extend(_session(settings, f"bird_peers ({peer.name})", peer, ours))
    faults.extend(contradictions_of_encapsulation(settings))
    carriers = [peer.name for peer in settings.peers if peer.session["carries_blocks"]]
    if settings.owners and not settings.is_transit and not carriers:
        remedy = "set bird_transit: true or a peer's carries_blocks: true, or remove it"
        faults.append(f"bird_owners: it is for transit, and for routers that carry blocks; {remedy}")
    if carriers and not settings.owners:
        faults.append(f"bird_owners: it is empty, but {carriers[0]} carries blocks; say who owns them")
    return tuple(faults)
