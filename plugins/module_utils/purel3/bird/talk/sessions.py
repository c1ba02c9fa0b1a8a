# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read of BGP sessions: the table of calicoctl node status, and what a wait is waiting for."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import replace

from ...base.table import draw_table
from .expected import UNKNOWN_TYPE, ExpectedPeer
from .status import ESTABLISHED, BirdRoute, Limit, ProtocolStatus, SessionStatus

HEADINGS = ("PEER ADDRESS", "PEER TYPE", "STATE", "SINCE", "INFO")
NO_SESSION = "BIRD has no session with it"

Described = t.Dict[str, t.Any]


def _sort_key(protocol: ProtocolStatus) -> t.Tuple[int, int, str]:
    address = protocol.session.address if protocol.session else ""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return (0, 0, address)
    return (parsed.version, int(parsed), address)


def sessions(protocols: t.Iterable[ProtocolStatus]) -> t.Tuple[ProtocolStatus, ...]:
    """Return the BGP protocols among others, sorted by the address of the peer."""
    return tuple(sorted((one for one in protocols if one.session is not None), key=_sort_key))


def by_address(protocols: t.Iterable[ProtocolStatus]) -> t.Dict[str, ProtocolStatus]:
    """Return the BGP protocols among others by the address of the peer, sorted by it."""
    return {protocol.session.address: protocol for protocol in sessions(protocols) if protocol.session is not None}


def described_peer(protocol: ProtocolStatus) -> ExpectedPeer:
    """Learn from the running BIRD alone who a peer is: its description is, for example, `node3, node-to-node mesh`.

    Returns:
        The peer; its type is unknown where the description does not end with one.
    """
    name, comma, kind = protocol.description.rpartition(", ")
    address = protocol.session.address if protocol.session else ""
    if comma:
        return ExpectedPeer(name, address, kind)
    return ExpectedPeer(protocol.description or protocol.name, address, UNKNOWN_TYPE)


def with_telling_errors(
    protocols: t.Iterable[ProtocolStatus], remembered: t.MutableMapping[str, str]
) -> t.Tuple[ProtocolStatus, ...]:
    """Keep the error that tells most while a session is tried again and again.

    remembered: what BGP itself last complained of, by protocol; updated.

    Returns:
        The protocols; an error of the socket gives way to one of BGP that came before it.
    """
    found = []
    for protocol in protocols:
        session = protocol.session
        if session is not None and session.state != ESTABLISHED and session.last_error:
            if not session.last_error.startswith("Socket: "):
                remembered[protocol.name] = session.last_error
            session = replace(session, last_error=remembered.get(protocol.name, session.last_error))
            protocol = replace(protocol, session=session)
        else:
            remembered.pop(protocol.name, None)
        found.append(protocol)
    return tuple(found)


def hit_limits(protocol: ProtocolStatus) -> t.List[Limit]:
    """List the limits of routes that a session has reached."""
    return [limit for channel in protocol.channels for limit in channel.limits if limit.is_hit]


def info(protocol: ProtocolStatus) -> str:
    """Say in words how a session is, for example Established, or `Active, Connection refused`."""
    if protocol.session is None:
        return protocol.info
    state = protocol.session.state or (protocol.info.split() or [protocol.state])[0]
    if protocol.is_established or state == ESTABLISHED:
        return ", ".join([state, *(f"{one.kind} limit {one.most} hit ({one.action})" for one in hit_limits(protocol))])
    error = (protocol.session.last_error or protocol.info.partition(" ")[2]).strip()
    # BIRD says first who complained; of the socket everybody knows.
    words = error[len("Socket: ") :] if error.startswith("Socket: ") else error
    if error and words == error:
        return f"{state}, {error}"
    # The kernel drops what is signed with another password, or not at all, and tells nobody; but it counts.
    dropped = protocol.session.refused_segments
    hint = f"{dropped} TCP segments so far came with another password, or with one on one side only" if dropped else ""
    if state == "Connect":
        # An attempt is under way. What became of the one before may have passed.
        before = f"before: {words}" if words else ""
        reason = "no answer" if hint else "no answer (unreachable, or another password)"
        return ", ".join(filter(None, [state, reason, hint, before]))
    return ", ".join(filter(None, [state, words, hint]))


