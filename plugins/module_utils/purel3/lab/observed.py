# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab as it runs: its processes, how they are plugged in, and the files that it left."""

from __future__ import annotations

import contextlib
import hashlib
import os
import typing as t
from ipaddress import IPv4Network

from ..base.errors import KernelError
from ..kernel import switch
from ..kernel.forwarding import is_router
from ..kernel.neighbour_limits import read_neighbour_limits
from .base import process, record
from .base.desired import ROUTER, LabLink, LabNode
from .base.layout import node_pid, process_name
from .plan import LabState, NodeState
from .vm import record as machine_record

_PREFIX_BYTES = 12


def read_lab(name: str) -> LabState:
    """Read a lab from the kernel.

    Args:
        name: of the lab.

    Returns:
        its state; nodes are sorted by name.

    Raises:
        KernelError: the kernel's refusal.
        MissingDependency: no pyroute2.
    """
    own = process_name(name)
    pids = {
        found: holders
        for found, holders in process.running(own).items()
        if found == own or found.startswith(process_name(name, ""))
    }
    switch_pids = pids.pop(own, ())
    ports = None
    if len(switch_pids) == 1:
        with network_namespace(switch_pids[0]) as namespace:
            ports = switch.read_ports(namespace)
    ports_by_prefix: t.Dict[str, t.List[switch.Port]] = {}
    for port, state in (ports or {}).items():
        ports_by_prefix.setdefault(port[:_PREFIX_BYTES], []).append(state)
    nodes = []
    for found, holders in sorted(pids.items()):
        node = found[len(process_name(name, "")) :]
        plugged = ports_by_prefix.get(port_prefix(node), ())
        read = _read_machine if all(map(process.runs_program, holders)) else _read_node
        nodes.append(read(name, node, holders, plugged))
    return LabState(
        switch_pids=switch_pids,
        is_switch_sound=ports is not None,
        nodes=tuple(nodes),
        has_directory=record.has_directory(name) or machine_record.has_disks(name),
        other_neighbours=record.read_other_neighbours(name),
        limits=read_neighbour_limits(),
        saved_limits=record.read_saved_limits(),
    )


def port_prefix(node: str) -> str:
    """Return what the names of a node's ports on the switch begin with; a number of three digits follows.

    Args:
        node: name of the node.

    Returns:
        12 bytes, whatever the name of the node.
    """
    return "p" + hashlib.sha256(node.encode()).hexdigest()[: _PREFIX_BYTES - 1]


def bridge_name(subnet: IPv4Network) -> str:
    """Return the name of the bridge that connects a subnet.

    Args:
        subnet: the subnet.

    Returns:
        15 bytes, also for the longest subnet.
    """
    return "net" + hashlib.sha256(str(subnet).encode()).hexdigest()[:12]


def _read_node(lab: str, node: str, pids: t.Tuple[int, ...], ports: t.Sequence[switch.Port]) -> NodeState:
    links: t.List[LabLink] = []
    is_as_made = False
    if len(pids) == 1 and ports:
        with network_namespace(pids[0]) as namespace:
            interfaces = switch.read_host(namespace, [port.peer_index for port in ports])
            is_as_made = node != ROUTER or is_router(namespace)
        for port in ports:
            found = interfaces.get(port.peer_index)
            if found and found.addresses and port.is_up:
                link = LabLink(found.name, found.addresses[0])
                if port.bridge == bridge_name(link.subnet):
                    links.append(link)
    is_attached = bool(links) and len(links) == len(ports) and is_as_made
    attachment = LabNode(node, tuple(sorted(links))) if is_attached else None
    return NodeState(node, pids, attachment, has_pid_file=node == ROUTER or node_pid(lab, node) in pids)


def _read_machine(lab: str, node: str, pids: t.Tuple[int, ...], ports: t.Sequence[switch.Port]) -> NodeState:
    # Inside of it nothing can be seen from here, so it counts as what it was started as.
    made = machine_record.read_machine(lab, node) if machine_record.has_key(lab) else None
    bridges = sorted(port.bridge for port in ports if port.is_up)
    if made is not None and bridges != sorted(bridge_name(link.subnet) for link in made.links):
        made = None
    return NodeState(node, pids, made, has_pid_file=machine_record.has_host_key(lab, node))


@contextlib.contextmanager
def network_namespace(pid: int) -> t.Iterator[int]:
    """Open the network namespace of a process.

    Args:
        pid: of the process.

    Raises:
        KernelError: it is gone.
    """
    try:
        descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise KernelError(f"lab: process {pid} is gone: {error.strerror}; run it again") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
