# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BIRD that was there before its tunnel: the routes through it are in the kernel once the tunnel is."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from box import Box

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.handover import complete

SOCKET = "/run/bird.ctl"
TUNNEL = {"address": "10.244.1.62", "endpoints": ["192.168.50.10", "192.168.50.11"]}
CONFIG = """
router id 192.0.2.1;
protocol device { }
protocol static fabric_far { ipv4; route 10.244.104.0/26 via 192.168.50.11; route 10.244.105.0/26 via 192.168.50.11; }
filter fabric_to_kernel { onlink = true; ifname = "tunl0"; gw = 192.168.50.11; accept; }
protocol kernel fabric_kernel { scan time 3600; metric 0; ipv4 { import none; export filter fabric_to_kernel; }; }
"""
ROUTES = [
    "10.244.104.0/26 via 192.168.50.11 dev tunl0 proto bird onlink",
    "10.244.105.0/26 via 192.168.50.11 dev tunl0 proto bird onlink",
]


@contextlib.contextmanager
def running_bird(text: str) -> t.Iterator[None]:
    Path("/run/bird.conf").write_text(text)
    with subprocess.Popen(["bird", "-f", "-c", "/run/bird.conf", "-s", SOCKET, "-P", "/run/bird.pid"]) as bird:
        try:
            wait_until(lambda: "is up" in asked("show status"))
            yield
        finally:
            bird.terminate()


def asked(command: str) -> str:
    done = subprocess.run(["birdc", "-s", SOCKET, command], capture_output=True, encoding="utf-8", check=False)
    return done.stdout


def wait_until(holds: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def prepare(box: Box, *, is_up: bool) -> None:
    box.turn_ipv6_off()
    box.ip("link add ens33 type bridge")
    box.ip("address add 192.168.50.10/24 dev ens33")
    box.ip("link set ens33 up")
    if "tunl0" not in box.devices():
        box.ip("link add tunl0 type bridge")
    if is_up:
        box.run("tunnel", **TUNNEL)


def routes(box: Box) -> t.List[str]:
    return box.ip("route show proto bird dev tunl0") and [
        line for line in box.ip("route") if "tunl0 proto bird" in line
    ]


def settled() -> None:
    """Until BIRD's filter has seen its routes."""
    wait_until(lambda: bool(re.search(r"Export updates: +2 ", asked("show protocols all fabric_kernel"))))


@pytest.mark.parametrize("is_planned", [True, False])
def test_its_routes_come_with_the_tunnel_or_with_the_next_run(is_planned: bool, box: Box) -> None:
    prepare(box, is_up=False)
    with running_bird(CONFIG):
        settled()
        if not is_planned:  # whoever set it up was killed right after
            box.run("tunnel", **TUNNEL)
        assert routes(box) == []
        proposal = complete(box.plan("tunnel", **TUNNEL), "tunl0", SOCKET)
        assert ("+ 2 routes of BIRD through tunl0" in proposal.operations) is not is_planned
        proposal.apply()
        wait_until(lambda: routes(box) == ROUTES)
        assert complete(box.plan("tunnel", **TUNNEL), "tunl0", SOCKET).operations == ()


def test_where_none_is_missing_bird_is_told_nothing(box: Box) -> None:
    prepare(box, is_up=True)
    with running_bird(CONFIG):
        wait_until(lambda: routes(box) == ROUTES)
        assert complete(Proposal(), "tunl0", SOCKET).operations == ()


def test_a_bird_of_others_is_left_alone(box: Box) -> None:
    prepare(box, is_up=True)
    with running_bird("router id 192.0.2.1;\nprotocol device { }\nprotocol kernel theirs { ipv4 { export all; }; }\n"):
        assert complete(Proposal(), "tunl0", SOCKET).operations == ()


def test_a_host_without_bird(box: Box) -> None:
    prepare(box, is_up=True)
    assert not os.path.exists(SOCKET)
    assert complete(Proposal(), "tunl0", SOCKET).operations == ()
