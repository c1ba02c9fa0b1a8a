# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real BIRDs against hostile ones: what a peer may not announce is ignored, and strangers are not listened to."""

from __future__ import annotations

import typing as t

from bird_nodes import Network, Node, Variables, running, variables_of
from hostile_bird import eventually, networks, start_hostile


def test_what_is_not_the_announcers_own_is_ignored_by_all_and_kept_to_be_shown(network: Network) -> None:
    variables = variables_of("lab")
    nodes = network(variables, interface="eth0")
    bad = {"10.244.166.128/26", "10.244.166.130/32", "10.244.104.0/26", "0.0.0.0/0", "8.8.8.0/24", "10.244.135.0/27"}
    start_hostile(
        nodes["node3"],
        [*sorted(bad), "10.244.135.0/26"],
        {variables[name]["bird_address"]: 64512 for name in ("node1", "node2")},
    )
    honest = running({name: nodes[name] for name in ("node1", "node2")})
    eventually(lambda: all(networks(node, "filtered") == bad for node in honest.values()), "everything bad to arrive")
    expected = {
        "node1": [
            "10.244.104.0/26 via 192.168.50.11 dev eth0 proto bird",
            "10.244.135.0/26 via 192.168.50.12 dev eth0 proto bird",
            "blackhole 10.244.166.128/26 proto bird",
        ],
        "node2": [
            "blackhole 10.244.104.0/26 proto bird",
            "10.244.135.0/26 via 192.168.50.12 dev eth0 proto bird",
            "10.244.166.128/26 via 192.168.50.10 dev eth0 proto bird",
        ],
    }
    eventually(lambda: {name: node.routes() for name, node in honest.items()} == expected, "the kernels to have it")


def test_a_reflector_cannot_claim_a_block_nor_pass_on_what_is_no_block(network: Network) -> None:
    variables = variables_of("lab_route_reflector")
    names = {"rr1": variables["rr1"], "client1": variables["client1"], "client2": variables["client2"]}
    nodes = network(names, interface="eth0")
    for name in ("client1", "client2"):
        names[name]["bird_peers"] = [peer for peer in names[name]["bird_peers"] if peer["name"] == "rr1"]
    claimed = names["client2"]["bird_blocks"][0]
    own = names["rr1"]["bird_blocks"]
    start_hostile(
        nodes["rr1"],
        [claimed, "0.0.0.0/0", "8.8.8.0/24", *own],
        {names["client1"]["bird_address"]: 64512},
    )
    client = nodes["client1"]
    client.configure()
    client.start()
    eventually(lambda: networks(client, "filtered") == {claimed, "0.0.0.0/0", "8.8.8.0/24"}, "all of it to arrive")
    eventually(
        lambda: {line.split()[0] for line in client.routes()} == {"blackhole", *own},
        "what is the reflector's own to be taken",
    )


def test_a_client_cannot_claim_a_block_through_its_reflector(network: Network) -> None:
    variables = variables_of("lab_route_reflector")
    names = {name: variables[name] for name in ("rr1", "client1", "client2")}
    for name in names:
        names[name]["bird_peers"] = [peer for peer in names[name]["bird_peers"] if peer["name"] in names]
    nodes = network(names, interface="eth0")
    victim = names["client1"]["bird_blocks"][0]
    own = names["client2"]["bird_blocks"][0]
    bad = {victim, "0.0.0.0/0", victim.replace("/26", "/32")}
    start_hostile(nodes["client2"], [*sorted(bad), own], {names["rr1"]["bird_address"]: 64512})
    running({name: nodes[name] for name in ("rr1", "client1")})
    eventually(lambda: networks(nodes["rr1"], "filtered") == bad, "everything bad to arrive at the reflector")
    eventually(lambda: own in networks(nodes["client1"]), "the honest part to be reflected")
    via = names["client1"]["bird_address"]
    eventually(lambda: f"{victim} via {via} dev eth0 proto bird" in nodes["rr1"].routes(), "the victim's own to count")
    assert not {"0.0.0.0/0", victim.replace("/26", "/32")} & networks(nodes["client1"])


# Opens a connection to BIRD and a BGP session; prints what comes back, in hexadecimal.
KNOCK = """
import socket, struct, sys
with socket.create_connection((sys.argv[1], 179), timeout=120, source_address=(sys.argv[2], 0)) as peer:
    peer.settimeout(120)
    said = b""
    try:
        peer.sendall(b"\\xff" * 16 + struct.pack("!HBBHH4sB", 29, 1, 4, 64512, 90, socket.inet_aton("9.9.9.9"), 0))
        said = peer.recv(4096)
    except ConnectionError:
        pass
    print(said.hex() or "nothing")
"""