def report(protocols: t.Iterable[ProtocolStatus], peers: t.Iterable[ExpectedPeer]) -> t.List[Described]:
    """Describe the sessions among protocols as data, sorted by the address of the peer.

    peers: who gives names and types, by address; all others are as BIRD's description says.
    """
    expected = {peer.address: peer for peer in peers}
    described = []
    for protocol in sessions(protocols):
        session = t.cast(SessionStatus, protocol.session)
        peer = expected.get(session.address) or described_peer(protocol)
        described.append(
            {
                "peer_name": peer.name,
                "peer_type": peer.type,
                "address": session.address,
                "ip_version": 6 if ":" in session.address else 4,
                "protocol": protocol.name,
                "state": protocol.state,
                "since": protocol.since,
                "bgp_state": session.state,
                "is_established": protocol.is_established,
                "info": info(protocol),
                "last_error": session.last_error,
                "as_number": session.neighbor_as,
                "local_as_number": session.local_as,
                "imported": sum(channel.imported for channel in protocol.channels),
                "filtered": sum(channel.filtered for channel in protocol.channels),
                "exported": sum(channel.exported for channel in protocol.channels),
            }
        )
    return described


def table_lines(described: t.Sequence[Described]) -> t.Tuple[str, ...]:
    """Show sessions, as report() describes them, in the way of calicoctl node status."""
    lines: t.List[str] = []
    for version in (4, 6):
        lines.extend(["", f"IPv{version} BGP status"] if lines else [f"IPv{version} BGP status"])
        rows = [
            (one["address"], one["peer_type"], one["state"], one["since"].partition(".")[0], one["info"])
            for one in described
            if one["ip_version"] == version
        ]
        lines.extend(draw_table(HEADINGS, rows) if rows else [f"No IPv{version} peers found."])
    return tuple(lines)


def status_table(protocols: t.Iterable[ProtocolStatus], peers: t.Iterable[ExpectedPeer]) -> t.Tuple[str, ...]:
    """Show the sessions of a running BIRD as calicoctl node status does; peers give types, by address."""
    return table_lines(report(protocols, peers))


def _missing_blocks(peer: ExpectedPeer, protocol: ProtocolStatus, routes: t.Iterable[BirdRoute]) -> t.Tuple[str, ...]:
    learnt = {route.network for route in routes if route.protocol == protocol.name}
    return tuple(block for block in peer.blocks if block not in learnt)


def what_is_missing(
    peers: t.Sequence[ExpectedPeer],
    protocols: t.Iterable[ProtocolStatus],
    routes: t.Optional[t.Iterable[BirdRoute]],
) -> t.Optional[str]:
    """Say what keeps a node from having converged.

    peers: whom it should have sessions with; empty for whatever BIRD is configured with.
    routes: what BIRD says of its routes; None when only sessions count.

    Returns:
        For example `2/3 sessions up; node3 192.168.50.12: Active, Connection refused`; None when nothing is missing.
    """
    found = by_address(protocols)
    wanted = peers or [described_peer(protocol) for protocol in found.values()]
    known = None if routes is None else tuple(routes)
    waiting: t.List[str] = []
    up = 0
    for peer in wanted:
        protocol = found.get(peer.address)
        if protocol is None:
            waiting.append(f"{peer.name} {peer.address}: {NO_SESSION}")
        elif not protocol.is_established:
            waiting.append(f"{peer.name} {peer.address}: {info(protocol)}")
        else:
            up += 1
            missing = () if known is None else _missing_blocks(peer, protocol, known)
            if missing:
                waiting.append(f"{peer.name} {peer.address}: no route to {', '.join(missing)} yet")
    return "; ".join([f"{up}/{len(wanted)} sessions up", *waiting]) if waiting else None
