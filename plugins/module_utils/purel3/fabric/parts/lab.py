# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's part of what the fabric should be: its nodes and the routers beside them."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...values.session_options import AUTO
from . import lab_checks
from .intent import DeclaredLab, DeclaredRouter
from .lab_schema import read_lab
from .part import ByNode, Draft, Part, Variables
from .topology import Session, sessions

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric
    from .nodes import Node


def connection(lab: DeclaredLab) -> Variables:
    """How Ansible enters what the lab runs."""
    return dict(lab.connection)


def node_variables(lab: DeclaredLab) -> Variables:
    """What is different about nodes because they are a lab's: variables of the group fabric."""
    return {**lab.connection, **lab.node_variables}


def lab_place(_fabric: Fabric, lab: DeclaredLab, name: str) -> Variables:
    """Where in the lab a host is: in a task that is delegated to it, inventory_hostname is the name of another host."""
    return dict(lab.places.get(name, {"lab_node": name}))


def lab_variables(fabric: Fabric, lab: DeclaredLab) -> Variables:
    """What the lab runs: variables of the group all."""
    variables: Variables = {"lab_name": lab.name, "lab_nodes": [_node(node, lab) for node in fabric.nodes]}
    variables["lab_nodes"] += [
        {"name": router.name, "interface": router.interface, "address": str(router.address)} for router in lab.routers
    ]
    if lab.routers:
        variables["lab_routers"] = _routers(fabric, lab.routers)
    return {**variables, **lab.variables}


def _node(node: Node, lab: DeclaredLab) -> Variables:
    entry: Variables = {"name": node.name, "interface": node.interface, "address": str(node.address)}
    if node.interfaces:
        entry["interfaces"] = [{"name": one.name, "address": str(one.address)} for one in node.interfaces]
    return {**entry, **lab.node_options.get(node.name, {})}


def _routers(fabric: Fabric, routers: t.Sequence[DeclaredRouter]) -> t.List[Variables]:
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
        return session.options.get(key, fabric.session.get(key))

    ttl_security = option("ttl_security")
    peer: Variables = {
        "name": name,
        "address": address,
        "as_number": session.options.get("local_as_number") or as_number,
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


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, lab=read_lab(draft.file, draft.lab_name, draft.backends))


def _by_node(checked: CheckedFabric) -> ByNode:
    fabric, lab = checked.fabric, checked.fabric.lab
    return {} if lab is None else {node.name: lab_place(fabric, lab, node.name) for node in fabric.nodes}


def _of_nodes(checked: CheckedFabric) -> Variables:
    return {} if checked.fabric.lab is None else node_variables(checked.fabric.lab)


def _of_all(checked: CheckedFabric) -> Variables:
    fabric, lab = checked.fabric, checked.fabric.lab
    return {} if lab is None else {**lab_variables(fabric, lab), "lab_workload_count": len(fabric.workloads)}


PART = Part(
    keys=("lab",),
    read=_read,
    check=lab_checks.check,
    by_node=_by_node,
    of_nodes=_of_nodes,
    of_all=_of_all,
    variables=(
        *("lab_backend", "lab_machines", "lab_name", "lab_networks", "lab_node", "lab_ssh_port"),
        "lab_workload_count",
    ),
    large=("lab_nodes", "lab_routers"),
)