def test_a_session_from_an_address_that_nobody_named_is_refused(two: t.Tuple[Node, Node]) -> None:
    first, second = two
    second.run("ip", "address", "add", "10.4.7.99/24", "dev", "ens33")
    assert second.run("python3", "-c", KNOCK, "10.4.7.60", "10.4.7.99").strip() == "nothing"
    described = first.run("birdc", "show", "protocols")
    assert [line.split()[0] for line in described.splitlines() if " BGP " in line] == ["peer_10_4_7_200"]


def test_a_single_address_of_anothers_block_is_reached_where_it_lives(network: Network) -> None:
    variables = variables_of("lab")
    borrowed = "10.244.104.7/32"
    variables["node1"]["bird_blocks"].append(borrowed)
    for name in ("node2", "node3"):
        peers = {peer["name"]: peer for peer in variables[name]["bird_peers"]}
        peers["node1"]["blocks"].append(borrowed)
    nodes = running(network(variables, interface="eth0"))
    for name in ("node2", "node3"):
        assert "10.244.104.7 via 192.168.50.10 dev eth0 proto bird" in nodes[name].routes()
    assert "blackhole 10.244.104.0/26 proto bird" in nodes["node2"].routes()
    assert [route for route in nodes["node1"].routes() if "10.244.104.7" in route] == []
    assert "via 192.168.50.10" in nodes["node2"].run("ip", "route", "get", "10.244.104.7")


def router_variables() -> t.Dict[str, Variables]:
    variables = variables_of("lab")
    node = variables["node1"]
    node["bird_peers"] = [
        {
            "name": "tor1",
            "address": "192.168.50.11",
            "as_number": 64900,
            "type": "global",
            "aggregates": ["10.244.0.0/16"],
            "import_filter": [{"match": {"prefix": "0.0.0.0/0"}, "action": "accept"}],
        },
        {"name": "tor2", "address": "192.168.50.12", "as_number": 64901, "type": "global"},
    ]
    return variables


def test_a_router_learns_the_aggregate_that_it_asked_for_and_gives_what_it_may(network: Network) -> None:
    variables = router_variables()
    nodes = network(variables, interface="eth0")
    node, tor1, tor2 = nodes["node1"], nodes["node2"], nodes["node3"]
    # The names of the lab's nodes stand for routers here.
    address = node.variables["bird_address"]
    start_hostile(tor1, ["0.0.0.0/0", "10.244.166.192/27", "8.8.8.0/24"], {address: 64512}, as_number=64900)
    start_hostile(tor2, ["0.0.0.0/0", "9.9.9.0/24"], {address: 64512}, as_number=64901)
    node.configure()
    node.start()
    node.converge()

    def learnt(router: Node) -> t.Set[str]:
        return networks(router, "where", "source", "=", "RTS_BGP")

    eventually(lambda: learnt(tor1) == {"10.244.0.0/16"}, "the aggregate at the router that asked for it")
    eventually(lambda: learnt(tor2) == {"10.244.166.128/26"}, "the block at the other router")
    eventually(
        lambda: networks(node, "filtered") == {"0.0.0.0/0", "9.9.9.0/24", "10.244.166.192/27", "8.8.8.0/24"},
        "everything that is not wanted to arrive",
    )
    wanted = {
        "default via 192.168.50.11 dev eth0 proto bird",
        "blackhole 10.244.166.128/26 proto bird",
        # What nobody has is not sent back along the default route.
        "unreachable 10.244.0.0/16 proto bird",
    }
    eventually(lambda: set(node.routes()) == wanted, "the default route, and nothing else, to be in the kernel")
    # Without a block inside it, the aggregate goes.
    node.configure(bird_blocks=["10.9.0.0/26"])
    eventually(lambda: learnt(tor1) == {"10.9.0.0/26"}, "the aggregate to be withdrawn")


def test_a_password_and_bfd_and_ttl_security_hold_a_session_together(network: Network) -> None:
    variables = variables_of("two_nodes")
    for node in variables.values():
        node.update(bird_password="a long password, with ; and #", bird_bfd=True)
    nodes = running(network(variables))
    shown = nodes["node1"].run("birdc", "show", "protocols", "all", "peer_10_4_7_200")
    assert "Established" in shown
    eventually(
        lambda: " Up " in nodes["node1"].run("birdc", "show", "bfd", "sessions"),
        "BFD to watch the session",
    )
    assert "a long password" not in nodes["node1"].config()


def test_without_the_password_there_is_no_session(network: Network) -> None:
    variables = variables_of("two_nodes")
    variables["node1"]["bird_password"] = "one"
    variables["node2"]["bird_password"] = "another"
    nodes = network(variables)
    for node in nodes.values():
        node.configure()
        node.start()
    eventually(
        lambda: "TCP segments so far came with another password" in nodes["node1"].session()["info"],
        "the kernel's count of them to be told",
    )
    said = nodes["node1"].refused("bird_info", peers=nodes["node1"].peers, wait_for="established", timeout=1)
    assert "0/1 sessions up" in said
