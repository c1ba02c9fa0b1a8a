# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes that real BIRDs lead into the tunnel: between subnets, by reflectors, over AS numbers, held, and not at all.

The tunnel is a veth of its name, which for BIRD is the same.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import subprocess
import threading
import time
import typing as t

import pytest
from bird_nodes import Network, Node, Variables, running

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables

POOL = "10.244.0.0/16"
ALWAYS = {"bird_encapsulation": [{"prefix": POOL, "mode": "ipip"}]}
ACROSS = {"bird_encapsulation": [{"prefix": POOL, "mode": "ipip_cross_subnet"}]}
ADDRESSES = {1: "10.0.0.1", 2: "10.0.0.2", 3: "10.0.1.3"}
ROUTERS = {"10.0.0": "10.0.0.254", "10.0.1": "10.0.1.254"}
PATIENCE = 120


def block(number: int) -> str:
    return f"10.244.{number}.0/24"


def subnet(number: int) -> str:
    return ADDRESSES[number].rpartition(".")[0]


def peer(number: int, seen_from: int, **more: t.Any) -> t.Dict[str, t.Any]:
    return {
        "name": f"n{number}",
        "address": ADDRESSES[number],
        "as_number": 64512,
        "is_direct": subnet(number) == subnet(seen_from),
        "blocks": [block(number)],
        **more,
    }


def variables_of(number: int, peers: t.Sequence[t.Dict[str, t.Any]], **more: t.Any) -> Variables:
    return {
        "bird_address": ADDRESSES[number],
        "bird_as_number": 64512,
        "bird_blocks": [block(number)],
        "bird_subnets": [f"{subnet(number)}.0/24"],
        "bird_peers": list(peers),
        **more,
    }


def mesh(**more: t.Any) -> t.Dict[str, Variables]:
    return {
        f"n{number}": variables_of(number, [peer(other, number) for other in ADDRESSES if other != number], **more)
        for number in ADDRESSES
    }


def begin(network: Network, nodes: t.Dict[str, Variables], knows_no_way: t.Collection[str] = ()) -> t.Dict[str, Node]:
    """Two subnets with a router between them that knows nothing of the pool, and a stand-in for the tunnel."""
    made = network({**nodes, "router": {"bird_address": ROUTERS["10.0.0"]}})
    router = made.pop("router")
    router.run("ip", "address", "add", f"{ROUTERS['10.0.1']}/24", "dev", "ens33")
    router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    for node in made.values():
        own = node.variables["bird_address"].rpartition(".")[0]
        for other in set(ROUTERS) - {own} if node.name not in knows_no_way else ():
            node.run("ip", "route", "add", f"{other}.0/24", "via", ROUTERS[own])
        node.run("ip", "link", "add", "tunl0", "type", "veth", "peer", "name", "tunl0-end")
        node.run("ip", "link", "set", "tunl0", "up")
        node.run("ip", "link", "set", "tunl0-end", "up")
        node.run("ip", "address", "add", tunnel_of(node), "dev", "tunl0")
    return running(made)


def tunnel_of(node: Node) -> str:
    return node.variables["bird_blocks"][0].replace(".0/24", ".255/32")


@contextlib.contextmanager
def route_changes(node: Node) -> t.Iterator[t.List[str]]:
    """What the kernel announces about routes of the pool during the block."""
    found: t.List[str] = []
    with subprocess.Popen(node.words("ip", "monitor", "route"), stdout=subprocess.PIPE, text=True) as process:
        lines: queue.Queue[str] = queue.Queue()
        reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or ()], daemon=True)
        reader.start()
        try:
            # It says when it has heard all that came before: a route of ours.
            _until(node, lines, found)
            found.clear()
            yield found
            _until(node, lines, found)
        finally:
            with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as children:
                for child in children.read().split() or [str(process.pid)]:
                    subprocess.run(["kill", "-TERM", child], check=True)


# Each stands once only: what is there already is announced to nobody.
_MARKS = (f"10.254.{number // 250}.{number % 250 + 1}" for number in itertools.count())


