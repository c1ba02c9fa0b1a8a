# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers outside of the fabric that announce what is not theirs, and such that carry what is a node's."""

from __future__ import annotations

import typing as t

import pytest
from bird_nodes import Network, Node, Variables, variables_of
from hostile_bird import eventually, networks, start_hostile

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import host_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

SEVERAL_PATHS = """\
plugin: purel3.fabric.fabric
ecmp_paths: 2
pools: [{cidr: 10.244.0.0/16}]
nodes: {node1: {address: 192.168.50.10/24, interface: eth0}}
"""
ROUTER = "192.168.50.12"
OWN, OTHER = "10.244.166.128/26", "10.244.104.0/26"
# What a filter that accepts everything still takes, and what nobody takes from a router.
USERS = {"0.0.0.0/0", "10.0.0.0/8", "192.168.50.0/24", "203.0.113.0/24"}
NEVER = {
    *("10.244.0.0/16", "10.244.99.0/24", OTHER, "10.244.104.0/27", "10.244.104.1/32", OWN, "10.244.166.129/32"),
    *("192.168.50.11/32", "192.168.50.0/28", "192.168.50.10/31", "169.254.1.1/32", "169.254.0.0/16"),
}


def variables(router: Variables, **more: t.Any) -> t.Dict[str, Variables]:
    found = variables_of("lab")
    # The lab's third node stands for the router; the second is there only to be owned by.
    found["node1"].update(
        bird_peers=[{"name": "tor1", "address": ROUTER, "type": "global", **router}],
        bird_pools=["10.244.0.0/16"],
        bird_node_addresses=["192.168.50.10/24", "192.168.50.11/24"],
        **more,
    )
    del found["node2"]
    return found


def verified(node: Node) -> t.List[str]:
    """What is said of a node's routes and of who announces what."""
    result = node.good(
        "conformance",
        node="node1",
        peers=node.peers,
        blocks=[{"block": OWN, "node": "node1"}, {"block": OTHER, "node": "node2"}],
        pools=node.variables["bird_pools"],
        owners=node.variables.get("bird_owners", []),
        timeout=0,
        is_required=False,
    )
    return [one["text"] for one in result["differences"] if one["kind"] in ("route", "announcement")]


def of_bgp(node: Node) -> t.Set[str]:
    return networks(node, "where", "source", "=", "RTS_BGP")


@pytest.mark.parametrize("as_number", [64900, 64512], ids=["another AS", "the nodes' own AS"])
def test_what_is_a_nodes_is_taken_from_no_router_whatever_the_filter_accepts(network: Network, as_number: int) -> None:
    nodes = network(variables({"as_number": as_number, "import_filter": [{"action": "accept"}]}), interface="eth0")
    node = nodes["node1"]
    start_hostile(nodes["node3"], sorted(USERS | NEVER), {"192.168.50.10": 64512}, as_number)
    # As long as it knows of nothing but itself, a node believes more; what it learns to refuse then goes.
    node.configure(bird_pools=[], bird_node_addresses=[])
    node.start()
    eventually(lambda: OTHER in of_bgp(node), "the router to be believed")
    node.configure()
    eventually(lambda: networks(node, "filtered") == NEVER, "everything false to arrive")
    eventually(lambda: of_bgp(node) == USERS, "what the filter accepts to be taken")
    path = f" (AS path {as_number})" if as_number != 64512 else ""
    owned = {
        OTHER: "node2's",
        "10.244.104.0/27": f"part of node2's {OTHER}",
        "10.244.104.1/32": f"part of node2's {OTHER}",
        OWN: "this node's",
        "10.244.166.129/32": f"part of this node's {OWN}",
    }
    assert sorted(text for text in verified(node) if text.startswith("tor1 announces")) == sorted(
        f"tor1 announces {prefix}{path}, which is {whose}: ignored" for prefix, whose in owned.items()
    )


OWNER = {"block": OTHER, "router_id": "192.168.50.11"}
THIRD = "10.244.7.0/26"
# The router's AS, the owner's, what the router does to the route before it passes it on, and whether it is taken.
CARRIED = {
    "the owner's AS ends the path": (64900, 64513, "bgp_path.prepend(64513);", True),
    "another AS ends the path": (64900, 64513, "bgp_path.prepend(64666);", False),
    "the router claims the block": (64900, 64513, "", False),
    "the owner's AS is only on the way": (64900, 64513, "bgp_path.prepend(64666); bgp_path.prepend(64513);", False),
    "the owner is in this node's AS": (64900, 64512, "bgp_path.prepend(64512);", True),
    "the router put its AS in place of ours": (64900, 64512, "bgp_path.prepend(64900);", True),
    "the router claims a block of this node's AS": (64900, 64512, "", False),
    "a router of this AS names the originator": (64512, 64512, "bgp_originator_id = 192.168.50.11;", True),
    "a router of this AS names another": (64512, 64512, "bgp_originator_id = 192.168.50.99;", False),
    "a router of this AS claims the block": (64512, 64512, "", False),
    "a router of this AS has it from the owner's": (64512, 64513, "bgp_path.prepend(64513);", True),
}


