# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Five autonomous systems, joined as r1-r2-r5 and r1-r3-r4-r5: AS paths, detours, loops, and false origins."""

from __future__ import annotations

import copy
import re
import subprocess
import typing as t

import pytest
from bird_nodes import Node, Variables, held_node, running, variables_of
from hostile_bird import eventually, networks, start_hostile

R1_BLOCK = "10.1.0.0/16"
TO_R1 = ("where", "net", "=", R1_BLOCK)

Wired = t.Callable[[t.Mapping[str, Variables]], t.Dict[str, Node]]


def ends(variables: t.Mapping[str, Variables]) -> t.Iterator[t.Tuple[str, str, str, str]]:
    """Every link once: two nodes, and the address of each on it."""
    for name, node in variables.items():
        for peer in node["bird_peers"]:
            if name < peer["name"]:
                yield name, peer["name"], peer.get("source_address", node["bird_address"]), peer["address"]


@pytest.fixture
def wired() -> t.Iterator[Wired]:
    """Make nodes with a cable of its own between each two that have a session."""
    holders: t.List[subprocess.Popen[str]] = []

    def make(variables: t.Mapping[str, Variables]) -> t.Dict[str, Node]:
        nodes = {}
        for name, values in variables.items():
            process, pid = held_node()
            holders.append(process)
            nodes[name] = Node(name, pid, values)
            nodes[name].run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        for first, second, near, far in ends(variables):
            peer = ["peer", "name", f"to_{first}", "netns", str(nodes[second].holder)]
            in_first = ["nsenter", "-t", str(nodes[first].holder), "-n", "ip", "link"]
            subprocess.run([*in_first, "add", f"to_{second}", "type", "veth", *peer], check=True)
            for node, other, address in ((nodes[first], second, near), (nodes[second], first, far)):
                node.run("ip", "address", "add", f"{address}/24", "dev", f"to_{other}")
                node.run("ip", "link", "set", f"to_{other}", "up")
        return nodes

    try:
        yield make
    finally:
        for process in holders:
            process.kill()
            process.wait()


@pytest.fixture
def five() -> t.Dict[str, Variables]:
    """The variables of the example, with BFD, so that a silent death is noticed soon, but no slowness taken for one."""
    variables = copy.deepcopy(variables_of("lab_five_as"))
    for node in variables.values():
        node.update(bird_bfd=True, bird_bfd_interval=1000, bird_bfd_multiplier=20)
    return variables


def paths(node: Node, *words: str) -> t.List[str]:
    """The AS paths that a node's BIRD shows, the preferred first."""
    return re.findall(r"(?:BGP\.as_path|bgp_path): ([0-9 ]*[0-9])", node.run("birdc", "show", "route", "all", *words))


def best(node: Node) -> t.Optional[str]:
    """The AS path of the route to r1's block that a node uses."""
    return next(iter(paths(node, "primary", *TO_R1)), None)


def via(node: Node) -> t.List[str]:
    """The kernel's routes to r1's block."""
    return [route for route in node.routes() if route.startswith(R1_BLOCK)]


def test_r5_takes_the_shorter_path_and_the_longer_while_that_is_down(
    wired: Wired, five: t.Dict[str, Variables]
) -> None:
    nodes = wired(five)
    for node in nodes.values():
        node.configure()
    for node in nodes.values():
        node.start()
    r2, r5 = nodes["r2"], nodes["r5"]

    def takes(path: str, gateway: str) -> t.Callable[[], bool]:
        return lambda: best(r5) == path and [route.split()[2] for route in via(r5)] == [gateway]

    eventually(takes("200 100", "172.16.25.2"), "the path through r2")
    eventually(lambda: sorted(paths(r5, *TO_R1)) == ["200 100", "400 300 100"], "both paths to be known")

    r2.run("ip", "link", "set", "to_r5", "down")
    eventually(takes("400 300 100", "172.16.45.4"), "the path through r4 after the link went")
    r2.run("ip", "link", "set", "to_r5", "up")
    eventually(takes("200 100", "172.16.25.2"), "the path through r2 to be back")

    r2.kill_bird()
    eventually(takes("400 300 100", "172.16.45.4"), "the path through r4 after the death of r2's BIRD")
    r2.start()
    eventually(takes("200 100", "172.16.25.2"), "the path through r2 to be back after its BIRD is")

    for name, node in nodes.items():
        own = str(node.variables["bird_as_number"])
        taken = [path for words in ((), ("filtered",)) for path in paths(node, *words)]
        assert [path for path in taken if own in path.split()] == [], name


def test_a_route_that_comes_back_to_its_own_as_is_not_accepted(wired: Wired, five: t.Dict[str, Variables]) -> None:
    r1 = five["r1"]
    for peer in r1["bird_peers"]:
        if peer["name"] == "r3":
            # So r3 hears of the block the other way round, and tells r1.
            peer["export_filter"] = [{"action": "reject"}]
    nodes = wired(five)
    for node in nodes.values():
        node.configure()
    for node in nodes.values():
        node.start()
    eventually(lambda: best(nodes["r3"]) == "400 500 200 100", "r3 to learn of r1 through everybody else")
    eventually(
        lambda: R1_BLOCK in networks(nodes["r3"], "export", "peer_172_16_13_1"), "r3 to tell r1 of its own block"
    )
    eventually(lambda: "10.4.0.0/16" in networks(nodes["r1"]), "the rest of it to arrive at r1")
    assert R1_BLOCK not in networks(nodes["r1"], "protocol", "peer_172_16_13_3") | networks(nodes["r1"], "filtered")
    assert via(nodes["r1"]) == []
    assert f"blackhole {R1_BLOCK} proto bird" in nodes["r1"].routes()


def test_without_transit_nobody_hears_of_nodes_further_away(wired: Wired, five: t.Dict[str, Variables]) -> None:
    for node in five.values():
        node.update(bird_transit=False, bird_owners=[])
    nodes = running(wired(five))
    eventually(lambda: networks(nodes["r2"]) == {R1_BLOCK, "10.5.0.0/16"}, "the blocks of the neighbours of r2")
    eventually(lambda: networks(nodes["r3"]) == {R1_BLOCK, "10.4.0.0/16"}, "the blocks of the neighbours of r3")
    assert [route for route in nodes["r5"].routes() if route.startswith(R1_BLOCK)] == []


def test_in_transit_too_a_block_comes_from_the_as_of_its_owner_only(wired: Wired, five: t.Dict[str, Variables]) -> None:
    nodes = wired(five)
    claimed = {R1_BLOCK, "10.5.0.0/16", "10.1.2.0/24", "8.8.8.0/24", "0.0.0.0/0"}
    r3 = nodes.pop("r3")
    addresses = {peer["name"]: peer for peer in five["r3"]["bird_peers"]}
    start_hostile(r3, sorted(claimed), {addresses["r4"]["address"]: 400}, 300, source=addresses["r4"]["source_address"])
    for node in nodes.values():
        node.configure()
    for node in nodes.values():
        node.start()
    eventually(lambda: networks(nodes["r4"], "filtered") >= claimed, "all lies to arrive")
    eventually(lambda: best(nodes["r4"]) == "500 200 100", "the true path")
    eventually(
        lambda: {line.split()[0] for line in nodes["r4"].routes()} == {R1_BLOCK, "10.5.0.0/16", "blackhole"},
        "nothing but the truth to be in the kernel",
    )
    assert [path for path in paths(nodes["r5"]) if "300" in path.split()] == []
