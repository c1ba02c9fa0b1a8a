# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two reflectors: one is enough."""

from __future__ import annotations

import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from conftest import Node, Pings
    from fabric_lab import Outcome

WaitUntil = t.Callable[[str, t.Callable[[], bool]], None]

FABRIC = Path(__file__).with_name("route_reflector.fabric.yml")


def test_clients_have_sessions_with_the_reflectors_alone(nodes: t.Mapping[str, Node]) -> None:
    for client in ("client1", "client2"):
        assert list(nodes[client].peers) == ["192.168.60.1", "192.168.60.2"]


def test_no_packet_is_lost_while_one_reflector_is_away_and_a_run_brings_it_back(
    nodes: t.Mapping[str, Node],
    play: t.Callable[..., Outcome],
    steady_pings: t.Callable[[], t.ContextManager[Pings]],
    wait_until: WaitUntil,
) -> None:
    reflector = nodes["rr1"]
    others = [node for name, node in nodes.items() if name != "rr1"]
    with steady_pings() as pings:
        reflector.run("birdc down")
        for node in others:
            wait_until(f"{node.name} still has its session with rr1", lambda node=node: not node.has_all_sessions())
        assert reflector.sessions() == {}
        outcome = play(FABRIC, "purel3.fabric.site")
        for node in nodes.values():
            assert node.has_all_sessions(), f"{node.name}: {node.sessions()}"
    pings.assert_nothing_lost(1)
    assert outcome.changed() == {name: int(name == "rr1") for name in nodes}
