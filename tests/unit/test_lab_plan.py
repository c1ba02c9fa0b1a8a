# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the lab that runs to the lab that was asked for."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.backend import NodeState
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.desired import Lab, LabLink, LabNode
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.limits import (
    RaisedLimits,
    raised_for,
    restored,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.plan import (
    LabState,
    plan_absent,
    plan_present,
)

ONE = LabNode("node1", (LabLink("ens33", "192.168.50.10/24"),))
TWO = LabNode("node2", (LabLink("ens33", "192.168.50.11/24"),))
LAB = Lab("lab", (ONE, TWO), 2)
DEFAULT_LIMITS = (128, 512, 1024)


def runs(node: LabNode, **differently: t.Any) -> NodeState:
    return replace(NodeState(node.name, (101,), node, True), **differently)


RUNNING = LabState(
    switch_pids=(100,),
    is_switch_sound=True,
    nodes=(runs(ONE), runs(TWO)),
    has_directory=True,
    limits=DEFAULT_LIMITS,
)
NOTHING = LabState(limits=DEFAULT_LIMITS)

PRESENT: t.Dict[str, t.Tuple[LabState, t.Tuple[str, ...]]] = {
    "everything runs": (RUNNING, ()),
    "nothing runs": (NOTHING, ("+ " + str(ONE), "+ " + str(TWO), "+ switch lab")),
    "one node is missing": (replace(RUNNING, nodes=(runs(ONE),)), ("+ node node2  ens33 192.168.50.11/24",)),
    "one node has another address": (
        replace(
            RUNNING, nodes=(runs(ONE, attachment=LabNode("node1", (LabLink("ens33", "192.168.50.9/24"),))), runs(TWO))
        ),
        ("- node node1  ens33 192.168.50.9/24", "+ node node1  ens33 192.168.50.10/24"),
    ),
    "one node has another address, and its own beside": (
        replace(
            RUNNING,
            nodes=(
                runs(ONE, attachment=LabNode("node1", (LabLink("ens33", "192.168.50.9/24"),)), further=ONE.links),
                runs(TWO),
            ),
        ),
        (),
    ),
    "one node has its own address and another beside": (
        replace(RUNNING, nodes=(runs(ONE, further=(LabLink("ens33", "192.168.50.9/24"),)), runs(TWO))),
        (),
    ),
    "one node has its own address on another interface": (
        replace(
            RUNNING,
            nodes=(
                runs(
                    ONE,
                    attachment=LabNode("node1", (LabLink("eth0", "192.168.50.9/24"),)),
                    further=(LabLink("eth0", "192.168.50.10/24"),),
                ),
                runs(TWO),
            ),
        ),
        ("- node node1  eth0 192.168.50.9/24", "+ node node1  ens33 192.168.50.10/24"),
    ),
    "one node has another interface": (
        replace(
            RUNNING, nodes=(runs(ONE, attachment=LabNode("node1", (LabLink("eth0", "192.168.50.10/24"),))), runs(TWO))
        ),
        ("- node node1  eth0 192.168.50.10/24", "+ node node1  ens33 192.168.50.10/24"),
    ),
    "one node has an interface too many": (
        replace(
            RUNNING,
            nodes=(runs(ONE, attachment=LabNode("node1", (*ONE.links, LabLink("eth1", "10.0.0.1/24")))), runs(TWO)),
        ),
        ("- node node1  ens33 192.168.50.10/24, eth1 10.0.0.1/24", "+ node node1  ens33 192.168.50.10/24"),
    ),
    "one node was cut off in the middle of its start": (
        replace(RUNNING, nodes=(runs(ONE, attachment=None), runs(TWO))),
        ("- node node1  (not connected)", "+ node node1  ens33 192.168.50.10/24"),
    ),
    "one node runs twice": (
        replace(RUNNING, nodes=(runs(ONE, pids=(101, 102)), runs(TWO))),
        ("- node node1  ens33 192.168.50.10/24", "+ node node1  ens33 192.168.50.10/24"),
    ),
    "one node was removed from the list": (
        replace(RUNNING, nodes=(runs(ONE), runs(TWO), runs(LabNode("node3", (LabLink("ens33", "192.168.50.12/24"),))))),
        ("- node node3  ens33 192.168.50.12/24",),
    ),
    "one node that is not listed was cut off in the middle of its start": (
        replace(RUNNING, nodes=(runs(ONE), runs(TWO), NodeState("node3", (103,), None, False))),
        ("- node node3  (not connected)",),
    ),
    "one pid file is missing": (
        replace(RUNNING, nodes=(runs(ONE, is_introduced=False), runs(TWO))),
        ("+ pid file of node node1",),
    ),
    "the switch died, and the nodes' interfaces with it": (
        LabState(nodes=(runs(ONE, attachment=None), runs(TWO, attachment=None)), has_directory=True),
        (
            "- node node1  (not connected)",
            "- node node2  (not connected)",
            "+ node node1  ens33 192.168.50.10/24",
            "+ node node2  ens33 192.168.50.11/24",
            "+ switch lab",
        ),
    ),
    "the switch is not complete yet": (
        LabState(switch_pids=(100,), has_directory=True),
        ("- switch lab  (broken)", "+ " + str(ONE), "+ " + str(TWO), "+ switch lab"),
    ),
    "another lab needs most of the neighbour table": (
        replace(RUNNING, other_neighbours={"big": 511}),
        (
            "- sysctl net.ipv4.neigh.default.gc_thresh1 = 128",
            "- sysctl net.ipv4.neigh.default.gc_thresh2 = 512",
            "- sysctl net.ipv4.neigh.default.gc_thresh3 = 1024",
            "+ sysctl net.ipv4.neigh.default.gc_thresh1 = 513",
            "+ sysctl net.ipv4.neigh.default.gc_thresh2 = 1026",
            "+ sysctl net.ipv4.neigh.default.gc_thresh3 = 2052",
        ),
    ),
    "the kernel does not show its limits": (replace(RUNNING, limits=None, other_neighbours={"big": 10**6}), ()),
}


@pytest.mark.parametrize("case", PRESENT)
def test_present(case: str) -> None:
    state, operations = PRESENT[case]
    assert plan_present(LAB, state).operations == operations


SAVED = RaisedLimits(DEFAULT_LIMITS, ((513, 1026, 2052),))

ABSENT: t.Dict[str, t.Tuple[LabState, t.Tuple[str, ...]]] = {
    "nothing is there": (NOTHING, ()),
    "everything goes": (RUNNING, ("- " + str(ONE), "- " + str(TWO), "- switch lab")),
    "only files were left": (LabState(has_directory=True), ("- pid files of lab lab",)),
    "only a process was left": (LabState(nodes=(runs(ONE, attachment=None),)), ("- node node1  (not connected)",)),
    "the limits are restored with the last lab": (
        LabState(has_directory=True, limits=(513, 1026, 2052), saved_limits=SAVED),
        (
            "- pid files of lab lab",
            "- sysctl net.ipv4.neigh.default.gc_thresh1 = 513",
            "- sysctl net.ipv4.neigh.default.gc_thresh2 = 1026",
            "- sysctl net.ipv4.neigh.default.gc_thresh3 = 2052",
            "+ sysctl net.ipv4.neigh.default.gc_thresh1 = 128",
            "+ sysctl net.ipv4.neigh.default.gc_thresh2 = 512",
            "+ sysctl net.ipv4.neigh.default.gc_thresh3 = 1024",
        ),
    ),
    "the limits stay while another lab runs": (
        LabState(has_directory=True, other_neighbours={"big": 1}, limits=(513, 1026, 2052), saved_limits=SAVED),
        ("- pid files of lab lab",),
    ),
}


@pytest.mark.parametrize("case", ABSENT)
def test_absent(case: str) -> None:
    state, operations = ABSENT[case]
    assert plan_absent("lab", state).operations == operations


def test_a_node_that_is_right_is_not_touched_when_another_is_not() -> None:
    plan = plan_present(LAB, replace(RUNNING, nodes=(runs(ONE, attachment=None), runs(TWO))))
    assert [node.name for node in plan.stop] == ["node1"]
    assert [node.name for node in plan.start] == ["node1"]
    assert not plan.is_switch_started
    assert not plan.is_switch_stopped


def test_limits_are_raised_only_when_needed_and_never_lowered() -> None:
    assert raised_for(512, DEFAULT_LIMITS) == DEFAULT_LIMITS
    assert raised_for(1000, DEFAULT_LIMITS) == (1000, 2000, 4000)
    assert raised_for(1000, (1, 2, 100000)) == (1000, 2000, 100000)


def test_a_limit_that_somebody_else_set_since_stays() -> None:
    assert restored((513, 4096, 2052), SAVED) == (128, 4096, 1024)


def test_limits_that_were_only_partly_raised_are_restored() -> None:
    saved = RaisedLimits(DEFAULT_LIMITS, ((513, 1026, 2052), (1000, 2000, 4000)))
    assert restored((1000, 1026, 2052), saved) == DEFAULT_LIMITS


def test_limits_that_were_never_raised_stay() -> None:
    assert restored((1, 2, 3), None) == (1, 2, 3)
