# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two reflectors: one is enough."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from conftest import Node, Pings

WaitUntil = t.Callable[[str, t.Callable[[], bool]], None]


def test_all_this_holds_on_debian_13(nodes: t.Mapping[str, Node]) -> None:
    for name, node in nodes.items():
        assert "VERSION_CODENAME=trixie" in node.lines("cat /etc/os-release"), name


def test_clients_have_sessions_with_the_reflectors_alone(nodes: t.Mapping[str, Node]) -> None:
    for client in ("client1", "client2"):
        assert list(nodes[client].peers) == ["192.168.60.1", "192.168.60.2"]


def test_no_packet_is_lost_while_one_reflector_is_away(
    nodes: t.Mapping[str, Node],
    steady_pings: t.Callable[[], t.ContextManager[Pings]],
    wait_until: WaitUntil,
) -> None:
    reflector = nodes["rr1"]
    others = [node for name, node in nodes.items() if name != "rr1"]
    with steady_pings() as pings:
        reflector.run("systemctl stop bird")
        for node in others:
            wait_until(f"{node.name} still has its session with rr1", lambda node=node: not node.has_all_sessions())
        assert not reflector.host.service("bird").is_running
        reflector.run("systemctl start bird")
        for node in nodes.values():
            wait_until(f"{node.name} does not have all its sessions", node.has_all_sessions)
    pings.assert_nothing_lost(1)
