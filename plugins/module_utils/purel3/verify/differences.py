# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node is, compared with what it should be: each difference as data and in words. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..bird.talk.bfd import UP
from ..bird.talk.expected import ExpectedPeer
from ..bird.talk.sessions import NO_SESSION, by_address, described_peer, hit_limits, info
from ..bird.talk.status import BirdRoute, Daemon, Exports, ProtocolStatus, SessionStatus
from ..state.kinds.kind import name_of
from ..state.kinds.route import BLACKHOLE, ROUTE_PROTOCOLS, ROUTE_TYPES, UNICAST, Route
from ..state.plan_words import Change
from .expectation import Expectation

BIRD = "bird"
SESSION = "session"
ROUTE = "route"
ANNOUNCEMENT = "announcement"
KERNEL_ROUTE = "kernel_route"
BLACKHOLE_ROUTE = "blackhole"
WORKLOAD = "workload"
TUNNEL = "tunnel"
POLICY = "policy"
FILE = "file"

_OUR_PROTOCOLS = "peer_"
_BIRD_PROTOCOL = ROUTE_PROTOCOLS["bird"]


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be.

    kind: bird, session, route, announcement, kernel_route, blackhole, workload, tunnel, policy or file.
    object: for example `node3 192.168.50.12` or a block.
    text: all of that but the node, in words.
    """

    node: str
    kind: str
    object: str
    expected: str
    actual: str
    text: str


@dataclass(frozen=True)
class Seen:
    """What was read of a node at one moment.

    complaint: why BIRD could not be read; empty when it could.
    daemon: what BIRD says of itself; None when it could not be read.
    protocols: BIRD's, sorted by name.
    routes: BIRD's.
    filtered: what BIRD's import filters refused.
    bfd: the state of BFD's sessions by the address of the peer.
    kernel: the main table.
    exports: what BIRD hands to it; None where that is not known.
    """

    complaint: str = ""
    daemon: t.Optional[Daemon] = None
    protocols: t.Tuple[ProtocolStatus, ...] = ()
    routes: t.Tuple[BirdRoute, ...] = ()
    filtered: t.Tuple[BirdRoute, ...] = ()
    bfd: t.Mapping[str, str] = field(default_factory=dict)
    kernel: t.Tuple[Route, ...] = ()
    exports: t.Optional[Exports] = None

    @property
    def is_recovering(self) -> bool:
        """Whether BIRD holds its routes back after a restart."""
        return self.daemon is not None and self.daemon.is_recovering


@dataclass(frozen=True)
class _Index:
    """What was read, by what it is looked up with."""

    sessions: t.Mapping[str, ProtocolStatus]
    routes: t.Mapping[str, t.Sequence[BirdRoute]]
    kernel: t.Mapping[str, t.Sequence[Route]]
    peers: t.Mapping[str, ExpectedPeer] = field(default_factory=dict)


def wanted_peers(expectation: Expectation, seen: Seen) -> t.Tuple[ExpectedPeer, ...]:
    """Return whom the node should have sessions with; where none are named, those that BIRD is configured with."""
    if expectation.peers:
        return expectation.peers
    return tuple(described_peer(protocol) for protocol in by_address(seen.protocols).values())


def established_count(expectation: Expectation, seen: Seen) -> int:
    """Count the wanted sessions that are up."""
    found = by_address(seen.protocols)
    return sum(peer.address in found and found[peer.address].is_established for peer in wanted_peers(expectation, seen))


def compare(expectation: Expectation, seen: Seen) -> t.Tuple[Difference, ...]:
    """Find what keeps a node from being as it should; a difference that follows from another is left out.

    They are in the order sessions, routes, announcements, kernel. A BIRD that does not answer stands in place of the
    first three, one that recovers in place of the last. Workloads and tunnel are not compared here.
    """
    routes: t.Dict[str, t.List[BirdRoute]] = {}
    for route in seen.routes:
        routes.setdefault(route.network, []).append(route)
    kernel: t.Dict[str, t.List[Route]] = {}
    for kernel_route in sorted(seen.kernel, key=lambda one: one.metric):
        kernel.setdefault(kernel_route.destination, []).append(kernel_route)
    sessions = by_address(seen.protocols)
    peers = {sessions[peer.address].name: peer for peer in expectation.peers if peer.address in sessions}
    index = _Index(sessions, routes, kernel, peers)
    found: t.List[Difference] = []
    if seen.complaint:
        found.append(Difference(expectation.node, BIRD, "BIRD", "running", "not answering", seen.complaint))
    else:
        found += _of_sessions(expectation, seen, index)
        found += _of_routes(expectation, index)
        found += _of_foreign_routes(expectation, seen, index)
        found += _of_announcements(expectation, seen, index)
    if seen.is_recovering:
        text = "BIRD still recovers from a restart and holds its routes back"
        found.append(Difference(expectation.node, BIRD, "BIRD", "ready", "recovering", text))
    else:
        found += _of_kernel(expectation, seen, index)
    return tuple(found)


def compare_changes(expectation: Expectation, kind: str, changes: t.Iterable[Change]) -> t.Iterator[Difference]:
    """Turn what would become of the objects of workloads, tunnel or policies into differences."""
    for change in changes:
        what, name = str(change)[2:], change.after or change.before
        if not change.before:
            yield Difference(expectation.node, kind, name, "present", "missing", f"{what}: missing")
        elif not change.after:
            yield Difference(expectation.node, kind, name, "absent", "present", f"{what}: not in the fabric")
        else:
            actual = "present" if change.tells_after_alone else change.before
            yield Difference(expectation.node, kind, name, change.after, actual, f"{what}: different")


def in_the_way(expectation: Expectation, kind: str, sentences: t.Iterable[str]) -> t.Iterator[Difference]:
    """Turn what keeps the workloads or the tunnel from being as they should be into differences."""
    for sentence in sentences:
        yield Difference(expectation.node, kind, sentence, "possible", "in the way", sentence)


def _of_sessions(expectation: Expectation, seen: Seen, index: _Index) -> t.Iterator[Difference]:
    for peer in wanted_peers(expectation, seen):
        name = f"{peer.name} {peer.address}"
        protocol = index.sessions.get(peer.address)
        actual = NO_SESSION if protocol is None else info(protocol)
        if protocol is None or not protocol.is_established:
            yield _session(expectation, name, "Established", actual)
        elif peer.as_number and protocol.session and protocol.session.neighbor_as not in (0, peer.as_number):
            actual = f"BIRD has it in AS {protocol.session.neighbor_as}, the fabric in AS {peer.as_number}"
            yield _session(expectation, name, f"AS {peer.as_number}", actual)
        elif seen.bfd.get(peer.address, UP) != UP:
            actual = (
                f"{actual}, but BFD is {seen.bfd[peer.address]}, so that a dead link is noticed after the hold time "
                "only; turn BFD on at the peer too, for as many hops (for FRR with TTL security, multihop: 1)"
            )
            yield _session(expectation, name, "BFD up", actual)
        elif any(limit.action == "block" for limit in hit_limits(protocol)):
            text = f"session with {name}: {actual}: further routes are dropped"
            yield Difference(expectation.node, ANNOUNCEMENT, name, "within its limits", actual, text)
    if expectation.allows_other_sessions:
        return
    wanted = {peer.address for peer in expectation.peers}
    for address, protocol in index.sessions.items():
        # What a user's own include configures is not ours to judge.
        if wanted and address and address not in wanted and protocol.name.startswith(_OUR_PROTOCOLS):
            name = f"{described_peer(protocol).name} {address}"
            yield _session(expectation, name, "none", f"{info(protocol)}, but it is no peer of this node in the fabric")


def _session(expectation: Expectation, name: str, expected: str, actual: str) -> Difference:
    return Difference(expectation.node, SESSION, name, expected, actual, f"session with {name}: {actual}")


def _is_up(index: _Index, peer: ExpectedPeer) -> bool:
    protocol = index.sessions.get(peer.address)
    return protocol is not None and protocol.is_established


def _of_routes(expectation: Expectation, index: _Index) -> t.Iterator[Difference]:
    for block, owner in expectation.owners.items():
        sources = [peer for peer in expectation.sources(block) if _is_up(index, peer)]
        if not sources:
            continue
        names = {index.sessions[peer.address].name: peer for peer in sources}
        learnt = [route for route in index.routes.get(block, ()) if route.protocol in names]
        if not learnt:
            candidates = [(peer, index.sessions[peer.address].session) for peer in sources]
            known = " or ".join(sorted(peer.name for peer in sources))
            text = f"no route to {block} of {owner}: {known} has not announced it"
            text += next(filter(None, (_loop(expectation, block, *source) for source in candidates)), "")
            yield Difference(expectation.node, ROUTE, block, f"from {known}", "none", text)


def _loop(expectation: Expectation, block: str, peer: ExpectedPeer, session: t.Optional[SessionStatus]) -> str:
    if session is None or session.local_as == session.neighbor_as or peer.allows_local_as:
        return ""
    if not peer.carries_blocks or not expectation.origins.shares_as(block, session.local_as):
        return ""
    # BIRD drops such a route without a trace.
    return (
        f", or with this node's own AS {session.local_as} in its path, which BIRD refuses; give each node an AS of its "
        "own, set allow_local_as, or have the router put its AS in place of theirs (as-override)"
    )


def _false_routes(
    expectation: Expectation, seen: Seen, index: _Index, routes: t.Iterable[BirdRoute]
) -> t.Iterator[t.Tuple[BirdRoute, str, str]]:
    """Find what routers, also those of the user's own files, announce as theirs of what nodes own, with their names."""
    routers = {one.name: one for one in seen.protocols if one.session is not None}
    for route in routes:
        protocol, peer = routers.get(route.protocol), index.peers.get(route.protocol)
        if protocol is None or protocol.session is None or (peer is not None and peer.may_announce is not None):
            continue
        # Of ours that nobody named, it is not known whether they are with nodes.
        if peer is None and protocol.name.startswith(_OUR_PROTOCOLS):
            continue
        if expectation.origins.is_false(route, protocol.session):
            path = f" (AS path {route.as_path})" if route.as_path else ""
            yield route, (peer or described_peer(protocol)).name, path


