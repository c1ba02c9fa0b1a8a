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
from ..kernel.neighbour_limits import read_neighbour_limits, write_neighbour_limits
from .backends.table import BACKENDS
from .base import process, record
from .base.backend import Backend, Equipment, Values, named
from .base.desired import Lab, LabNode
from .base.guard import ended_with_caller, interrupt_deferred
from .base.layout import process_name
from .base.limits import RaisedLimits
from .base.plugs import port_prefix
from .base.request import lab_from_params
from .observed import operations, read_lab
from .plan import LabPlan, LabState, plan_absent, plan_present

Plan = t.Callable[[LabState], LabPlan]


@dataclass(frozen=True)
class _Asked:
    """What was asked for, and where the answer goes how its nodes run."""

    lab: Lab
    plan: Plan
    backend: Backend
    params: Values
    values: t.Dict[str, t.Any] = field(default_factory=dict)


def propose_lab(params: Values) -> Proposal:
    """Plan a lab that runs as the module's options ask for, or that no trace of it remains.

    Raises FabricError where the input is wrong, or the machine cannot be read.
    """
    lab = lab_from_params(params, BACKENDS)
    if os.geteuid() != 0:
        raise MissingDependency(f"lab {lab.name}: only root can make namespaces; run it with become, or with sudo")

    def plan(state: LabState) -> LabPlan:
        # Where a backend makes no nodes on this machine, nothing of the lab is wanted here.
        return plan_present(lab, state) if params["state"] == "present" and lab.nodes else plan_absent(lab.name, state)

    state = read_lab(lab.name)
    if not state.has_directory:
        state = replace(state, has_directory=record.has_empty_directory())
    proposed = plan(state)
    if proposed.start:
        switch.require()
    ending = [pid for node in proposed.stop for pid in node.pids]
    asked = _Asked(lab, plan, named(BACKENDS, params.get("backend")), params)
    for maker, nodes in _by_maker(proposed.start):
        takes_long = operations()[maker].require(lab.name, nodes, ending, params)
        asked.values.update({"takes_long": takes_long} if takes_long else {})
    is_slow = params["state"] == "present" and asked.backend.is_slow
    return Proposal(
        operations=proposed.operations,
        before="".join(f"{line}\n" for line in proposed.before),
        after="".join(f"{line}\n" for line in proposed.after),
        apply=lambda: _apply_slowly(asked) if is_slow else _apply(asked),
        values=asked.values,
    )


def _by_maker(nodes: t.Iterable[LabNode]) -> t.Iterator[t.Tuple[str, t.List[LabNode]]]:
    found = list(nodes)
    for name in operations():
        own = [node for node in found if node.backend == name]
        if own:
            yield name, own


def _apply(asked: _Asked) -> None:
    with record.locked():
        try:
            _carry_out(asked, asked.plan(read_lab(asked.lab.name)))
        except FabricError:
            _sweep(asked, ())
            raise
        _check(asked)


def _apply_slowly(asked: _Asked) -> None:
    lab, maker = asked.lab.name, operations()[asked.backend.name]
    equipment = None
    touched: t.List[str] = []
    try:
        starting = [node for node in asked.plan(read_lab(lab)).start if node.backend == asked.backend.name]
        if starting:
            with record.locked():
                record.make_directory(lab)
            # Without the lock, for which every other lab of this machine would have to wait.
            equipment = maker.equip(starting, asked.params)
            asked.values.update(equipment.values if equipment else {})
        with contextlib.ExitStack() as stack:
            with record.locked(), interrupt_deferred():
                if starting and not record.has_directory(lab):
                    raise FabricError(
                        f"lab {lab}: it was ended while its image was prepared; nothing was started; run it again"
                    )
                steps = asked.plan(read_lab(lab))
                touched = [node.name for node in steps.start] + [node.name for node in steps.introduce]
                names = [process_name(lab, name) for name in touched]
                if steps.is_switch_started:
                    names.append(process_name(lab))
                stack.enter_context(ended_with_caller(names))
                _carry_out(asked, steps, equipment)
                booting = [node for node in asked.plan(read_lab(lab)).introduce if node.attachment]
            if booting:
                maker.introduce(lab, booting, asked.params)
    except BaseException:
        with record.locked():
            _sweep(asked, touched)
        raise
    with record.locked():
        _check(asked)


def _check(asked: _Asked) -> None:
    remaining = asked.plan(read_lab(asked.lab.name)).operations
    if remaining:
        raise KernelError(
            f"lab {asked.lab.name}: after all steps this is still to be done: {'; '.join(remaining)}; run it again"
        )


def _sweep(asked: _Asked, nodes: t.Sequence[str]) -> None:
    state = read_lab(asked.lab.name)
    for name in set(nodes) - {node.name for node in state.nodes}:
        _forget(asked.lab.name, name)
    if not state.nodes and not state.switch_pids:
        _carry_out(asked, plan_absent(asked.lab.name, state))


def _carry_out(asked: _Asked, plan: LabPlan, equipment: t.Optional[Equipment] = None) -> None:
    lab = asked.lab
    if not plan.operations:
        return
    if plan.is_removal:
        _stop(lab.name, plan)
        for maker in operations().values():
            maker.remove_remains(lab.name)
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
        _start(lab.name, plan, started, equipment)
    except FabricError as error:
        process.end(started.items())
        for node in plan.start:
            record.remove_pid(lab.name, node.name)
        raise KernelError(f"{error}; what this call had started is ended again") from error
    for backend in BACKENDS:
        found = [node for node in plan.introduce if node.attachment and node.attachment.backend == backend.name]
        if found and backend.operations and not backend.is_slow:
            backend.operations().introduce(lab.name, found, asked.params)


def _stop(lab: str, plan: LabPlan) -> None:
    switches = process.running(process_name(lab)).get(process_name(lab), ())
    if plan.stop and not plan.is_switch_stopped and len(switches) == 1:
        # A port outlives its node by a moment; its name may be wanted again at once.
        with process.network_namespace(switches[0]) as namespace:
            switch.unplug(namespace, [port_prefix(node.name) for node in plan.stop])
    holders = [(process_name(lab, node.name), pid) for node in plan.stop for pid in node.pids]
    if plan.is_switch_stopped:
        holders += [(process_name(lab), pid) for pid in switches]
    process.end(holders)
    for node in plan.stop:
        _forget(lab, node.name)


def _forget(lab: str, node: str) -> None:
    for maker in operations().values():
        maker.forget(lab, node)


def _start(lab: str, plan: LabPlan, started: t.Dict[str, int], equipment: t.Optional[Equipment]) -> None:
    own = process_name(lab)
    if plan.is_switch_started:
        started.update(process.start([process.Holder(own)]))
    elif not plan.start:
        return
    with process.network_namespace(started.get(own) or process.running(own)[own][0]) as namespace:
        if plan.is_switch_started:
            switch.make_switch(namespace)
        for maker, nodes in _by_maker(plan.start):
            operations()[maker].start(lab, nodes, namespace, equipment, started)


def _raise_limits(limits: t.Tuple[int, int, int]) -> None:
    saved = record.read_saved_limits()
    original = saved.original if saved else read_neighbour_limits()
    if original:
        record.write_saved_limits(RaisedLimits(original, (*(saved.raised if saved else ()), limits)))
        write_neighbour_limits(limits)