@pytest.mark.parametrize("name", CARRIED)
def test_a_router_carries_a_block_that_began_at_its_owner_and_nothing_else_in_the_pools(
    network: Network, name: str
) -> None:
    router_as, owner_as, changes, is_taken = CARRIED[name]
    router = {"as_number": router_as, "carries_blocks": True, "allow_local_as": 1}
    owners = [{**OWNER, "as_number": owner_as}, {"block": OWN, "as_number": 64512, "router_id": "192.168.50.10"}]
    nodes = network(variables(router, bird_owners=owners), interface="eth0")
    node = nodes["node1"]
    # What it says of a part of the block, and of a block that nobody has, has the same origin.
    announced = {OTHER, "10.244.104.0/27", THIRD, "203.0.113.0/24"}
    start_hostile(nodes["node3"], sorted(announced), {"192.168.50.10": 64512}, router_as, changes=changes)
    node.configure()
    node.start()
    taken = {OTHER} if is_taken else set()
    eventually(lambda: networks(node, "filtered") == announced - taken, "what is false, and what no filter accepts")
    eventually(lambda: of_bgp(node) == taken, "the block")
    # Who looks judges as the filter does.
    said = verified(node)
    assert [text.split(" (AS")[0].split(",")[0] for text in said if text.startswith("tor1 announces")] == [
        f"tor1 announces {prefix}" for prefix in sorted({OTHER, "10.244.104.0/27"} - taken)
    ]
    assert [text for text in said if not text.startswith("tor1 announces")] == (
        [] if is_taken else [f"no route to {OTHER} of node2: tor1 has not announced it"]
    )


def test_nodes_of_one_as_refuse_each_others_blocks_until_their_own_as_is_allowed(network: Network) -> None:
    router = {"as_number": 64900, "carries_blocks": True}
    owners = [{**OWNER, "as_number": 64512}]
    nodes = network(variables(router, bird_owners=owners), interface="eth0")
    node = nodes["node1"]
    announced = [OTHER, "203.0.113.0/24"]
    changes = "if net.len = 26 then bgp_path.prepend(64512);"
    start_hostile(nodes["node3"], announced, {"192.168.50.10": 64512}, 64900, changes=changes)
    node.configure()
    node.start()
    eventually(lambda: networks(node, "filtered") == {"203.0.113.0/24"}, "the rest to arrive")
    (said,) = verified(node)
    assert said.startswith(f"no route to {OTHER} of node2: tor1 has not announced it, or with this node's own AS 64512")
    node.peers[0]["allow_local_as"] = 1
    node.good("bird_config", content=render_variables(node.variables), max_session_restarts=-1)
    eventually(lambda: of_bgp(node) == {OTHER}, "the block")
    assert verified(node) == []


MANY = {f"203.0.{number}.0/24" for number in range(6)}


@pytest.mark.parametrize("kind", ["import", "receive"])
def test_a_limit_that_is_hit_is_told_with_its_action_and_what_it_kept_out_comes_when_it_is_raised(
    network: Network, kind: str
) -> None:
    router = {"as_number": 64900, "import_filter": [{"match": {"length": 24}, "action": "accept"}]}
    nodes = network(variables({**router, f"{kind}_limit": 4}), interface="eth0")
    node = nodes["node1"]
    start_hostile(nodes["node3"], sorted(MANY), {"192.168.50.10": 64512}, 64900)
    node.configure()
    node.start()
    eventually(lambda: len(of_bgp(node)) == 4, "as many routes as may be")
    said = f"Established, {kind} limit 4 hit (block)"
    eventually(lambda: node.session()["info"] == said, "the limit to be told")
    assert f"session with tor1 {ROUTER}: {said}: further routes are dropped" in verified(node)
    # Another configuration, which lets BIRD count anew, changes nothing of that.
    node.configure(bird_kernel_scan_time=91)
    node.good("bird_hold", state="present")
    node.good("bird_hold", state="absent")
    eventually(lambda: node.session()["info"] == said, "the limit to be told again")
    node.peers[0][f"{kind}_limit"] = 100
    node.configure()
    eventually(lambda: of_bgp(node) == MANY, "all routes")
    assert node.session()["info"] == "Established"
    assert verified(node) == []


def test_a_router_of_which_nothing_is_wanted_may_announce_some_routes_only(network: Network) -> None:
    nodes = network(variables({"as_number": 64900}), interface="eth0")
    node, router = nodes["node1"], nodes["node3"]
    start_hostile(
        router, (f"100.{one}.{two}.0/24" for one in range(50) for two in range(256)), {"192.168.50.10": 64512}, 64900
    )
    node.configure()
    node.start()
    eventually(lambda: node.session()["info"] == "Established, receive limit 10000 hit (block)", "the limit to be told")
    assert len(networks(node, "filtered")) == 10000


def test_flows_of_two_workloads_take_all_equal_paths(network: Network) -> None:
    found = variables_of("lab")
    gateways = {"192.168.50.11", "192.168.50.12"}
    default = [{"match": {"prefix": "0.0.0.0/0"}, "action": "accept"}]
    found["node1"].update(
        bird_ecmp_paths=2,
        bird_peers=[
            {"name": f"tor{number}", "address": address, "as_number": 64900, "import_filter": default}
            for number, address in enumerate(sorted(gateways))
        ],
    )
    nodes = network(found, interface="eth0")
    node = nodes["node1"]
    for name in ("node2", "node3"):
        start_hostile(nodes[name], ["0.0.0.0/0"], {"192.168.50.10": 64512}, 64900)
    node.configure()
    node.start()
    eventually(lambda: node.run("ip", "route", "show", "default").count("nexthop") == 2, "both paths")

    def taken() -> t.Set[str]:
        ask = ("ip", "route", "get", "203.0.113.9", "from", "192.168.50.10", "ipproto", "tcp", "dport", "80", "sport")
        return {node.run(*ask, str(port)).split()[4] for port in range(1024, 1088)}

    assert len(taken()) == 1
    checked = check_fabric(Source(Faults("f"), load(SEVERAL_PATHS, Faults("f")), Faults("s")))
    settings = host_variables(checked)["node1"]["node_forwarding_sysctls"]
    node.good("sysctl", settings=settings)
    assert taken() == gateways
