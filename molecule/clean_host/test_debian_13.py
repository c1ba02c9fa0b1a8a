# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of nodes with Debian 12 holds on Debian 13, too, whose BIRD and systemd are others."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from conftest import Node, Pings

WaitUntil = t.Callable[[str, t.Callable[[], bool]], None]


def test_every_node_is_one_of_debian_13(nodes: t.Mapping[str, Node]) -> None:
    for name, node in nodes.items():
        assert "VERSION_CODENAME=trixie" in node.lines("cat /etc/os-release"), name


def test_no_packet_is_lost_when_systemd_restarts_bird(
    nodes: t.Mapping[str, Node],
    steady_pings: t.Callable[[], t.ContextManager[Pings]],
    wait_until: WaitUntil,
) -> None:
    node = nodes["node1"]
    before = node.bird_process()
    with steady_pings() as pings:
        node.run("systemctl restart bird")
        wait_until("BIRD is not back", lambda: node.has_another_bird(before))
        for each in nodes.values():
            wait_until(f"{each.name} has not taken over all routes", each.has_taken_over)
    pings.assert_nothing_lost(3)
