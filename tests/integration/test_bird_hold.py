# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Held routes: the kernel's stay as they are while sessions restart, and not one of 100 packets a second is lost."""

from __future__ import annotations

import contextlib
import json
import time
import typing as t

import pytest
from bird_nodes import Network, Node, Variables, monitored, running
from steady_traffic import LONGEST_PAUSE, End, Traffic, steady_traffic_between

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables


def node_variables(number: int, **more: t.Any) -> Variables:
    return {
        "bird_address": f"10.0.0.{number}",
        "bird_as_number": 64512,
        "bird_blocks": [f"10.{number}.0.0/24"],
        "bird_peers": [],
        **more,
    }


def peer(number: int, **more: t.Any) -> t.Dict[str, t.Any]:
    return {
        "name": f"n{number}",
        "address": f"10.0.0.{number}",
        "as_number": 64512,
        "blocks": [f"10.{number}.0.0/24"],
        **more,
    }


def mesh(count: int, **more: t.Any) -> t.Dict[str, Variables]:
    numbers = range(1, count + 1)
    return {
        f"n{number}": node_variables(number, bird_peers=[peer(other) for other in numbers if other != number], **more)
        for number in numbers
    }


def reflected() -> t.Dict[str, Variables]:
    """n1 reflects between n2 and n3, which have no session with each other."""
    common = {"bird_reflected": [{"prefix": "10.0.0.0/8", "shortest": 24, "longest": 32}], "bird_ttl_security": False}
    nodes = {"n1": node_variables(1, **common)}
    nodes["n1"]["bird_peers"] = [peer(number, is_route_reflector_client=True) for number in (2, 3)]
    for number in (2, 3):
        reflector = peer(1, is_route_reflector=True, gateway="recursive", type="route reflector")
        nodes[f"n{number}"] = node_variables(number, **common, bird_peers=[reflector])
    return nodes


def two_ways() -> t.Dict[str, Variables]:
    """n2 and n3 both announce 10.9.0.0/24 to n1, which uses both ways."""
    accept = [{"match": {"prefix": "10.0.0.0/8", "length": "8-24"}, "action": "accept"}]
    outside = [
        {**peer(number, import_filter=accept, type="global"), "as_number": 64500 + number, "blocks": None}
        for number in (2, 3)
    ]
    nodes = {"n1": node_variables(1, bird_peers=outside, bird_ecmp_paths=2)}
    for number in (2, 3):
        nodes[f"n{number}"] = node_variables(number, bird_peers=[peer(1)])
        nodes[f"n{number}"].update(bird_as_number=64500 + number, bird_blocks=["10.9.0.0/24"])
    return nodes


def loopbacks(nodes: t.Dict[str, Node]) -> None:
    for node in nodes.values():
        node.run("ip", "address", "add", f"{address_in_block(node)}/32", "dev", "lo")


@contextlib.contextmanager
def packets(*nodes: Node) -> t.Iterator[Traffic]:
    """Send 100 packets a second between the blocks of nodes during the block, and for a moment before and after it."""
    ends = [End(node.name, address_in_block(node), f"/proc/{node.holder}/ns/net") for node in nodes]
    with steady_traffic_between(ends) as traffic:
        time.sleep(0.5)
        yield traffic
        time.sleep(0.5)


def address_in_block(node: Node) -> str:
    return str(node.variables["bird_blocks"][0]).replace(".0/24", ".1")


def hold(nodes: t.Iterable[Node], **options: t.Any) -> None:
    for node in nodes:
        node.good("bird_hold", **options)


def restart_sessions(node: Node, hold_time: int = 30) -> None:
    content = render_variables({**node.variables, "bird_hold_time": hold_time})
    options: t.Dict[str, t.Any] = {"max_session_restarts": -1, "expect": "peers", "commit_timeout": 180}
    result = node.good("bird_config", content=content, **options)
    assert {one["effect"] for one in result["impact"]} == {"restart"}
    assert result["restarts"] == len(result["impact"])


def bgp_routes(node: Node) -> t.List[str]:
    shown = json.loads(node.run("ip", "-j", "route", "show", "proto", "bird"))
    return sorted(json.dumps(route) for route in shown if route.get("type") != "blackhole")


def test_without_held_routes_packets_are_lost(network: Network) -> None:
    nodes = running(network(mesh(2)))
    loopbacks(nodes)
    with monitored(nodes["n1"]) as said, packets(*nodes.values()) as traffic:
        restart_sessions(nodes["n1"])
    assert [line for line in said if line.startswith("Deleted")] != []
    # While the machine makes a pause, nothing can be lost either.
    assert traffic.lost or traffic.longest_pause >= LONGEST_PAUSE, traffic.report()


