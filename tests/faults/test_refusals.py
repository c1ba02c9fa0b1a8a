# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel refuses one operation after the other: each time the call is undone, says why, and works when repeated."""

from __future__ import annotations

import typing as t

import pytest
from box import Box, request_of, workload
from scenarios import SCENARIOS, Task, prepare, workloads
from seam import REFUSAL, REFUSAL_OF_MESSAGE, Refusals, disturbed

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import RolledBack
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import sysctls


def attempt(
    box: Box, task: Task, numbers: t.Container[int], spared: t.Container[str] = ()
) -> t.Tuple[str, t.List[str]]:
    """Carry a task out while some calls are refused; return what it complains of, and the names of all calls."""
    module, options = task
    seam = Refusals(numbers, spared)
    complaint = ""
    with disturbed(seam):
        try:
            box.carry_out(request_of(module, options), on_apply=seam.start)
        except RolledBack as error:
            complaint = str(error)
    return complaint, seam.calls


def faults_of(complaint: str) -> t.Iterator[str]:
    if not complaint.endswith("; nothing remains changed"):
        yield "does not end with: nothing remains changed"
    if REFUSAL not in complaint and REFUSAL_OF_MESSAGE not in complaint:
        yield "lacks the kernel's words"
    if not complaint.startswith(("cannot ", "the kernel refuses to show its network")):
        yield "lacks the object"


@pytest.mark.parametrize("case", SCENARIOS)
def test_each_operation_in_turn(case: str, box: Box) -> None:
    old, new = SCENARIOS[case]
    prepare(box)
    box.run(old[0], **old[1])
    before = box.state()
    wrong = []
    number = 0
    while not wrong:
        number += 1
        complaint, calls = attempt(box, new, {number})
        if len(calls) < number:
            break
        wrong = list(faults_of(complaint)) + sorted(box.state() ^ before)
        assert not wrong, "\n".join([f"call {number}, {calls[number - 1]}: {complaint}", *wrong])
    assert number > 5
    assert box.run(new[0], **new[1]) == ()


@pytest.mark.parametrize("number", range(5, 140, 15))
def test_a_rerun_after_a_refusal_converges(number: int, box: Box) -> None:
    old, new = SCENARIOS["workloads come, change and go"]
    prepare(box)
    box.run(old[0], **old[1])
    attempt(box, new, {number})
    box.run(new[0], **new[1])
    assert box.run(new[0], **new[1]) == ()
    after = box.state(has_drawn_macs=False)
    box.workloads()
    box.run(new[0], **new[1])
    assert after ^ box.state(has_drawn_macs=False) == set()


WEB1 = workloads(workload("web1", "10.244.1.1"))


def test_the_words_of_a_refusal(box: Box) -> None:
    """The first operation of a new workload is its namespace."""
    complaints = {attempt(box, WEB1, {number})[0] for number in range(1, 8)}
    assert "cannot add netns web1: Cannot allocate memory; nothing remains changed" in complaints
    assert (
        "cannot add workload web1  10.244.1.1/32  cali977588a87e1 -> eth0: Operation not supported; "
        "nothing remains changed"
    ) in complaints


def test_an_undo_that_fails_as_well_says_what_may_remain(box: Box) -> None:
    box.run(WEB1[0], **WEB1[1])
    box.workloads()
    _complaint, calls = attempt(box, WEB1, ())
    last = max(number for number, name in enumerate(calls, 1) if name == "write")
    box.workloads()
    complaint, _calls = attempt(box, WEB1, range(last, 1000), spared=("setns",))
    assert complaint.startswith("cannot add sysctl net.ipv4.")
    assert "; undoing it failed as well (" in complaint
    assert "; these may remain changed: " in complaint
    remains = complaint.rpartition("these may remain changed: ")[2]
    assert "netns web1" in remains
    assert "workload web1  10.244.1.1/32  cali977588a87e1 -> eth0" in remains
    box.run(WEB1[0], **WEB1[1])
    assert box.run(WEB1[0], **WEB1[1]) == ()


def test_a_change_that_the_kernel_swallows_is_noticed_and_undone(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.set("ipv4/ip_forward", "1")
    before = box.state()
    monkeypatch.setattr(sysctls, "write", lambda path, value: None)
    assert box.error_of(WEB1[0], **WEB1[1]) == (
        "the kernel took the change but does not show it: "
        "~ sysctl net.ipv4.conf.cali977588a87e1.proxy_arp = 0 => sysctl net.ipv4.conf.cali977588a87e1.proxy_arp = 1, "
        "~ sysctl net.ipv4.neigh.cali977588a87e1.proxy_delay = 80 => "
        "sysctl net.ipv4.neigh.cali977588a87e1.proxy_delay = 0; nothing remains changed"
    )
    assert box.state() ^ before == set()


def test_what_cannot_be_put_back_is_named(box: Box) -> None:
    """A pair that ended in a namespace without a name is gone before the deletion of a namespace is refused."""
    with box.process_in_new_namespace() as pid:
        box.workloads(workload("web1", "10.244.1.1", netns=str(pid)), workload("web2", "10.244.1.2"))
        _complaint, calls = attempt(box, workloads(), ())
        box.workloads(workload("web1", "10.244.1.1", netns=str(pid)), workload("web2", "10.244.1.2"))
        complaint, _calls = attempt(box, workloads(), {calls.index("unmount") + 1})
        assert complaint == (
            "cannot delete netns web2: Cannot allocate memory; everything was undone except: "
            "+ workload web1  10.244.1.1/32  cali977588a87e1 ->  in netns ?"
        )
