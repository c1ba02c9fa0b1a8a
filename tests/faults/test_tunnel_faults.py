# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting up, changing and giving back a tunnel: each call is refused in turn, or is the last before a kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import typing as t

import pytest
from box import Box, State, request_of
from seam import REFUSAL, REFUSAL_OF_MESSAGE, Death, Refusals, disturbed

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import RolledBack

Options = t.Dict[str, t.Any]

NOTHING: Options = {"state": "absent"}
ONE: Options = {"address": "10.244.1.62", "endpoints": ["192.168.50.10", "192.168.50.11"]}
OTHER: Options = {"address": "10.244.1.63", "mtu": 1400, "endpoints": ["192.168.50.11", "192.168.50.12"]}
CHANGES = {"set up": (NOTHING, ONE), "changed": (ONE, OTHER), "given back": (OTHER, NOTHING)}


def prepare(box: Box) -> None:
    """A bridge stands in for tunl0."""
    box.turn_ipv6_off()
    if "tunl0" in box.devices():
        box.ip("link set tunl0 name tunl99")
    box.ip("link add tunl0 mtu 1480 type bridge")
    box.set("ipv4/conf/tunl0/rp_filter", "2")


def bring_to(box: Box, options: Options) -> State:
    """Make the tunnel anew."""
    box.run("tunnel", **NOTHING)
    box.run("tunnel", **options)
    return state(box)


def state(box: Box) -> State:
    rules = subprocess.run(["nft", "list", "ruleset"], check=True, capture_output=True, encoding="utf-8").stdout
    return box.state() | {rules}


@pytest.mark.parametrize("case", CHANGES)
def test_a_refused_call_is_undone(case: str, box: Box) -> None:
    old, new = CHANGES[case]
    prepare(box)
    before = bring_to(box, old)
    number = 0
    while True:
        number += 1
        seam, complaint = Refusals({number}), ""
        with disturbed(seam):
            try:
                box.carry_out(request_of("tunnel", new), on_apply=seam.start)
            except RolledBack as error:
                complaint = str(error)
        if len(seam.calls) < number:
            break
        assert REFUSAL in complaint or REFUSAL_OF_MESSAGE in complaint, (number, complaint)
        assert complaint.endswith("; nothing remains changed"), (number, complaint)
        assert state(box) ^ before == set(), number
    assert number > 4
    assert box.run("tunnel", **new) == ()


@pytest.mark.parametrize("case", CHANGES)
def test_whenever_a_run_is_killed_the_next_one_converges_and_so_does_the_way_back(case: str, box: Box) -> None:
    old, new = CHANGES[case]
    prepare(box)
    states = [(options, bring_to(box, options)) for options in (new, old)]
    number = 0
    while True:
        number += 1
        for options, wanted in states:
            bring_to(box, old)
            if not is_killed(box, new, number):
                assert number > 4
                return
            box.run("tunnel", **options)
            assert box.run("tunnel", **options) == (), number
            assert state(box) ^ wanted == set(), number


def is_killed(box: Box, options: Options, number: int) -> bool:
    """Change the tunnel in a process of its own that is killed before the given call; tell whether it came that far."""
    child = os.fork()
    if child == 0:
        seam = Death({number})
        with disturbed(seam):
            box.carry_out(request_of("tunnel", options), on_apply=seam.start)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
    return status != 0