@pytest.mark.parametrize(
    ("make", "restarted", "metric"),
    [(lambda: mesh(2), "n1", None), (lambda: mesh(2, bird_kernel_metric=32), "n2", 32), (reflected, "n1", None)],
    ids=["a mesh", "a mesh with a metric", "a route reflector"],
)
def test_with_held_routes_none_is_lost_and_the_kernel_s_routes_stay(
    network: Network, make: t.Callable[[], t.Dict[str, Variables]], restarted: str, metric: t.Optional[int]
) -> None:
    nodes = running(network(make()))
    loopbacks(nodes)
    first, last = (nodes["n2"], nodes["n3"]) if "n3" in nodes else (nodes["n1"], nodes["n2"])
    wait_for_route(first, last.variables["bird_blocks"][0])
    wait_for_route(last, first.variables["bird_blocks"][0])
    before = bgp_routes(first)
    assert before
    assert all(json.loads(route).get("metric") == metric for route in before)
    hold(nodes.values())
    with monitored(first) as said, packets(first, last) as traffic:
        restart_sessions(nodes[restarted])
    traffic.assert_nothing_lost()
    assert [line for line in said if line.startswith("Deleted")] == []
    assert bgp_routes(first) == before
    hold(nodes.values(), state="absent")
    assert bgp_routes(first) == before
    for node in nodes.values():
        assert node.run("ls", "-A", "/etc/bird").split() == ["bird.conf"]
        assert not node.good("bird_hold", state="absent")["changed"]


def wait_for_route(node: Node, network: str) -> None:
    deadline = time.monotonic() + 120
    while not any(line.startswith(network) for line in node.routes()):
        assert time.monotonic() < deadline, (network, node.routes(), node.run("birdc", "show", "route", "all"))
        time.sleep(0.1)


def test_several_ways_to_a_network_are_held_as_one_route(network: Network) -> None:
    nodes = running(network(two_ways()))
    first = nodes["n1"]
    wait_for_route(first, "10.9.0.0/24")
    deadline = time.monotonic() + 120
    while "nexthop via 10.0.0.3" not in first.run("ip", "route"):
        assert time.monotonic() < deadline, first.run("ip", "route")
        time.sleep(0.1)
    before = bgp_routes(first)
    assert first.good("bird_hold")["held"] == ["10.9.0.0/24"]
    with monitored(first) as said:
        for name in ("peer_10_0_0_2", "peer_10_0_0_3"):
            first.run("birdc", "disable", name)
        time.sleep(1)
        assert bgp_routes(first) == before
        for name in ("peer_10_0_0_2", "peer_10_0_0_3"):
            first.run("birdc", "enable", name)
        hold([first], state="absent")
    assert [line for line in said if line.startswith("Deleted")] == []


def test_held_routes_are_announced_to_nobody(network: Network) -> None:
    nodes = running(network(mesh(3)))
    first = nodes["n1"]
    hold([first])
    first.run("birdc", "disable", "peer_10_0_0_2")
    assert "fabric_held" in first.run("birdc", "show", "route", "10.2.0.0/24")
    assert "10.2.0.0/24" not in first.run("birdc", "show", "route", "export", "peer_10_0_0_3")
    assert first.routes() != []


def test_what_is_held_stays_held_until_it_is_learnt_again(network: Network) -> None:
    nodes = running(network(mesh(2)))
    first = nodes["n1"]
    assert first.good("bird_hold", check=True)["operations"] == ["+ held route 10.2.0.0/24"]
    assert first.run("ls", "-A", "/etc/bird").split() == ["bird.conf"]
    hold([first])
    assert not first.good("bird_hold")["changed"]
    assert first.run("stat", "-c", "%U %a", "/etc/bird/fabric_held.conf").split() == ["bird", "640"]
    first.run("birdc", "disable", "peer_10_0_0_2")
    assert not first.good("bird_hold")["changed"]
    said = first.refused("bird_hold", state="absent", wait_timeout=1)
    assert "no session has brought 10.2.0.0/24, so all routes are still held" in said
    assert any("10.2.0.0/24" in route for route in first.routes())
    assert first.good("bird_hold", state="absent", wait_timeout=0)["operations"] == ["- held route 10.2.0.0/24"]
    deadline = time.monotonic() + 120
    while any("10.2.0.0/24" in route for route in first.routes()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_held_routes_survive_a_change_of_the_configuration(network: Network) -> None:
    nodes = running(network(mesh(2)))
    first = nodes["n1"]
    hold([first])
    first.configure(bird_log="stderr")
    assert "fabric_held" in first.run("birdc", "show", "protocols")
    assert not first.good("bird_hold")["changed"]


def test_where_no_bird_runs_or_nothing_is_learnt_there_is_nothing_to_hold(network: Network) -> None:
    node = network({"n1": node_variables(1)})["n1"]
    for state in ("present", "absent"):
        assert not node.good("bird_hold", state=state)["changed"]
    node.configure()
    node.start()
    for state in ("present", "absent"):
        assert not node.good("bird_hold", state=state)["changed"]


def test_a_configuration_that_bird_does_not_run_is_not_loaded_by_accident(network: Network) -> None:
    nodes = running(network(mesh(2)))
    first = nodes["n1"]
    first.run(
        "sh", "-c", "echo '# by hand' >> /etc/bird/bird.conf && sed -i 's/log syslog/log stderr/' /etc/bird/bird.conf"
    )
    assert "it is not what BIRD at /run/bird/bird.ctl runs" in first.refused("bird_hold")
    assert first.run("ls", "-A", "/etc/bird").split() == ["bird.conf"]