def _of_foreign_routes(expectation: Expectation, seen: Seen, index: _Index) -> t.Iterator[Difference]:
    for route, name, path in _false_routes(expectation, seen, index, seen.routes):
        whose = expectation.whose(route.network)
        text = f"BIRD takes {route.network}{path} from {name}, although it is {whose}"
        yield Difference(expectation.node, ROUTE, route.network, "not taken", f"from {name}", text)
    for route in seen.routes:
        peer = index.peers.get(route.protocol)
        if peer is None or peer.may_announce is None or expectation.passes_on(peer):
            continue
        if route.network not in peer.may_announce:
            whose = expectation.whose(route.network)
            text = f"BIRD takes {route.network} from {peer.name}, although it is {whose}"
            yield Difference(expectation.node, ROUTE, route.network, "not taken", f"from {peer.name}", text)


def _of_announcements(expectation: Expectation, seen: Seen, index: _Index) -> t.Iterator[Difference]:
    filtered = sorted(seen.filtered, key=lambda one: (one.protocol, one.network))
    for route, name, path in _false_routes(expectation, seen, index, filtered):
        if expectation.origins.is_in_block(route):
            yield _announcement(expectation, route, name, path)
    for route in filtered:
        peer = index.peers.get(route.protocol)
        if peer is None or peer.may_announce is None or route.network in peer.may_announce:
            continue
        if peer.keeps_back and expectation.passes_on(peer) and route.network in expectation.owners:
            continue
        path = f" (AS path {route.as_path})" if " " in route.as_path else ""
        yield _announcement(expectation, route, peer.name, path)


