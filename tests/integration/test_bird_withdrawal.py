# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking bird.conf away: routes and sessions go, and what was there first comes back."""

from __future__ import annotations

import typing as t

import pytest
from bird_nodes import CONFIG, Network, Node, running, variables_of
from hostile_bird import eventually

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables

PEER = "peer_10_4_7_200"
AS_SHIPPED = "# as the package ships it\nprotocol device { }\n"


def withdraw(node: Node, *, check: bool = False) -> t.Dict[str, t.Any]:
    return node.good("bird_config", check=check, state="absent")


def test_routes_and_sessions_go_on_both_sides(two: t.Tuple[Node, Node]) -> None:
    first, second = two
    foreseen = withdraw(first, check=True)
    assert first.session()["is_established"]
    done = withdraw(first)
    assert done["operations"] == foreseen["operations"]
    assert done["operations"] == [
        f"- file {CONFIG}",
        "~ BIRD at /run/bird/bird.ctl ends fabric_blocks, peer_10_4_7_200",
    ]
    assert first.routes() == []
    assert first.run("ls", "-A", "/etc/bird") == ""
    eventually(lambda: second.routes() == ["blackhole 1.1.2.0/24 proto bird metric 32"], "the route to be withdrawn")


def test_a_second_time_there_is_nothing_left_to_take_away(two: t.Tuple[Node, Node]) -> None:
    withdraw(two[0])
    assert not withdraw(two[0])["changed"]
    assert two[0].good("bird_service", state="stopped")["changed"]
    assert not withdraw(two[0])["changed"]
    assert two[0].routes() == []


def test_the_file_that_was_found_first_comes_back_and_is_loaded(network: Network) -> None:
    nodes = network(variables_of("two_nodes"))
    nodes["node1"].run("tee", CONFIG, text=AS_SHIPPED)
    running(nodes)
    withdraw(nodes["node1"])
    assert nodes["node1"].config() == AS_SHIPPED
    assert nodes["node1"].run("ls", "-A", "/etc/bird").split() == ["bird.conf"]
    assert [protocol["kind"] for protocol in nodes["node1"].good("bird_info")["protocols"]] == ["Device"]


def test_a_run_that_died_in_between_is_completed_by_the_next(two: t.Tuple[Node, Node]) -> None:
    two[0].run("birdc", "disable", "fabric_blocks")
    assert withdraw(two[0])["changed"]
    assert two[0].routes() == []


def test_what_a_dead_bird_has_left_in_the_kernel_is_told_with_the_way_to_remove_it(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    node.kill_bird()
    assert "stay (2): remove them by ip route flush proto bird" in str(withdraw(node)["warnings"])
    node.run("ip", "route", "flush", "proto", "bird")
    assert node.routes() == []


@pytest.mark.parametrize("text", [AS_SHIPPED, "protocol static mine { ipv4; route 10.99.0.0/24 blackhole; }\n"])
def test_a_file_that_is_not_ours_is_left_alone(network: Network, text: str) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    node.run("tee", CONFIG, text=text)
    assert not withdraw(node)["changed"]
    assert node.config() == text


def test_passwords_held_routes_and_what_was_tried_go_too(two: t.Tuple[Node, Node]) -> None:
    node = two[0]
    passwords = f'define {PEER}_password = "secret";\n'
    content = f'include "fabric_passwords.conf";\n{render_variables(node.variables)}'
    node.good("bird_config", content=content, passwords=passwords)
    node.good("bird_hold")
    node.run("mkdir", "/etc/bird/fabric_candidate")
    done = withdraw(node)
    assert done["operations"] == [
        f"- file {CONFIG}",
        "- file /etc/bird/fabric_passwords.conf",
        "- file /etc/bird/fabric_held.conf",
        "- file /etc/bird/fabric_candidate",
        f"~ BIRD at /run/bird/bird.ctl ends fabric_blocks, fabric_held, {PEER}",
    ]
    assert node.run("ls", "-A", "/etc/bird") == ""
    assert node.routes() == []
    assert not withdraw(node)["changed"]
