# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions of bird.conf: what they have in common, and what each says beside that."""

from __future__ import annotations

import ipaddress
import typing as t

from ...values.session_options import AUTO, OPTIONS
from ..want.peer import Peer, Session
from .filters import export_filter, import_filter, speaks_as

if t.TYPE_CHECKING:
    from ..want.settings import Settings

# So many routes are received from a router without an import filter, where nobody says otherwise.
UNWANTED = 10000
PEER_TEMPLATE = "fabric_peer"
# Seconds; longer than a BIRD takes that is restarted.
_PATIENCE = 9


def peer_protocol(address: ipaddress.IPv4Address) -> str:
    """Return the name of a peer's protocol, which depends on nothing but its address: peer_192_168_50_11."""
    return "peer_" + str(address).replace(".", "_")


def password_symbol(address: ipaddress.IPv4Address) -> str:
    """Return the name of the constant that holds a session's password."""
    return f"{peer_protocol(address)}_password"


def template_lines(settings: Settings) -> t.List[str]:
    """Write what all sessions have in common."""
    return [
        f"template bgp {PEER_TEMPLATE} {{",
        f"  local {settings.address} as {settings.as_number};",
        "  graceful restart on;",
        *_plain_lines(settings.session),
        "}",
    ]


def _plain_lines(session: Session, common: t.Optional[Session] = None) -> t.Iterator[str]:
    """Write the options that are one statement each, but for those that are as in common."""
    for name, option in OPTIONS.items():
        value = session[name]
        if option.is_plain and value is not None and (common is None or value != common[name]):
            yield f"  {option.words[0]} {_written(value)};"


def _written(value: t.Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def is_watched_over_hops(peer: Peer) -> bool:
    """Say whether BFD watches a peer that need not be in the same subnet."""
    return peer.session["bfd"] and not _is_next_door(peer)


def _is_next_door(peer: Peer) -> bool:
    return peer.is_direct and peer.session["multihop"] is None


def _options(settings: Settings, peer: Peer) -> t.List[str]:
    session = peer.session
    lines = []
    if session["source_address"] is not None or session["local_as_number"] is not None:
        lines.append(f"  local {session['source_address'] or settings.address} as {speaks_as(settings, peer)};")
    lines.append(f"  neighbor {peer.address} port {peer.port} as {peer.as_number};")
    if _is_next_door(peer):
        lines.append("  direct;")
    else:
        lines.append("  multihop;" if session["multihop"] is None else f"  multihop {session['multihop']};")
    if peer.is_route_reflector_client:
        lines.append("  rr client;")
        if settings.cluster_id is not None:
            lines.append(f"  rr cluster id {settings.cluster_id};")
    if session["passive"]:
        lines.append("  passive on;")
    if peer.has_password:
        lines.append(f"  password {password_symbol(peer.address)};")
    if _is_next_door(peer) if session["ttl_security"] == AUTO else session["ttl_security"]:
        lines.append("  ttl security on;")
    if session["bfd"]:
        lines.append("  bfd on;")
    return [*lines, *_plain_lines(_with_patience(settings, peer), settings.session)]


def _with_patience(settings: Settings, peer: Peer) -> Session:
    """Return what is asked of a session; of two nodes, that with the lower address leaves it to the other to connect.

    Where both connect at once and one is slow, as after a restart, each may close the connection that the other keeps,
    or take the second one for another restart. BIRD then forgets the peer's routes, graceful restart or not.
    """
    near = peer.session["source_address"] or settings.address
    if peer.is_external or near > peer.address:
        return peer.session
    return {**peer.session, "connect_delay_time": peer.session["connect_delay_time"] + _PATIENCE}


def _next_hop(settings: Settings, peer: Peer) -> str:
    passes_on = settings.is_transit and not peer.is_external and speaks_as(settings, peer) != peer.as_number
    if passes_on and settings.encapsulation and peer.session["next_hop"] == "default":
        # BIRD would name the router between them, which has no tunnel, where the next node is behind one.
        return "self"
    return str(peer.session["next_hop"])


def _limits(peer: Peer) -> t.Iterator[str]:
    limits = {kind: peer.session[f"{kind}_limit"] for kind in ("import", "receive")}
    takes_nothing = peer.is_external and peer.session["import_filter"] is None and not peer.session["carries_blocks"]
    if limits["receive"] is None and takes_nothing:
        # What is refused is kept to be shown, about 90 bytes a route.
        limits["receive"] = UNWANTED
    for kind, limit in limits.items():
        if limit is not None:
            yield f"{kind} limit {limit} action {peer.session[f'{kind}_limit_action']};"


def session_lines(settings: Settings, peer: Peer) -> t.List[str]:
    """Write one session, with the filters that it has for itself before it."""
    name = peer_protocol(peer.address)
    filters: t.List[str] = []
    accepted = import_filter(settings, peer)
    if not isinstance(accepted, str):
        filters += [f"filter {name}_import {{", *accepted, "}", ""]
        accepted = f"filter {name}_import"
    common, announced = export_filter(settings, peer)
    if not common:
        filters += [f"filter {name}_export {{", *announced, "}", ""]
    channel = ["gateway recursive;" if peer.resolves else "gateway direct;"]
    next_hop = _next_hop(settings, peer)
    if next_hop != "default":
        channel.append(f"next hop {next_hop};")
    channel.append("import keep filtered;")
    channel += _limits(peer)
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
