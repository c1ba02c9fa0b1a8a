# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: read, plan, carry out, read again; on failure, what was started is ended."""

from __future__ import annotations

import contextlib
import hashlib
import os
import typing as t
from dataclasses import replace
from ipaddress import IPv4Network

from ..errors import FabricError, KernelError, MissingDependency
from ..kernel import switch
from ..kernel.neighbour_limits import read_neighbour_limits, write_neighbour_limits
from ..proposal import Proposal
from . import process, record
from .desired import Lab, LabLink, LabNode, lab_from_params, mac_address
from .layout import node_pid, process_name
from .limits import RaisedLimits
from .plan import LabPlan, LabState, NodeState, plan_absent, plan_present

_PREFIX_BYTES = 12


def propose_lab(params: t.Mapping[str, t.Any]) -> Proposal:
    """Plan a lab that runs as asked for, or that no trace of it remains.

    Args:
        params: name, state (present or absent), nodes and workload_count.

    Returns:
        the proposal.

    Raises:
        FabricError: the input is wrong, or the machine cannot be read.
    """
    lab = lab_from_params(params)
    if os.geteuid() != 0:
        raise MissingDependency(f"lab {lab.name}: only root can make namespaces; run it with become, or with sudo")

    def plan(state: LabState) -> LabPlan:
        return plan_present(lab, state) if params["state"] == "present" else plan_absent(lab.name, state)

    state = read_lab(lab.name)
    if not state.has_directory:
        state = replace(state, has_directory=record.has_empty_directory())
    proposed = plan(state)
    return Proposal(
        operations=proposed.operations,
        before="".join(f"{line}\n" for line in proposed.before),
        after="".join(f"{line}\n" for line in proposed.after),
        apply=lambda: _apply(lab, plan),
    )


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
        with _network_namespace(switch_pids[0]) as namespace:
            ports = switch.read_ports(namespace)
    ports_by_prefix: t.Dict[str, t.List[switch.Port]] = {}
    for port, state in (ports or {}).items():
        ports_by_prefix.setdefault(port[:_PREFIX_BYTES], []).append(state)
    nodes = []
    for found, holders in sorted(pids.items()):
        node = found[len(process_name(name, "")) :]
        nodes.append(_read_node(name, node, holders, ports_by_prefix.get(port_prefix(node), ())))
    return LabState(
        switch_pids=switch_pids,
        is_switch_sound=ports is not None,
        nodes=tuple(nodes),
        has_directory=record.has_directory(name),
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
    if len(pids) == 1 and ports:
        with _network_namespace(pids[0]) as namespace:
            interfaces = switch.read_host(namespace, [port.peer_index for port in ports])
        for port in ports:
            found = interfaces.get(port.peer_index)
            if found and found.addresses and port.is_up:
                link = LabLink(found.name, found.addresses[0])
                if port.bridge == bridge_name(link.subnet):
                    links.append(link)
    is_attached = bool(links) and len(links) == len(ports)
    attachment = LabNode(node, tuple(sorted(links))) if is_attached else None
    return NodeState(node, pids, attachment, has_pid_file=node_pid(lab, node) in pids)


def _apply(lab: Lab, plan: t.Callable[[LabState], LabPlan]) -> None:
    with record.locked():
        _carry_out(lab, plan(read_lab(lab.name)))
        remaining = plan(read_lab(lab.name)).operations
    if remaining:
        raise KernelError(
            f"lab {lab.name}: after all steps this is still to be done: {'; '.join(remaining)}; run it again"
        )


def _carry_out(lab: Lab, plan: LabPlan) -> None:
    if not plan.operations:
        return
    if plan.is_removal:
        _stop(lab.name, plan)
        record.remove_directory(lab.name)
        if plan.limits:
            write_neighbour_limits(plan.limits)
        if not record.read_other_neighbours(lab.name):
            record.remove_saved_limits()
        return
    record.write_neighbours(lab.name, lab.neighbours)
    if plan.limits:
        _raise_limits(plan.limits)
    _stop(lab.name, plan)
    started: t.Dict[str, int] = {}
    try:
        _start(lab, plan, started)
    except FabricError as error:
        process.end(started.items())
        for node in plan.start:
            record.remove_pid(lab.name, node.name)
        raise KernelError(f"{error}; what this call had started is ended again") from error
    for state in plan.write_pid_files:
        record.write_pid(lab.name, state.name, state.pids[0])


def _stop(lab: str, plan: LabPlan) -> None:
    switches = process.running(process_name(lab)).get(process_name(lab), ())
    if plan.stop and not plan.is_switch_stopped and len(switches) == 1:
        # A port outlives its node by a moment; its name may be wanted again at once.
        with _network_namespace(switches[0]) as namespace:
            switch.unplug(namespace, [port_prefix(node.name) for node in plan.stop])
    holders = [(process_name(lab, node.name), pid) for node in plan.stop for pid in node.pids]
    if plan.is_switch_stopped:
        holders += [(process_name(lab), pid) for pid in switches]
    process.end(holders)
    for node in plan.stop:
        record.remove_pid(lab, node.name)


def _start(lab: Lab, plan: LabPlan, started: t.Dict[str, int]) -> None:
    holders = [process.Holder(process_name(lab.name, node.name), node.name) for node in plan.start]
    if plan.is_switch_started:
        holders.append(process.Holder(process_name(lab.name)))
    if not holders:
        return
    started.update(process.start(holders))
    switch_name = process_name(lab.name)
    switch_pid = started.get(switch_name) or process.running(switch_name)[switch_name][0]
    with contextlib.ExitStack() as stack:
        namespace = stack.enter_context(_network_namespace(switch_pid))
        if plan.is_switch_started:
            switch.make_switch(namespace)
        switch.plug(namespace, _plugs(lab, plan.start, started))
    for node in plan.start:
        record.write_pid(lab.name, node.name, started[process_name(lab.name, node.name)])


def _plugs(
    lab: Lab, nodes: t.Sequence[LabNode], pids: t.Mapping[str, int]
) -> t.Iterator[t.Tuple[int, t.List[switch.Plug]]]:
    for node in nodes:
        with _network_namespace(pids[process_name(lab.name, node.name)]) as namespace:
            yield (
                namespace,
                [
                    switch.Plug(
                        port=f"{port_prefix(node.name)}{number:03d}",
                        bridge=bridge_name(link.subnet),
                        interface=link.interface,
                        mac=mac_address(lab.name, node.name, link.interface),
                        address=link.address,
                    )
                    for number, link in enumerate(node.links)
                ],
            )


def _raise_limits(limits: t.Tuple[int, int, int]) -> None:
    saved = record.read_saved_limits()
    original = saved.original if saved else read_neighbour_limits()
    if original:
        record.write_saved_limits(RaisedLimits(original, (*(saved.raised if saved else ()), limits)))
        write_neighbour_limits(limits)


@contextlib.contextmanager
def _network_namespace(pid: int) -> t.Iterator[int]:
    try:
        descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise KernelError(f"lab: process {pid} is gone: {error.strerror}; run it again") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
