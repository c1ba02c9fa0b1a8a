# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the nodes of a lab that are processes with namespaces, and its plain router; reads how they are plugged in."""

from __future__ import annotations

import typing as t

from ....kernel import switch
from ....kernel.forwarding import is_router, make_router
from ...base import process, record
from ...base.backend import Equipment, NodeState, Values
from ...base.desired import ROUTER, LabLink, LabNode, mac_address
from ...base.layout import node_pid, process_name
from ...base.plugs import bridge_name, node_ports


def require(_lab: str, _nodes: t.Sequence[LabNode], _pids: t.Collection[int], _params: Values) -> str:
    """They need nothing but the switch, as all nodes do."""
    return ""


def equip(_nodes: t.Sequence[LabNode], _params: Values) -> t.Optional[Equipment]:
    """They are made of nothing."""
    return None


def start(
    lab: str,
    nodes: t.Sequence[LabNode],
    switch_namespace: int,
    _equipment: t.Optional[Equipment],
    started: t.Dict[str, int],
) -> None:
    """Start nodes, plug them in, and write their pid files."""
    # The plain router has no use for directories of its own.
    holders = [
        process.Holder(process_name(lab, node.name), None if node.name == ROUTER else node.name) for node in nodes
    ]
    started.update(process.start(holders))
    switch.plug(switch_namespace, _plugs(lab, nodes, started))
    for node in nodes:
        pid = started[process_name(lab, node.name)]
        if node.name == ROUTER:
            with process.network_namespace(pid) as namespace:
                make_router(namespace)
        else:
            record.write_pid(lab, node.name, pid)


def introduce(lab: str, nodes: t.Sequence[NodeState], _params: Values) -> None:
    """Write the pid files of nodes that run."""
    for node in nodes:
        record.write_pid(lab, node.name, node.pids[0])


def holds(_pids: t.Collection[int]) -> bool:
    """Whatever is no other backend's is a process with namespaces, or was to become one."""
    return True


def read(lab: str, node: str, pids: t.Tuple[int, ...], ports: t.Sequence[switch.Port]) -> NodeState:
    """Read the interfaces of a node, from within it."""
    links: t.List[LabLink] = []
    further: t.List[LabLink] = []
    is_as_made = False
    if len(pids) == 1 and ports:
        with process.network_namespace(pids[0]) as namespace:
            interfaces = switch.read_host(namespace, [port.peer_index for port in ports])
            is_as_made = node != ROUTER or is_router(namespace)
        for port in ports:
            found = interfaces.get(port.peer_index)
            if found and found.addresses and port.is_up:
                link, *more = (LabLink(found.name, address) for address in found.addresses)
                if port.bridge == bridge_name(link.subnet):
                    links.append(link)
                    further += (one for one in more if one.subnet == link.subnet)
    is_attached = bool(links) and len(links) == len(ports) and is_as_made
    attachment = LabNode(node, tuple(sorted(links))) if is_attached else None
    is_introduced = node == ROUTER or node_pid(lab, node) in pids
    return NodeState(node, pids, attachment, is_introduced=is_introduced, further=tuple(further))


def forget(lab: str, node: str) -> None:
    """Remove the pid file of a node."""
    record.remove_pid(lab, node)


def has_remains(_lab: str) -> bool:
    """All that they leave is in the directory of the lab."""
    return False


def remove_remains(_lab: str) -> None:
    """All that they leave is in the directory of the lab."""


def _plugs(
    lab: str, nodes: t.Sequence[LabNode], pids: t.Mapping[str, int]
) -> t.Iterator[t.Tuple[int, t.List[switch.Plug]]]:
    for node in nodes:
        with process.network_namespace(pids[process_name(lab, node.name)]) as namespace:
            yield (
                namespace,
                [
                    switch.Plug(
                        port=port,
                        bridge=bridge,
                        interface=link.interface,
                        mac=mac_address(lab, node.name, link.interface),
                        address=link.address,
                    )
                    for link, (port, bridge) in zip(node.links, node_ports(node))
                ],
            )