def _until(node: Node, lines: queue.Queue[str], found: t.List[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        mark = next(_MARKS)
        node.run("ip", "route", "add", mark, "dev", "ens33")
        with contextlib.suppress(queue.Empty):
            line = lines.get(timeout=1)
            while mark not in line:
                if "10.244." in line:
                    found.append(line.strip())
                line = lines.get(timeout=1)
            return
    pytest.fail("ip monitor says nothing")


def learnt(node: Node) -> t.Dict[str, str]:
    """What the kernel has from BIRD, by network."""
    found = {}
    for line in node.routes():
        network, way = line.split(" ", 1)
        if network != "blackhole":
            found[network] = way
    return found


def settles(node: Node, wanted: t.Mapping[str, str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while learnt(node) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    assert learnt(node) == wanted


def plain(gateway: str) -> str:
    return f"via {gateway} dev ens33 proto bird"


def tunnelled(number: int) -> str:
    return f"via {ADDRESSES[number]} dev tunl0 proto bird onlink"


NEAR, FAR, ROUTER = ADDRESSES[2], ADDRESSES[3], ROUTERS["10.0.0"]
WAYS: t.Dict[str, t.Tuple[t.Mapping[str, t.Any], t.Dict[str, str]]] = {
    "none": ({}, {block(2): plain(NEAR), block(3): plain(ROUTER)}),
    "ipip": (ALWAYS, {block(2): tunnelled(2), block(3): tunnelled(3)}),
    "ipip_cross_subnet": (ACROSS, {block(2): plain(NEAR), block(3): tunnelled(3)}),
}


def conforms(node: Node, mode: str) -> None:
    blocks = [{"block": block(number), "node": f"n{number}"} for number in ADDRESSES]
    changes, _ways = WAYS[mode]
    node.good(
        "conformance",
        node=node.name,
        peers=node.peers,
        blocks=blocks,
        encapsulation=changes.get("bird_encapsulation", []),
        subnets=node.variables["bird_subnets"],
        timeout=PATIENCE,
    )


def test_from_each_mode_to_each_other_no_session_restarts_and_every_route_is_replaced_in_place(
    network: Network,
) -> None:
    nodes = begin(network, mesh())
    node = nodes["n1"]
    since = [one["since"] for one in node.good("bird_info")["sessions"]]
    for mode in ("ipip", "ipip_cross_subnet", "none", "ipip_cross_subnet", "ipip", "none"):
        changes, ways = WAYS[mode]
        with route_changes(node) as said:
            result = node.configure(**changes)
            settles(node, ways)
        assert {one["effect"] for one in result["impact"]} == {"none"}, mode
        assert {line.split()[0] for line in said} <= set(ways), mode
        conforms(node, mode)
        assert not node.configure(**changes)["changed"], mode
    assert [one["since"] for one in node.good("bird_info")["sessions"]] == since


def test_who_does_not_ask_for_another_mode_is_told_of_it_and_nothing_changes(network: Network) -> None:
    node = begin(network, mesh())["n1"]
    settles(node, WAYS["none"][1])
    options: t.Dict[str, t.Any] = {
        "content": render_variables({**node.variables, **ALWAYS}),
        "may_switch_encapsulation": False,
    }
    with route_changes(node) as said:
        assert f"packets to other nodes would travel another way ({POOL}: none -> ipip)" in node.refused(
            "bird_config", **options
        )
        (refusal,) = node.good("bird_config", check=True, **options)["refusals"]
        assert POOL in refusal
    assert said == []
    # What is not on its way cannot be lost.
    for other in (NEAR, FAR):
        node.run("birdc", "disable", f"peer_{other.replace('.', '_')}")
    assert node.good("bird_config", **options)["refusals"] == []


def test_what_is_not_as_the_mode_asks_is_named(network: Network) -> None:
    nodes = begin(network, mesh(**ACROSS))
    settles(nodes["n1"], WAYS["ipip_cross_subnet"][1])
    conforms(nodes["n1"], "ipip_cross_subnet")
    options = {
        "node": "n1",
        "peers": nodes["n1"].peers,
        "encapsulation": ALWAYS["bird_encapsulation"],
        "subnets": nodes["n1"].variables["bird_subnets"],
    }
    said = nodes["n1"].refused("conformance", timeout=0, **options)
    assert f"the kernel's route to {block(2)} of n2 goes out of ens33, not through tunl0 (ipip)" in said


def test_the_address_of_the_tunnel_is_announced_to_nobody_and_copied_nowhere(network: Network) -> None:
    nodes = begin(network, mesh(**ALWAYS))
    settles(nodes["n3"], {block(1): tunnelled(1), block(2): tunnelled(2)})
    for node in nodes.values():
        shown = node.run("birdc", "show", "route")
        assert [other.name for other in nodes.values() if tunnel_of(other) in shown] == []
        assert tunnel_of(node).partition("/")[0] not in node.run("ip", "route")


def test_a_reflector_leaves_next_hops_as_they_are_and_clients_of_other_subnets_use_the_tunnel(
    network: Network,
) -> None:
    common = {"bird_reflected": [{"prefix": POOL, "shortest": 24, "longest": 32}], **ACROSS}
    parent = {"is_route_reflector": True, "gateway": "recursive", "type": "route reflector"}
    nodes = begin(
        network,
        {
            "n1": variables_of(
                1, [peer(2, 1, is_route_reflector_client=True), peer(3, 1, is_route_reflector_client=True)], **common
            ),
            "n2": variables_of(2, [peer(1, 2, **parent)], **common),
            "n3": variables_of(3, [peer(1, 3, **parent)], **common),
        },
    )
    settles(nodes["n2"], {block(1): plain(ADDRESSES[1]), block(3): tunnelled(3)})
    settles(nodes["n3"], {block(1): tunnelled(1), block(2): tunnelled(2)})


def test_between_autonomous_systems_each_node_uses_the_tunnel_to_the_next_one(network: Network) -> None:
    owners = [{"block": block(number), "as_number": 64512 + number} for number in ADDRESSES]
    common = {"bird_transit": True, "bird_owners": owners, **ALWAYS}

    def chained(number: int, *others: int) -> Variables:
        peers = [peer(other, number, as_number=64512 + other) for other in others]
        return variables_of(number, peers, **common, bird_as_number=64512 + number)

    nodes = begin(network, {"n1": chained(1, 2), "n2": chained(2, 1, 3), "n3": chained(3, 2)})
    settles(nodes["n1"], {block(2): tunnelled(2), block(3): tunnelled(2)})
    settles(nodes["n3"], {block(2): tunnelled(2), block(1): tunnelled(2)})


def test_a_router_outside_of_the_fabric_is_sent_to_without_tunnel(network: Network) -> None:
    accept = [{"match": {"prefix": POOL, "length": "16-32"}, "action": "accept"}]
    router = {**peer(2, 1, as_number=64900, type="global", import_filter=accept), "blocks": None}
    nodes = begin(
        network,
        {
            "n1": variables_of(1, [router], **ALWAYS),
            "n2": variables_of(2, [peer(1, 2)], bird_as_number=64900, **ALWAYS),
        },
    )
    settles(nodes["n1"], {block(2): plain(ADDRESSES[2])})
    settles(nodes["n2"], {block(1): tunnelled(1)})


def test_held_routes_keep_to_the_tunnel_while_the_session_is_down(network: Network) -> None:
    nodes = begin(network, mesh(**ALWAYS))
    node, ways = nodes["n1"], WAYS["ipip"][1]
    settles(node, ways)
    node.good("bird_hold")
    with route_changes(node) as said:
        for other in (NEAR, FAR):
            node.run("birdc", "disable", f"peer_{other.replace('.', '_')}")
        assert learnt(node) == ways
        for other in (NEAR, FAR):
            node.run("birdc", "enable", f"peer_{other.replace('.', '_')}")
        node.converge()
        node.good("bird_hold", state="absent")
    assert said == []
    assert learnt(node) == ways


def test_without_a_tunnel_no_node_begins_to_use_it(network: Network) -> None:
    nodes = begin(network, mesh())
    node = nodes["n1"]
    before = learnt(node)
    node.run("ip", "link", "delete", "tunl0")
    content = render_variables({**node.variables, **ALWAYS})
    said = node.refused("bird_config", content=content, commit_timeout=10)
    assert f"{block(2)} not in the kernel" in said
    assert "BIRD has its old configuration back" in said
    settles(node, before)
    assert not node.configure()["changed"]


@pytest.mark.parametrize(
    ("changes", "way"),
    [({}, None), (ALWAYS, tunnelled(3)), (ACROSS, tunnelled(3))],
    ids=["none", "ipip", "ipip_cross_subnet"],
)
def test_a_reflected_route_to_a_node_that_cannot_be_reached_waits_in_the_tunnel_for_the_way_to_come(
    network: Network, changes: t.Mapping[str, t.Any], way: t.Optional[str]
) -> None:
    common = {"bird_reflected": [{"prefix": POOL, "shortest": 24, "longest": 32}], **changes}
    clients = [peer(other, 1, is_route_reflector_client=True) for other in (2, 3)]
    parent = {"is_route_reflector": True, "gateway": "recursive", "type": "route reflector"}
    nodes = {
        "n1": variables_of(1, clients, **common),
        "n2": variables_of(2, [peer(1, 2, **parent)], **common),
        "n3": variables_of(3, [peer(1, 3, **parent)], **common),
    }
    node = begin(network, nodes, knows_no_way=["n2"])["n2"]
    deadline = time.monotonic() + PATIENCE
    while block(3) not in node.run("ip", "route") and time.monotonic() < deadline:
        time.sleep(0.1)
    (line,) = [line for line in node.run("ip", "route").splitlines() if block(3) in line]
    assert line.split() == (f"{block(3)} {way}" if way else f"unreachable {block(3)} proto bird").split()
