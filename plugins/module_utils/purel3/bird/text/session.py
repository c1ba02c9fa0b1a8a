# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions of bird.conf: what they have in common, and what each says beside that."""

from __future__ import annotations

import ipaddress
import typing as t

from ..want.peer import Peer
from .filters import export_filter, import_filter, speaks_as

if t.TYPE_CHECKING:
    from ..want.settings import Settings

PEER_TEMPLATE = "fabric_peer"


def peer_protocol(address: ipaddress.IPv4Address) -> str:
    """Return the name of a peer's protocol, which depends on nothing but its address.

    Args:
        address: the peer's address, for example 192.168.50.11.

    Returns:
        A BIRD symbol, for example peer_192_168_50_11.
    """
    return "peer_" + str(address).replace(".", "_")


def password_symbol(address: ipaddress.IPv4Address) -> str:
    """Return the name of the constant that holds a session's password.

    Args:
        address: the peer's address, for example 192.168.50.11.

    Returns:
        A BIRD symbol, for example peer_192_168_50_11_password.
    """
    return f"{peer_protocol(address)}_password"


def template_lines(settings: Settings) -> t.List[str]:
    """Write what all sessions have in common.

    Args:
        settings: of the node.

    Returns:
        Lines without newlines.
    """
    timers = settings.timers
    return [
        f"template bgp {PEER_TEMPLATE} {{",
        f"  local {settings.address} as {settings.as_number};",
        "  graceful restart on;",
        f"  graceful restart time {timers.graceful_restart};",
        f"  hold time {timers.hold};",
        *([] if timers.keepalive is None else [f"  keepalive time {timers.keepalive};"]),
        *([] if timers.send_hold is None else [f"  send hold time {timers.send_hold};"]),
        f"  connect delay time {timers.connect_delay};",
        f"  connect retry time {timers.connect_retry};",
        f"  error wait time {timers.error_wait[0]}, {timers.error_wait[1]};",
        "}",
    ]


def _times(settings: Settings, peer: Peer) -> t.List[str]:
    session, timers = peer.session, settings.timers
    times = (
        ("graceful restart time", session.graceful_restart_time, timers.graceful_restart),
        ("hold time", session.hold_time, timers.hold),
        ("keepalive time", session.keepalive_time, timers.keepalive),
        ("send hold time", session.send_hold_time, timers.send_hold),
        ("connect delay time", session.connect_delay_time, timers.connect_delay),
        ("connect retry time", session.connect_retry_time, timers.connect_retry),
    )
    lines = [f"  {option} {own};" for option, own, common in times if own is not None and own != common]
    if session.error_wait_time is not None and session.error_wait_time != timers.error_wait:
        lines.append(f"  error wait time {session.error_wait_time[0]}, {session.error_wait_time[1]};")
    return lines


def is_watched_over_hops(peer: Peer) -> bool:
    """Say whether BFD watches a peer that need not be in the same subnet.

    Args:
        peer: any.

    Returns:
        False also where BFD is off.
    """
    return peer.session.bfd and not _is_next_door(peer)


def _is_next_door(peer: Peer) -> bool:
    return peer.is_direct and peer.session.multihop is None


def _options(settings: Settings, peer: Peer) -> t.List[str]:
    session = peer.session
    lines = []
    if session.source_address is not None or session.local_as_number is not None:
        lines.append(f"  local {session.source_address or settings.address} as {speaks_as(settings, peer)};")
    lines.append(f"  neighbor {peer.address} port {peer.port} as {peer.as_number};")
    if _is_next_door(peer):
        lines.append("  direct;")
    else:
        lines.append("  multihop;" if session.multihop is None else f"  multihop {session.multihop};")
    if peer.is_route_reflector_client:
        lines.append("  rr client;")
        if settings.cluster_id is not None:
            lines.append(f"  rr cluster id {settings.cluster_id};")
    if session.passive:
        lines.append("  passive on;")
    if peer.has_password:
        lines.append(f"  password {password_symbol(peer.address)};")
    if session.ttl_security or (session.ttl_security is None and _is_next_door(peer)):
        lines.append("  ttl security on;")
    if session.bfd:
        lines.append("  bfd on;")
    return lines + _times(settings, peer)


def _next_hop(settings: Settings, peer: Peer) -> str:
    passes_on = settings.is_transit and not peer.is_external and speaks_as(settings, peer) != peer.as_number
    if passes_on and settings.encapsulation and peer.session.next_hop == "default":
        # BIRD would name the router between them, which has no tunnel, where the next node is behind one.
        return "self"
    return peer.session.next_hop


def session_lines(settings: Settings, peer: Peer) -> t.List[str]:
    """Write one session, with the filters that it has for itself before it.

    Args:
        settings: of the node.
        peer: one of its peers.

    Returns:
        Lines without newlines.
    """
    name = peer_protocol(peer.address)
    filters: t.List[str] = []
    accepted = import_filter(settings, peer)
    if not isinstance(accepted, str):
        filters += [f"filter {name}_import {{", *accepted, "}", ""]
        accepted = f"filter {name}_import"
    common, announced = export_filter(settings, peer)
    if not common:
        filters += [f"filter {name}_export {{", *announced, "}", ""]
    session = peer.session
    channel = ["gateway recursive;" if peer.resolves else "gateway direct;"]
    next_hop = _next_hop(settings, peer)
    if next_hop != "default":
        channel.append(f"next hop {next_hop};")
    channel.append("import keep filtered;")
    if session.import_limit is not None:
        channel.append(f"import limit {session.import_limit} action {session.import_limit_action};")
    channel += [f"import {accepted};", f"export filter {common or f'{name}_export'};"]
    return [
        *filters,
        f"protocol bgp {name} from {PEER_TEMPLATE} {{",
        f'  description "{peer.name}, {peer.type}";',
        *_options(settings, peer),
        "  ipv4 {",
        *(f"    {line}" for line in channel),
        "  };",
        "}",
    ]
