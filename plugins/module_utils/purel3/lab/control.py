# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: read, plan, carry out, read again; on failure, what was started is ended."""

from __future__ import annotations

import contextlib
import os
import typing as t
from dataclasses import dataclass, field, replace

from ..base.errors import FabricError, KernelError, MissingDependency
from ..base.proposal import Proposal
from ..kernel import switch
from ..kernel.forwarding import make_router
from ..kernel.neighbour_limits import read_neighbour_limits, write_neighbour_limits
from .base import process, record
from .base.desired import QEMU, ROUTER, Lab, LabNode, lab_from_params, mac_address
from .base.layout import process_name
from .base.limits import RaisedLimits
from .observed import bridge_name, network_namespace, port_prefix, read_lab
from .plan import LabPlan, LabState, plan_absent, plan_present
from .vm import control as machines
from .vm import record as machine_record
from .vm.guard import ended_with_caller

Plan = t.Callable[[LabState], LabPlan]

_CACHE = "/var/cache/purel3-lab"
# Under emulation, on a slow machine that does much else.
_BOOT_SECONDS = 300.0


@dataclass(frozen=True)
class _MachineOptions:
    """What machines are started with, and where the answer goes how they run."""

    cache: str
    seconds: float
    values: t.Dict[str, t.Any] = field(default_factory=dict)


