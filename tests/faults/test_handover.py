# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes from one object of ours to another stays ours, wherever a run ends: both ways lead on from there."""

from __future__ import annotations

import contextlib
import os
import signal
import typing as t

import pytest
from box import Box, request_of, workload
from scenarios import MOVED, PAIRS, Task, prepare, workloads
from seam import Death, Refusals, disturbed

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import RolledBack
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.veth import Veth
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux.network import LinuxKernel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.scope import scope_of_request

_NEVER = 1 << 20


def addressed(**hosts: int) -> Task:
    """Workloads, each with the last number of its address."""
    return workloads(*(workload(name, f"10.1.0.{host}") for name, host in hosts.items()))


def rotated(count: int, by: int) -> Task:
    return addressed(**{f"w{number}": 1 + (number + by) % count for number in range(count)})


def placed(**namespaces: str) -> Task:
    """Workloads, each in a namespace that is given."""
    hosts = enumerate(sorted(namespaces.items()), 1)
    return workloads(*(workload(name, f"10.1.0.{host}", netns=netns) for host, (name, netns) in hosts))


# From what, to what, and how many messages apart the ends of runs are tried.
CASES: t.Dict[str, t.Tuple[Task, Task, int]] = {
    "an address is handed over": (addressed(a=1, b=2), addressed(a=2, b=3), 1),
    "two swap their addresses while a third comes": (addressed(a=1, b=2), addressed(a=2, b=1, c=3), 1),
    "an address goes from one that goes to one that comes": (addressed(a=1), addressed(b=1), 1),
    "more swap than one send takes": (rotated(40, 0), rotated(40, 1), 37),
    "one moves to another namespace": (placed(a="theirs"), placed(a="others"), 1),
    "two swap their namespaces": (placed(a="theirs", b="others"), placed(a="others", b="theirs"), 1),
    "a pair gets other addresses": (*PAIRS, 1),
    "a pair moves to another namespace": (*MOVED, 1),
}


def seen(task: Task) -> t.FrozenSet[t.Tuple[object, str]]:
    """What a task is about, each object with its owner; without the MAC addresses that the kernel draws."""
    kernel = LinuxKernel(scope_of_request(request_of(*task)))
    with contextlib.closing(kernel):
        observed = kernel.read()
    return frozenset(
        (Veth(*(end._replace(mac="") for end in thing)) if isinstance(thing, Veth) else thing, owner)
        for key, thing in observed.resources.items()
        for owner in [observed.owners.get(key, "")]
    )


def is_ended(box: Box, task: Task, number: int) -> bool:
    """Run a task that is killed before the given call; tell whether it came that far."""
    child = os.fork()
    if child == 0:
        seam = Death({number})
        with disturbed(seam):
            box.carry_out(request_of(*task), on_apply=seam.start)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
    return status != 0


def is_left_alone(box: Box, task: Task, number: int) -> bool:
    """Run a task for which the kernel does nothing from the given call on, nor undoes anything."""
    seam = Refusals(range(number, _NEVER), spared=("setns",))
    with disturbed(seam):
        try:
            box.carry_out(request_of(*task), on_apply=seam.start)
        except RolledBack:
            return True
    return False


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ends", [is_ended, is_left_alone])
def test_wherever_it_ends_both_ways_lead_on(case: str, ends: t.Callable[[Box, Task, int], bool], box: Box) -> None:
    old, new, stride = CASES[case]
    prepare(box)
    box.set("ipv4/ip_forward", "1")

    def lead(task: Task) -> t.FrozenSet[t.Tuple[object, str]]:
        box.run(task[0], **task[1])
        assert box.run(task[0], **task[1]) == ()
        return seen(new) | seen(old)

    after, before = lead(new), lead(old)
    number = 1
    while ends(box, new, number):
        assert lead(new) ^ after == set(), number
        assert lead(old) ^ before == set(), number
        ends(box, new, number)
        assert lead(old) ^ before == set(), number
        number += stride
    assert number > 4
