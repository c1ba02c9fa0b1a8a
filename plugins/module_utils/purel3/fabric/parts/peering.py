# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BGP part of what every node should be, as the variables of the role bird."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address

from ...values.session_options import OPTIONS, RULES
from .intent import SessionOptions
from .part import Variables
from .topology import Session, sessions

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric

BlocksByNode = t.Mapping[str, t.List[str]]


def peers(checked: CheckedFabric) -> t.Dict[str, Variables]:
    """Each node's peers, and their passwords; nodes that see a peer alike share one dictionary."""
    fabric = checked.fabric
    blocks = checked.blocks_by_node
    # Keyed by identity: a session is compared by 30 values, and all of them live as long as this function.
    described: t.Dict[int, Variables] = {}
    found: t.Dict[str, Variables] = {}
    for node, ends in sessions(fabric).items():
        own = []
        for session in ends:
            if id(session) not in described:
                described[id(session)] = _peer(fabric, session, blocks)
            own.append(described[id(session)])
        found[node] = {"bird_peers": own}
        passwords = {end.name: end.options["password"] for end in ends if "password" in end.options}
        if passwords:
            found[node]["bird_passwords"] = passwords
    return found


def defaults(checked: CheckedFabric) -> Variables:
    """The options of all sessions: only what the file says, because the role has defaults for the rest."""
    fabric = checked.fabric
    variables: Variables = {
        f"bird_{name}": value for name, value in _plain(fabric, fabric.session).items() if OPTIONS[name].has_variable
    }
    if "password" in fabric.session:
        variables["bird_password"] = fabric.session["password"]
    return variables


def _peer(fabric: Fabric, session: Session, blocks: BlocksByNode) -> Variables:
    variables: Variables = {
        "name": session.name,
        "address": str(session.address),
        "as_number": session.as_number,
        "is_direct": session.is_direct,
    }
    if session.node is not None:
        variables["blocks"] = blocks[session.node]
    variables["type"] = session.type
    if session.port is not None:
        variables["port"] = session.port
    if session.is_route_reflector:
        variables["is_route_reflector"] = True
    if session.is_route_reflector_client:
        variables["is_route_reflector_client"] = True
    if session.is_direct and session.has_remote_next_hops:
        variables["gateway"] = "recursive"
    for name, value in _plain(fabric, fabric.session).items():
        # Only routers outside of the fabric take aggregates: a node takes the exact blocks of its peer.
        if not OPTIONS[name].has_variable and (session.node is None or name != "aggregates"):
            variables[name] = value
    variables.update(_plain(fabric, session.options))
    if session.source_address is not None:
        variables["source_address"] = str(session.source_address)
    return variables


def _plain(fabric: Fabric, options: SessionOptions) -> Variables:
    return {name: _plain_value(fabric, name, value) for name, value in options.items() if name in OPTIONS}


def _plain_value(fabric: Fabric, name: str, value: t.Any) -> t.Any:
    if OPTIONS[name].form in RULES:
        return fabric.filters[value]
    if isinstance(value, tuple):
        return [item if isinstance(item, int) else str(item) for item in value]
    return str(value) if isinstance(value, IPv4Address) else value
