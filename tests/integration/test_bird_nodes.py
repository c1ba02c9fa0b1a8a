# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real BIRDs: the routes, sessions and waits of nodes that the modules configured."""

from __future__ import annotations

import typing as t

from bird_nodes import CONFIG, Network, Node, running, variables_of
from hostile_bird import eventually


def test_two_nodes_get_the_routes_of_the_example(network: Network) -> None:
    nodes = running(network(variables_of("two_nodes")))
    assert nodes["node1"].routes() == [
        "blackhole 1.1.1.0/24 proto bird metric 32",
        "1.1.2.0/24 via 10.4.7.200 dev ens33 proto bird metric 32",
    ]
    assert nodes["node2"].routes() == [
        "1.1.1.0/24 via 10.4.7.60 dev ens33 proto bird metric 32",
        "blackhole 1.1.2.0/24 proto bird metric 32",
    ]
    table = nodes["node1"].good("bird_info", peers=nodes["node1"].peers)["status_table"]
    assert table[4].startswith("| 10.4.7.200   | node-to-node mesh | up    |")
    assert table[4].endswith("| Established |")


def test_three_nodes_of_one_as_get_routes_without_metric(network: Network) -> None:
    nodes = running(network(variables_of("lab"), interface="eth0"))
    assert nodes["node1"].routes() == [
        "10.244.104.0/26 via 192.168.50.11 dev eth0 proto bird",
        "10.244.135.0/26 via 192.168.50.12 dev eth0 proto bird",
        "blackhole 10.244.166.128/26 proto bird",
    ]
    for node in nodes.values():
        sessions = node.good("bird_info", peers=node.peers)["sessions"]
        assert [session["bgp_state"] for session in sessions] == ["Established"] * 2


def test_a_new_block_is_announced_without_a_new_session(two: t.Tuple[Node, Node]) -> None:
    first, second = two
    since = first.session()["since"]
    second.variables["bird_peers"][0]["blocks"].append("1.1.3.0/24")
    second.configure()
    result = first.configure(bird_blocks=["1.1.1.0/24", "1.1.3.0/24"])
    assert result["operations"] == [f"~ file {CONFIG}", "~ reload BIRD at /run/bird/bird.ctl"]
    second.converge()
    assert "1.1.3.0/24 via 10.4.7.60 dev ens33 proto bird metric 32" in second.routes()
    assert first.session()["since"] == since


def test_no_node_is_a_transit_for_others(network: Network) -> None:
    variables = variables_of("lab")
    for number, name in enumerate(variables, start=1):
        variables[name]["bird_as_number"] = 50000 + number
        for peer in variables[name]["bird_peers"]:
            peer["as_number"] = 50000 + int(peer["name"][-1])
            # Nobody refuses on the way in, so that only the way out counts.
            del peer["blocks"]
            peer["import_filter"] = [{"action": "accept"}]
    # node1 and node3 know node2 only.
    variables["node1"]["bird_peers"].pop(1)
    variables["node3"]["bird_peers"].pop(0)
    nodes = running(network(variables, interface="eth0"))
    # The modules do not know what to wait for, because these peers may announce anything.
    eventually(lambda: len(nodes["node3"].routes()) >= 2, "the routes of node2 and of node3 itself")
    eventually(lambda: len(nodes["node1"].routes()) >= 2, "the routes of node2 and of node1 itself")
    assert nodes["node3"].routes() == [
        "10.244.104.0/26 via 192.168.50.11 dev eth0 proto bird",
        "blackhole 10.244.135.0/26 proto bird",
    ]


def test_what_a_peer_may_not_announce_is_ignored(network: Network) -> None:
    variables = variables_of("two_nodes")
    variables["node2"]["bird_blocks"] += ["0.0.0.0/1", "1.1.1.128/25", "8.8.8.0/24"]
    # Its own check would refuse to take what node1 owns.
    variables["node2"]["bird_peers"][0]["blocks"] = []
    variables["node2"]["bird_blocks"].remove("0.0.0.0/1")
    nodes = running(network(variables))
    assert nodes["node1"].routes() == [
        "blackhole 1.1.1.0/24 proto bird metric 32",
        "1.1.2.0/24 via 10.4.7.200 dev ens33 proto bird metric 32",
    ]


def test_a_peer_in_another_subnet_is_reached_through_a_router(network: Network) -> None:
    variables = variables_of("two_nodes")
    variables["node2"]["bird_address"] = variables["node2"]["bird_router_id"] = "10.4.8.200"
    variables["node1"]["bird_peers"][0].update(address="10.4.8.200", is_direct=False)
    variables["node2"]["bird_peers"][0].update(is_direct=False)
    router = {"bird_address": "10.4.7.254"}
    nodes = network({**variables, "router": router})
    nodes["router"].run("ip", "address", "add", "10.4.8.254/24", "dev", "ens33")
    nodes["router"].run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    nodes["node1"].run("ip", "route", "add", "default", "via", "10.4.7.254")
    nodes["node2"].run("ip", "route", "add", "default", "via", "10.4.8.254")
    del nodes["router"]
    running(nodes)
    assert nodes["node1"].routes() == [
        "blackhole 1.1.1.0/24 proto bird metric 32",
        "1.1.2.0/24 via 10.4.7.254 dev ens33 proto bird metric 32",
    ]


def test_a_wait_that_fails_says_who_is_missing_and_why(network: Network) -> None:
    node = network(variables_of("lab"), interface="eth0")["node1"]
    node.configure()
    node.start()
    said = ""

    def tells() -> bool:
        nonlocal said
        said = node.refused("bird_info", peers=node.peers, wait_for="established", timeout=3)
        return "after 3 s: 0/2 sessions up; node2 192.168.50.11: Active, Connection refused" in said

    eventually(tells, "BIRD to have tried, and to be told why not")
    assert "node3 192.168.50.12: " in said
    checked = node.good("bird_info", check=True, peers=node.peers, wait_for="established")
    assert [session["is_established"] for session in checked["sessions"]] == [False, False]


def test_without_a_bird_there_is_nothing_to_read_but_check_mode_goes_on(network: Network) -> None:
    node = network(variables_of("two_nodes"))["node1"]
    read = node.good("bird_info", check=True, peers=node.peers, wait_for="routes")
    assert (read["is_running"], read["sessions"], read["changed"]) == (False, [], False)
    assert node.good("bird_info")["is_running"] is False
    assert "no BIRD listens there" in node.refused("bird_info", wait_for="established")