def propose_lab(params: t.Mapping[str, t.Any]) -> Proposal:
    """Plan a lab that runs as asked for, or that no trace of it remains.

    Args:
        params: name, state (present or absent), and the other options of the module lab.

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
    if proposed.start:
        switch.require()
    seconds = params.get("timeout")
    options = _MachineOptions(str(params.get("cache") or _CACHE), _BOOT_SECONDS if seconds is None else float(seconds))
    starting = [node for node in proposed.start if node.machine]
    if starting:
        machines.require(lab.name, starting, [pid for node in proposed.stop for pid in node.pids])
        machines.require_image(starting[0], options.cache)
    is_of_machines = params["state"] == "present" and params.get("backend") == QEMU
    return Proposal(
        operations=proposed.operations,
        before="".join(f"{line}\n" for line in proposed.before),
        after="".join(f"{line}\n" for line in proposed.after),
        apply=lambda: _apply_to_machines(lab, plan, options) if is_of_machines else _apply(lab, plan),
        values=options.values,
    )


def _apply(lab: Lab, plan: Plan) -> None:
    with record.locked():
        try:
            _carry_out(lab, plan(read_lab(lab.name)))
        except FabricError:
            _sweep(lab, ())
            raise
        _check(lab, plan)


def _apply_to_machines(lab: Lab, plan: Plan, options: _MachineOptions) -> None:
    equipment = None
    touched: t.List[str] = []
    try:
        for node in [node for node in plan(read_lab(lab.name)).start if node.machine][:1]:
            with record.locked():
                record.make_directory(lab.name)
            # Without the lock, for which every other lab of this machine would have to wait.
            equipment = machines.equip(node, options.cache)
            options.values["acceleration"] = equipment.acceleration
        with contextlib.ExitStack() as stack:
            with record.locked():
                if equipment and not record.has_directory(lab.name):
                    raise FabricError(
                        f"lab {lab.name}: it was ended while its image was prepared; nothing was started; run it again"
                    )
                steps = plan(read_lab(lab.name))
                touched = [node.name for node in steps.start] + [node.name for node in steps.write_pid_files]
                names = [process_name(lab.name, name) for name in touched]
                if steps.is_switch_started:
                    names.append(process_name(lab.name))
                stack.enter_context(ended_with_caller(names))
                _carry_out(lab, steps, equipment)
                booting = [node for node in plan(read_lab(lab.name)).write_pid_files if node.attachment]
            if booting:
                pids = {node.name: node.pids[0] for node in booting}
                wanted = [node.attachment for node in booting if node.attachment]
                machines.wait_until_up(lab.name, wanted, pids, options.seconds)
    except BaseException:
        with record.locked():
            _sweep(lab, touched)
        raise
    with record.locked():
        _check(lab, plan)


def _check(lab: Lab, plan: Plan) -> None:
    remaining = plan(read_lab(lab.name)).operations
    if remaining:
        raise KernelError(
            f"lab {lab.name}: after all steps this is still to be done: {'; '.join(remaining)}; run it again"
        )


def _sweep(lab: Lab, nodes: t.Sequence[str]) -> None:
    state = read_lab(lab.name)
    for name in set(nodes) - {node.name for node in state.nodes}:
        machine_record.remove_machine(lab.name, name)
    if not state.nodes and not state.switch_pids:
        _carry_out(lab, plan_absent(lab.name, state))


def _carry_out(lab: Lab, plan: LabPlan, equipment: t.Optional[machines.Equipment] = None) -> None:
    if not plan.operations:
        return
    if plan.is_removal:
        _stop(lab.name, plan)
        _remove_files(lab.name)
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
        _start(lab, plan, started, equipment)
    except FabricError as error:
        process.end(started.items())
        for node in plan.start:
            record.remove_pid(lab.name, node.name)
        raise KernelError(f"{error}; what this call had started is ended again") from error
    for state in plan.write_pid_files:
        if state.attachment and not state.attachment.machine:
            record.write_pid(lab.name, state.name, state.pids[0])


def _remove_files(lab: str) -> None:
    machine_record.remove_disks(lab)
    record.remove_directory(lab)


def _stop(lab: str, plan: LabPlan) -> None:
    switches = process.running(process_name(lab)).get(process_name(lab), ())
    if plan.stop and not plan.is_switch_stopped and len(switches) == 1:
        # A port outlives its node by a moment; its name may be wanted again at once.
        with network_namespace(switches[0]) as namespace:
            switch.unplug(namespace, [port_prefix(node.name) for node in plan.stop])
    holders = [(process_name(lab, node.name), pid) for node in plan.stop for pid in node.pids]
    if plan.is_switch_stopped:
        holders += [(process_name(lab), pid) for pid in switches]
    process.end(holders)
    for node in plan.stop:
        record.remove_pid(lab, node.name)
        machine_record.remove_machine(lab, node.name)


def _start(lab: Lab, plan: LabPlan, started: t.Dict[str, int], equipment: t.Optional[machines.Equipment]) -> None:
    spaces = [node for node in plan.start if not node.machine]
    # The plain router has no use for directories of its own.
    holders = [
        process.Holder(process_name(lab.name, node.name), None if node.name == ROUTER else node.name) for node in spaces
    ]
    if plan.is_switch_started:
        holders.append(process.Holder(process_name(lab.name)))
    if holders:
        started.update(process.start(holders))
    elif not plan.start:
        return
    switch_name = process_name(lab.name)
    switch_pid = started.get(switch_name) or process.running(switch_name)[switch_name][0]
    with contextlib.ExitStack() as stack:
        namespace = stack.enter_context(network_namespace(switch_pid))
        if plan.is_switch_started:
            switch.make_switch(namespace)
        switch.plug(namespace, _plugs(lab, spaces, started))
        booting = [node for node in plan.start if node.machine]
        if booting and equipment:
            started.update(machines.start(lab.name, booting, namespace, _ports, equipment))
    for node in spaces:
        if node.name == ROUTER:
            with network_namespace(started[process_name(lab.name, node.name)]) as namespace:
                make_router(namespace)
        else:
            record.write_pid(lab.name, node.name, started[process_name(lab.name, node.name)])


def _ports(node: LabNode) -> t.List[t.Tuple[str, str]]:
    return [
        (f"{port_prefix(node.name)}{number:03d}", bridge_name(link.subnet)) for number, link in enumerate(node.links)
    ]


def _plugs(
    lab: Lab, nodes: t.Sequence[LabNode], pids: t.Mapping[str, int]
) -> t.Iterator[t.Tuple[int, t.List[switch.Plug]]]:
    for node in nodes:
        with network_namespace(pids[process_name(lab.name, node.name)]) as namespace:
            yield (
                namespace,
                [
                    switch.Plug(
                        port=port,
                        bridge=bridge,
                        interface=link.interface,
                        mac=mac_address(lab.name, node.name, link.interface),
                        address=link.address,
                    )
                    for link, (port, bridge) in zip(node.links, _ports(node))
                ],
            )


def _raise_limits(limits: t.Tuple[int, int, int]) -> None:
    saved = record.read_saved_limits()
    original = saved.original if saved else read_neighbour_limits()
    if original:
        record.write_saved_limits(RaisedLimits(original, (*(saved.raised if saved else ()), limits)))
        write_neighbour_limits(limits)
