# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over what somebody built by hand: refused by the kernel, all is as it was; killed, the same call converges."""

from __future__ import annotations

import os
import signal
import subprocess
import typing as t

import pytest
from box import Box, State, Workload, request_of, workload
from hand_built import ONE, TWO, build
from seam import Death, Refusals, disturbed

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import RolledBack
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.ownership import WORKLOAD_GROUP
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux.network import LinuxKernel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Request

WEB1 = workload("web1", "10.244.1.1")
REQUEST = request_of("workloads", {"workloads": [WEB1, ONE, TWO], "adopt": True})


@pytest.fixture(params=[True, False], ids=["live", "before Linux 6.2"], autouse=True)
def renames_live(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(LinuxKernel, "renames_live", lambda _kernel: False)


def refuse(box: Box, request: Request, number: int) -> t.Tuple[str, int]:
    """Take over while one call is refused; return what it complains of, and how many calls there were."""
    seam = Refusals({number})
    with disturbed(seam):
        try:
            box.carry_out(request, on_apply=seam.start)
        except RolledBack as error:
            return str(error), len(seam.calls)
    return "", len(seam.calls)


@pytest.mark.parametrize("others", [[], [WEB1]], ids=["alone", "beside another"])
def test_each_operation_refused_in_turn_leaves_all_as_it_was(others: t.List[Workload], box: Box) -> None:
    build(box)
    box.workloads(*others)
    request = request_of("workloads", {"workloads": [*others, ONE, TWO], "adopt": True})

    def state() -> State:
        rules = subprocess.run(["nft", "list", "ruleset"], check=True, capture_output=True, encoding="utf-8").stdout
        return box.state() | {rules}

    before = state()
    number = 0
    while True:
        number += 1
        complaint, calls = refuse(box, request, number)
        if calls < number:
            break
        assert complaint.endswith("; nothing remains changed"), f"call {number}: {complaint}"
        assert state() ^ before == set(), f"call {number}: {complaint}"
    assert number > 10
    assert box.workloads(*others, ONE, TWO) == ()


def is_killed(box: Box, number: int) -> bool:
    child = os.fork()
    if child == 0:
        seam = Death({number})
        with disturbed(seam):
            box.carry_out(REQUEST, on_apply=seam.start)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
    return status != 0


def unknown(box: Box) -> t.List[str]:
    """The workloads of which the source guard would drop all."""
    rules = subprocess.run(["nft", "list", "ruleset"], check=True, capture_output=True, encoding="utf-8").stdout
    lines = box.ip(f"-br link show group {WORKLOAD_GROUP}")
    return [line for line in lines if f'"{line.partition("@")[0]}"' not in rules]


def test_killed_before_each_operation_in_turn_the_same_call_converges(box: Box) -> None:
    build(box)
    box.carry_out(REQUEST)
    after = box.state(has_drawn_macs=False)
    number = 0
    while True:
        number += 1
        for name in ("netns1", "netns2"):
            box.ip(f"netns del {name}")
        box.workloads()
        box.workloads(WEB1)
        build(box)
        if not is_killed(box, number):
            break
        assert unknown(box) == [], number
        box.carry_out(REQUEST)
        assert box.carry_out(REQUEST) == (), number
        assert box.state(has_drawn_macs=False) ^ after == set(), number
    assert number > 10
