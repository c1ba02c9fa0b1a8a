# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's part of what the fabric should be: its nodes and the routers beside them."""

from __future__ import annotations

import typing as t

from .intent import AUTO, Fabric, Lab, Node, Router
from .topology import Session, sessions

Variables = t.Dict[str, t.Any]


def connection(lab: Lab) -> Variables:
    """How Ansible enters what the lab runs."""
    return dict(lab.connection)


def node_variables(lab: Lab) -> Variables:
    """What is different about nodes because they are a lab's: variables of the group fabric."""
    return {**lab.connection, **lab.node_variables}


def lab_place(_fabric: Fabric, lab: Lab, name: str) -> Variables:
    """Where in the lab a host is: in a task that is delegated to it, inventory_hostname is the name of another host."""
    return dict(lab.places.get(name, {"lab_node": name}))


def lab_variables(fabric: Fabric, lab: Lab) -> Variables:
    """What the lab runs: variables of the group all."""
    variables: Variables = {"lab_name": lab.name, "lab_nodes": [_node(node, lab) for node in fabric.nodes]}
    variables["lab_nodes"] += [
        {"name": router.name, "interface": router.interface, "address": str(router.address)} for router in lab.routers
    ]
    if lab.routers:
        variables["lab_routers"] = _routers(fabric, lab.routers)
    return {**variables, **lab.variables}


def _node(node: Node, lab: Lab) -> Variables:
    entry: Variables = {"name": node.name, "interface": node.interface, "address": str(node.address)}
    if node.interfaces:
        entry["interfaces"] = [{"name": one.name, "address": str(one.address)} for one in node.interfaces]
    return {**entry, **lab.node_options.get(node.name, {})}


def _routers(fabric: Fabric, routers: t.Sequence[Router]) -> t.List[Variables]:
    ends: t.Dict[str, t.List[Variables]] = {str(router.address.ip): [] for router in routers}
    nodes = {node.name: node for node in fabric.nodes}
    for name, own in sessions(fabric).items():
        for session in own:
            if session.node is None and str(session.address) in ends:
                node = nodes[name]
                address = str(session.source_address or node.address.ip)
                ends[str(session.address)].append(_other_end(fabric, session, name, address, node.as_number))
    return [
        {
            "name": router.name,
            "interface": router.interface,
            "address": str(router.address),
            "as_number": router.as_number,
            "announces": [str(prefix) for prefix in router.announces],
            "peers": ends[str(router.address.ip)],
        }
        for router in routers
    ]


def _other_end(fabric: Fabric, session: Session, name: str, address: str, as_number: int) -> Variables:
    def option(key: str) -> t.Any:
        own = getattr(session.options, key)
        return getattr(fabric.session, key) if own is None else own

    ttl_security = option("ttl_security")
    peer: Variables = {
        "name": name,
        "address": address,
        "as_number": session.options.local_as_number or as_number,
        "is_direct": session.is_direct,
        "bfd": bool(option("bfd")),
        "ttl_security": session.is_direct if ttl_security in (None, AUTO) else ttl_security,
    }
    for key in ("password", "multihop", "hold_time", "keepalive_time"):
        if option(key) not in (None, ""):
            peer[key] = option(key)
    if session.port is not None:
        peer["port"] = session.port
    return peer
