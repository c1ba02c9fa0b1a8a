# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leads from the lab that runs to the lab that was asked for: pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .base.backend import NodeState
from .base.desired import Lab, LabNode
from .base.limits import KEYS, RaisedLimits, Thresholds, raised_for, restored


@dataclass(frozen=True)
class LabState:
    """A lab as it runs.

    switch_pids: the processes that hold the switch's namespace.
    is_switch_sound: there is one, and its bridge is up.
    nodes: the nodes that run, whether asked for or not.
    has_directory: files of it are there, or a directory that a crash left.
    other_neighbours: the neighbour entries that each other lab on this machine counted for itself.
    limits: of the kernel's neighbour table; None where the kernel shows none.
    saved_limits: as they were before the first lab raised them.
    """

    switch_pids: t.Tuple[int, ...] = ()
    is_switch_sound: bool = False
    nodes: t.Tuple[NodeState, ...] = ()
    has_directory: bool = False
    other_neighbours: t.Mapping[str, int] = field(default_factory=dict)
    limits: t.Optional[Thresholds] = None
    saved_limits: t.Optional[RaisedLimits] = None


@dataclass(frozen=True)
class LabPlan:
    """The steps, in the order in which they are taken; empty means nothing to do."""

    limits: t.Optional[Thresholds] = None
    stop: t.Tuple[NodeState, ...] = ()
    is_switch_stopped: bool = False
    is_switch_started: bool = False
    start: t.Tuple[LabNode, ...] = ()
    introduce: t.Tuple[NodeState, ...] = ()
    is_removal: bool = False
    before: t.Tuple[str, ...] = ()
    after: t.Tuple[str, ...] = ()

    @property
    def operations(self) -> t.Tuple[str, ...]:
        """One signed line an object; what goes comes first."""
        return tuple(f"- {line}" for line in self.before) + tuple(f"+ {line}" for line in self.after)


def plan_present(lab: Lab, state: LabState) -> LabPlan:
    """Plan the steps to a lab that runs as asked for; a node that differs in anything is stopped and started anew."""
    wanted = {node.name: node for node in lab.nodes}
    sound = {
        node.name
        for node in state.nodes
        if state.is_switch_sound and len(node.pids) == 1 and node.is_as(wanted.get(node.name))
    }
    stop = tuple(node for node in state.nodes if node.name not in sound)
    start = tuple(node for node in lab.nodes if node.name not in sound)
    introduce = tuple(node for node in state.nodes if node.name in sound and not node.is_introduced)
    introductions = {node.name: f"{node.introduction} of node {node.name}" for node in lab.nodes}
    limits = None
    if state.limits:
        limits = raised_for(lab.neighbours + sum(state.other_neighbours.values()), state.limits)
    before = [str(node) for node in stop]
    after = [str(node) for node in start] + [introductions[node.name] for node in introduce]
    if not state.is_switch_sound:
        after.append(f"switch {lab.name}")
        if state.switch_pids:
            before.append(f"switch {lab.name}  (broken)")
    gone, come = _limit_lines(state.limits, limits)
    return LabPlan(
        limits=limits if come else None,
        stop=stop,
        is_switch_stopped=bool(state.switch_pids) and not state.is_switch_sound,
        is_switch_started=not state.is_switch_sound,
        start=start,
        introduce=introduce,
        before=tuple(sorted(before + gone)),
        after=tuple(sorted(after + come)),
    )


def plan_absent(name: str, state: LabState) -> LabPlan:
    """Plan the steps that leave no trace of a lab; with the last lab of the machine, neighbour limits are restored."""
    before = [str(node) for node in state.nodes]
    if state.switch_pids:
        before.append(f"switch {name}")
    if state.has_directory and not before:
        before.append(f"pid files of lab {name}")
    limits = None
    if state.limits and not state.other_neighbours:
        limits = restored(state.limits, state.saved_limits)
    gone, come = _limit_lines(state.limits, limits)
    return LabPlan(
        limits=limits if come else None,
        stop=state.nodes,
        is_switch_stopped=bool(state.switch_pids),
        is_removal=True,
        before=tuple(sorted(before + gone)),
        after=tuple(come),
    )


def _limit_lines(current: t.Optional[Thresholds], wanted: t.Optional[Thresholds]) -> t.Tuple[t.List[str], t.List[str]]:
    if current is None or wanted is None:
        return [], []
    changed = [(key, now, then) for key, now, then in zip(KEYS, current, wanted) if now != then]
    return (
        [f"sysctl {key} = {now}" for key, now, _then in changed],
        [f"sysctl {key} = {then}" for key, _now, then in changed],
    )
