# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may happen to BIRD on a node, and costs no packet."""

from __future__ import annotations

import re
import time
import typing as t

import pytest

if t.TYPE_CHECKING:
    from conftest import Node, Pings

WaitUntil = t.Callable[[str, t.Callable[[], bool]], None]

REINSTALL = "apt-get -q -y --no-install-recommends --reinstall install bird2"
# Both ends have waited long enough to connect before it goes on.
SLOWLY = """
before=$(systemctl show bird --property=MainPID --value)
systemctl kill --kill-whom=main --signal=KILL bird
while now=$(systemctl show bird --property=MainPID --value); test $now = 0 -o $now = $before; do sleep 0.1; done
until ss -Hltn | grep -q :179; do sleep 0.1; done
kill -STOP $now; sleep 2; kill -CONT $now
"""
EVENTS = {
    "systemd restarts it": "systemctl restart bird",
    "it is killed, and slow to start again": f"sh -c '{SLOWLY}'",
    "it is killed": "systemctl kill --kill-whom=main --signal=KILL bird",
    "it crashes": "systemctl kill --kill-whom=main --signal=SEGV bird",
    "its package is installed again": f"env DEBIAN_FRONTEND=noninteractive {REINSTALL}",
}
# Peers forget what a BIRD had announced that does not come back within this time.
GRACEFUL_RESTART_TIME = 30


@pytest.fixture(scope="module", autouse=True)
def _package_at_hand(nodes: t.Mapping[str, Node]) -> None:
    nodes["node1"].run("apt-get -q update")
    nodes["node1"].run(f"env DEBIAN_FRONTEND=noninteractive {REINSTALL} --download-only")


def test_no_packet_is_lost_whatever_happens_to_bird(
    nodes: t.Mapping[str, Node],
    steady_pings: t.Callable[[], t.ContextManager[Pings]],
    wait_until: WaitUntil,
) -> None:
    node = nodes["node1"]
    known = []
    with steady_pings() as pings:
        began = time.monotonic()
        for event, command in EVENTS.items():
            before = node.bird_process()
            known.append(f"{time.monotonic() - began:.1f} s: {event}")
            node.run(command)
            wait_until(f"after {event}: it is not back", lambda before=before: node.has_another_bird(before))
            for each in nodes.values():
                wait_until(f"after {event}: {each.name} has not taken over all routes", each.has_taken_over)
        known.append(f"{time.monotonic() - began:.1f} s: it is back for good")
        # Only then would its peer forget what it had announced.
        time.sleep(GRACEFUL_RESTART_TIME + 5)
    known += [line for each in nodes.values() for line in each.lines("journalctl -b -u bird -n 100 --no-pager")]
    pings.assert_nothing_lost(GRACEFUL_RESTART_TIME, "\n".join(known))


def test_bird_runs_as_one_that_takes_over_routes(nodes: t.Mapping[str, Node]) -> None:
    assert re.search(r"\s-R\b", nodes["node1"].run("ps -C bird -o args="))
