# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 before every call that changes something: the same task, run again, converges and leaks nothing."""

from __future__ import annotations

import os
import signal
import typing as t

import pytest
from box import Box, request_of
from scenarios import SCENARIOS, Task, prepare
from seam import Death, disturbed

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane import source_guard
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import nftables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.ownership import WORKLOAD_GROUP


def is_killed(box: Box, task: Task, number: int) -> bool:
    """Run a task in a process of its own that is killed before the given call; tell whether it came that far."""
    child = os.fork()
    if child == 0:
        seam = Death({number})
        with disturbed(seam):
            box.carry_out(request_of(task[0], task[1]), on_apply=seam.start)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
    return status != 0


def anew(box: Box, task: Task) -> t.FrozenSet[str]:
    """What a node looks like on which nothing went wrong."""
    box.run(task[0], **task[1])
    return box.state(has_drawn_macs=False)


@pytest.mark.parametrize("case", SCENARIOS)
def test_before_each_call_in_turn(case: str, box: Box) -> None:
    old, new = SCENARIOS[case]
    prepare(box)
    box.set("ipv4/ip_forward", "1")
    before = anew(box, old)
    if new[1].get("state") != "absent":
        clear(box, new)
    after = anew(box, new)
    number = 0
    while True:
        number += 1
        clear(box, new)
        assert anew(box, old) ^ before == set()
        if not is_killed(box, new, number):
            break
        assert unguarded(box) == [], number
        box.run(new[0], **new[1])
        assert box.run(new[0], **new[1]) == (), number
        left = box.state(has_drawn_macs=False) ^ after
        assert not left, "\n".join([f"call {number}", *sorted(left)])
    assert number > 4


def unguarded(box: Box) -> t.List[str]:
    """The interfaces from which anything could be sent: workloads of ours that are up, without a source guard."""
    has_guard = nftables.read_table(source_guard.FAMILY, source_guard.TABLE) is not None
    return [] if has_guard else box.ip(f"-br link show group {WORKLOAD_GROUP} up")


def clear(box: Box, task: Task) -> None:
    """Remove all that a scenario makes."""
    box.workloads()
    if task[0] == "veth":
        for name in ("a", "c"):
            box.run("veth", veths=[{"name": name, "namespace": "theirs" if name == "c" else None}], state="absent")
    box.run("netns", names=["blue", "green"], state="absent")