def _announcement(expectation: Expectation, route: BirdRoute, name: str, path: str) -> Difference:
    text = f"{name} announces {route.network}{path}, which is {expectation.whose(route.network)}: ignored"
    return Difference(expectation.node, ANNOUNCEMENT, route.network, f"not from {name}", f"from {name}", text)


def _of_kernel(expectation: Expectation, seen: Seen, index: _Index) -> t.Iterator[Difference]:
    for block, owner in expectation.owners.items():
        best = [route for route in index.routes.get(block, ()) if route.is_best]
        gateways = _gateways(expectation, block, best)
        # Without a BIRD to ask, the kernel should still have what it was given.
        if best or (seen.complaint and gateways):
            found = index.kernel.get(block, ())
            next_hop = next((route.bgp_next_hop for route in best if route.bgp_next_hop), next(iter(gateways), ""))
            misled = tuple(_of_interface(expectation, f"{block} of {owner}", next_hop, found))
            yield from misled or _of_kernel_route(expectation, f"{block} of {owner}", gateways, found)
    for block in expectation.blackholes:
        kinds = [route.kind for route in index.kernel.get(block, ())]
        if BLACKHOLE not in kinds:
            actual = name_of(kinds[0], ROUTE_TYPES) if kinds else "none"
            text = f"no blackhole for this node's block {block} in the kernel"
            yield Difference(expectation.node, BLACKHOLE_ROUTE, block, "blackhole", actual, text)
    for route in seen.kernel:
        if route.protocol != _BIRD_PROTOCOL or seen.exports is None:
            continue
        if not seen.exports.have(route.destination, route.metric):
            actual = _how(route) + (f" metric {route.metric}" if route.metric else "")
            text = f"the kernel has a route to {route.destination}, {actual}, that BIRD does not know"
            yield Difference(expectation.node, KERNEL_ROUTE, route.destination, "none", actual, text)


def _gateways(expectation: Expectation, block: str, best: t.Sequence[BirdRoute]) -> t.FrozenSet[str]:
    owners = expectation.owner_peers(block)
    if owners and not expectation.is_transit and all(peer.is_direct for peer in owners):
        return frozenset(peer.address for peer in owners)
    way = expectation.encapsulation
    hops = frozenset(hop.gateway for route in best for hop in route.next_hops if hop.gateway)
    next_hops = frozenset(route.bgp_next_hop for route in best if route.bgp_next_hop)
    if way is None:
        # Whether through the tunnel or beside it, nobody said.
        return hops | next_hops
    return next_hops if any(way.device_for(block, next_hop) for next_hop in next_hops) else hops


def _of_interface(
    expectation: Expectation, name: str, next_hop: str, found: t.Sequence[Route]
) -> t.Iterator[Difference]:
    if expectation.encapsulation is None or not next_hop or not found:
        return
    first, block = found[0], name.partition(" ")[0]
    if first.kind != UNICAST or not first.is_simple:
        return
    complaint = expectation.encapsulation.complaint(block, next_hop, first)
    if complaint is not None:
        expected, actual, ending = complaint
        text = f"the kernel's route to {name} {ending}"
        yield Difference(expectation.node, KERNEL_ROUTE, block, expected, actual, text)


def _of_kernel_route(
    expectation: Expectation, name: str, gateways: t.FrozenSet[str], found: t.Sequence[Route]
) -> t.Iterator[Difference]:
    expected = "via " + " or ".join(sorted(gateways)) if gateways else "via a next hop"
    block = name.partition(" ")[0]
    if not found:
        text = f"no route to {name} in the kernel"
        yield Difference(expectation.node, KERNEL_ROUTE, block, expected, "none", text)
        return
    first = found[0]
    if first.kind == UNICAST and (not first.is_simple or not gateways or first.gateway in gateways):
        return
    actual = _how(first)
    text = f"the kernel's route to {name} is {actual}, not {expected}"
    yield Difference(expectation.node, KERNEL_ROUTE, block, expected, actual, text)


def _how(route: Route) -> str:
    if route.kind != UNICAST:
        return name_of(route.kind, ROUTE_TYPES)
    if route.gateway:
        return f"via {route.gateway}"
    return f"dev {route.device}" if route.device else "multipath"
