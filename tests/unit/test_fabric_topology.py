# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions of each topology and of the peers beside it, as host variables."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import (
    all_variables,
    host_variables,
    node_variables,
    router_variables,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import (
    COMPUTED_VARIABLES,
    CheckedFabric,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

HEAD = """\
plugin: purel3.fabric.fabric
as_number: 64512
pools: [{cidr: 10.244.0.0/16}]
"""
NODES = """\
nodes:
  n1: {address: 192.168.50.1/24, interface: ens33, labels: {rack: a}}
  n2: {address: 192.168.50.2/24, interface: ens33, labels: {rack: b}}
  n3: {address: 192.168.50.3/24, interface: ens33}
"""
FAR = NODES.replace("192.168.50.3", "192.168.51.3")

Variables = t.Dict[str, t.Any]


def checked(text: str) -> CheckedFabric:
    faults = Faults("site.fabric.yml")
    return check_fabric(Source(faults, load(text, faults), Faults("site.allocations.txt"), backends=BACKENDS))


def peers(text: str, node: str) -> t.Dict[str, Variables]:
    """A node's peers by name."""
    return {peer["name"]: peer for peer in host_variables(checked(HEAD + text))[node]["bird_peers"]}


def defaults(text: str) -> Variables:
    """The variables that all nodes share."""
    return node_variables(checked(HEAD + text))


REFLECTORS = "topology: route_reflector\nroute_reflectors: [n1, n2]\n"


def test_a_client_has_sessions_with_the_reflectors_only() -> None:
    found = peers(REFLECTORS + NODES, "n3")
    assert sorted(found) == ["n1", "n2"]
    assert all(peer["is_route_reflector"] and peer["type"] == "route reflector" for peer in found.values())
    assert not any("is_route_reflector_client" in peer for peer in found.values())


def test_a_reflector_has_all_others_as_clients_but_other_reflectors() -> None:
    found = peers(REFLECTORS + NODES, "n1")
    assert found["n3"]["is_route_reflector_client"]
    assert "is_route_reflector" not in found["n3"]
    assert found["n2"]["is_route_reflector"]
    assert "is_route_reflector_client" not in found["n2"]


def test_the_cluster_id_of_a_reflector_is_its_router_id_unless_it_is_given() -> None:
    nodes = NODES.replace("interface: ens33", "interface: ens33, route_reflector_cluster_id: 1.0.0.1", 1)
    hosts = host_variables(checked(HEAD + REFLECTORS + nodes))
    ids = [hosts[name].get("bird_route_reflector_cluster_id") for name in ("n1", "n2", "n3")]
    assert ids == ["1.0.0.1", "192.168.50.2", None]


def test_reflectors_share_a_cluster_id_only_when_asked_for() -> None:
    nodes = NODES.replace("interface: ens33", "interface: ens33, route_reflector_cluster_id: 1.0.0.1", 2)
    hosts = host_variables(checked(f"{HEAD}{REFLECTORS}allow_shared_cluster_id: true\n{nodes}"))
    assert hosts["n1"]["bird_route_reflector_cluster_id"] == hosts["n2"]["bird_route_reflector_cluster_id"]


def test_next_hops_are_looked_up_where_reflected_routes_may_lead_into_another_subnet() -> None:
    assert "gateway" not in peers(REFLECTORS + NODES, "n2")["n1"]
    assert peers(REFLECTORS + FAR, "n2")["n1"]["gateway"] == "recursive"
    assert "gateway" not in peers(REFLECTORS + FAR, "n3")["n1"], "a peer in another subnet is always looked up"
    assert peers(REFLECTORS + FAR, "n3")["n1"]["is_direct"] is False


def test_reflectors_may_pass_on_blocks_and_single_addresses_of_the_pools() -> None:
    assert defaults(REFLECTORS + NODES)["bird_reflected"] == [
        {"prefix": "10.244.0.0/16", "shortest": 26, "longest": 32}
    ]
    assert defaults(NODES) == {}


def test_without_a_topology_there_are_no_sessions() -> None:
    assert peers("topology: none\n" + NODES, "n1") == {}


def test_one_reflector_gives_a_warning() -> None:
    assert checked(HEAD + REFLECTORS.replace(", n2", "") + NODES).warnings == [
        "site.fabric.yml:5: n1 is the only route reflector: while it is away, no node learns of any change; "
        "add a second one"
    ]
    assert checked(HEAD + REFLECTORS + NODES).warnings == []


def test_more_than_100_nodes_in_a_full_mesh_give_a_warning_that_says_why() -> None:
    def mesh(count: int) -> str:
        nodes = [f"  n{i}: {{address: 10.9.0.{i + 1}/24, interface: ens33}}" for i in range(count)]
        return "\n".join([f"{HEAD}topology: full_mesh", "nodes:", *nodes])

    assert checked(mesh(100)).warnings == []
    assert checked(mesh(101)).warnings == [
        "site.fabric.yml:4: topology full_mesh gives 101 nodes 5050 sessions, 100 on each; their number grows with the "
        "square of the nodes'; above 100 nodes use topology: route_reflector"
    ]


def test_a_rule_gives_each_node_an_as_number_of_its_own() -> None:
    text = HEAD.replace("64512", "50000 + last_octet") + FAR
    hosts = host_variables(checked(text))
    assert [hosts[name]["bird_as_number"] for name in ("n1", "n2", "n3")] == [50001, 50002, 50003]


def test_a_rule_that_gives_two_nodes_one_number_gives_a_warning() -> None:
    nodes = NODES.replace("192.168.50.3", "192.168.51.1")
    assert checked(HEAD.replace("64512", "50000 + last_octet") + nodes).warnings == [
        "site.fabric.yml:7: n3: as_number 50001 is also n1's by the rule of as_number; give it an as_number of its own "
        "if that is not meant"
    ]


ROUTER = "address: 192.168.50.254, as_number: 64900"


@pytest.mark.parametrize(
    ("entry", "nodes", "type_"),
    [
        (f"{{{ROUTER}}}", "n1 n2 n3", "global"),
        (f"{{{ROUTER}, node: n2}}", "n2", "node specific"),
        (f"{{{ROUTER}, selector: rack == 'a'}}", "n1", "node specific"),
        (f"{{{ROUTER}, selector: '!has(rack)'}}", "n3", "node specific"),
        (f"{{{ROUTER}, selector: all()}}", "n1 n2 n3", "node specific"),
    ],
)
def test_a_router_is_the_peer_of_all_nodes_of_selected_ones_or_of_one(entry: str, nodes: str, type_: str) -> None:
    hosts = host_variables(checked(f"{HEAD}topology: none\npeers:\n  tor: {entry}\n{NODES}"))
    assert " ".join(name for name, variables in hosts.items() if variables["bird_peers"]) == nodes
    assert {peer["type"] for variables in hosts.values() for peer in variables["bird_peers"]} == {type_}


def test_a_router_has_no_blocks_and_is_direct_in_a_subnet_of_the_nodes() -> None:
    found = peers(f"peers:\n  tor: {{{ROUTER}, port: 1179}}\n{FAR}", "n1")["tor"]
    assert found == {
        "name": "tor",
        "address": "192.168.50.254",
        "as_number": 64900,
        "is_direct": True,
        "type": "global",
        "port": 1179,
    }
    assert peers(f"peers:\n  tor: {{{ROUTER}}}\n{FAR}", "n3")["tor"]["is_direct"] is False
    assert peers(f"peers:\n  tor: {{{ROUTER}, multihop: 3}}\n{FAR}", "n1")["tor"]["is_direct"] is False


LINKED = """\
nodes:
  n1:
    as_number: 100
    address: 192.168.50.1/24
    interface: ens33
    interfaces: {eth1: {address: 10.0.13.1/24}}
  n2: {as_number: 200, address: 192.168.50.2/24, interface: ens33}
  n3:
    as_number: 300
    address: 192.168.53.3/24
    interface: ens33
    interfaces: {eth7: {address: 10.0.13.3/24}}
"""


def link(options: str = "", nodes: str = "node: n1, peer_node: n3") -> str:
    return f"topology: none\npeers:\n  link: {{{nodes}{options}}}\n{LINKED}"


def test_two_nodes_meet_in_their_own_subnet_first() -> None:
    text = link(nodes="node: n1, peer_node: n2")
    assert peers(text, "n1")["n2"]["address"] == "192.168.50.2"
    assert peers(text, "n2")["n1"] == {
        "name": "n1",
        "address": "192.168.50.1",
        "as_number": 100,
        "is_direct": True,
        "blocks": ["10.244.0.0/26"],
        "type": "node specific",
    }


def test_two_nodes_meet_in_the_subnet_of_further_interfaces() -> None:
    near, far = peers(link(), "n1")["n3"], peers(link(), "n3")["n1"]
    assert (near["address"], near["source_address"], near["is_direct"]) == ("10.0.13.3", "10.0.13.1", True)
    assert (far["address"], far["source_address"], far["is_direct"]) == ("10.0.13.1", "10.0.13.3", True)


def test_two_nodes_without_a_common_subnet_are_not_direct() -> None:
    text = link(nodes="node: n2, peer_node: n3", options=", multihop: 4")
    for node, other in (("n2", "n3"), ("n3", "n2")):
        peer = peers(text, node)[other]
        assert (peer["is_direct"], peer["multihop"], "source_address" in peer) == (False, 4, False)


def test_what_is_of_one_end_stays_there_and_the_rest_holds_at_both() -> None:
    one_end = "local_as_number: 150, passive: true, source_address: 10.0.13.1, communities: ['1:2']"
    text = link(f", {one_end}, hold_time: 9, bfd: true, password: '{{{{ secret }}}}'")
    hosts = host_variables(checked(HEAD + text))
    near, far = hosts["n1"]["bird_peers"][0], hosts["n3"]["bird_peers"][0]
    assert (near["local_as_number"], near["passive"], near["communities"]) == (150, True, ["1:2"])
    assert not {"local_as_number", "passive", "communities"} & set(far)
    assert far["as_number"] == 150
    assert (near["hold_time"], near["bfd"]) == (far["hold_time"], far["bfd"]) == (9, True)
    assert hosts["n1"]["bird_passwords"] == {"n3": "{{ secret }}"}
    assert hosts["n3"]["bird_passwords"] == {"n1": "{{ secret }}"}


def test_a_router_on_a_further_interface_is_spoken_to_from_there() -> None:
    text = f"topology: none\npeers: {{tor: {{node: n1, address: 10.0.13.254, as_number: 64900}}}}\n{LINKED}"
    found = peers(text, "n1")["tor"]
    assert (found["source_address"], found["is_direct"]) == ("10.0.13.1", True)


FILTERS = "filters: {nets: [{match: {prefix: 10.244.0.0/16, length: 16-32}, action: accept}]}\n"


def test_options_of_all_sessions_are_variables_that_all_nodes_share() -> None:
    bgp = (
        "{password: '{{ secret }}', ttl_security: false, bfd: true, bfd_interval: 100, bfd_multiplier: 5, "
        "hold_time: 30, keepalive_time: 10, error_wait_time: [2, 20], send_hold_time: 0, next_hop: self, "
        "communities: ['64512:1'], import_limit: 9, import_limit_action: warn}"
    )
    includes = "bird_includes: [/etc/bird/mine.conf, /etc/bird/own/*.conf]"
    assert defaults(f"ecmp_paths: 4\n{includes}\nbgp: {bgp}\n{NODES}") == {
        "bird_password": "{{ secret }}",
        "bird_ttl_security": False,
        "bird_bfd": True,
        "bird_bfd_interval": 100,
        "bird_bfd_multiplier": 5,
        "bird_hold_time": 30,
        "bird_keepalive_time": 10,
        "bird_error_wait_time": [2, 20],
        "bird_send_hold_time": 0,
        "bird_next_hop": "self",
        "bird_communities": ["64512:1"],
        "bird_import_limit": 9,
        "bird_import_limit_action": "warn",
        "bird_ecmp_paths": 4,
        "bird_includes": ["/etc/bird/mine.conf", "/etc/bird/own/*.conf"],
    }


def test_a_filter_of_all_sessions_is_at_every_peer_that_has_none_of_its_own() -> None:
    text = (
        f"{FILTERS}bgp: {{import_filter: nets, aggregates: [10.244.0.0/16]}}\n"
        f"peers: {{tor: {{{ROUTER}}}, own: {{address: 192.168.50.253, as_number: 1, import_filter: one}}}}\n{NODES}"
    ).replace("filters: {", "filters: {one: [{action: accept}], ")
    found = peers(text, "n1")
    rule = {"match": {"prefix": "10.244.0.0/16", "length": "16-32"}, "action": "accept"}
    assert found["n2"]["import_filter"] == found["tor"]["import_filter"] == [rule]
    assert found["own"]["import_filter"] == [{"action": "accept"}]
    assert found["tor"]["aggregates"] == ["10.244.0.0/16"]
    assert "aggregates" not in found["n2"], "nodes take each other's exact blocks only"


def test_an_empty_password_of_a_peer_is_none_where_all_have_one() -> None:
    text = f"bgp: {{password: '{{{{ secret }}}}'}}\npeers: {{tor: {{{ROUTER}, password: ''}}}}\n{NODES}"
    assert host_variables(checked(HEAD + text))["n1"]["bird_passwords"] == {"tor": ""}


def test_with_transit_the_owner_of_every_block_is_known_with_its_as_number() -> None:
    found = defaults(link(options=", local_as_number: 150").replace("topology", "transit: true\ntopology"))
    assert found["bird_transit"] is True
    assert found["bird_owners"] == [
        {"block": "10.244.0.0/26", "as_number": 100},
        {"block": "10.244.0.0/26", "as_number": 150},
        {"block": "10.244.0.64/26", "as_number": 200},
        {"block": "10.244.0.128/26", "as_number": 300},
    ]


CARRIED = "topology: none\npeers: {tor: {address: 192.168.50.254, as_number: 64900, carries_blocks: true}}\n"


def test_where_there_are_routers_nodes_know_what_no_router_may_claim() -> None:
    assert defaults(NODES) == {}
    found = defaults(f"peers: {{tor: {{{ROUTER}}}}}\n{NODES}")
    assert found == {
        "bird_pools": ["10.244.0.0/16"],
        "bird_node_addresses": ["192.168.50.1/24", "192.168.50.2/24", "192.168.50.3/24"],
    }
    changing = NODES.replace("n1: {", "n1: {old_address: 192.168.50.4/24, ")
    assert defaults(f"peers: {{tor: {{{ROUTER}}}}}\n{changing}")["bird_node_addresses"] == [
        *("192.168.50.1/24", "192.168.50.2/24", "192.168.50.3/24", "192.168.50.4/24")
    ]


def test_where_a_router_carries_blocks_their_owners_are_known_by_what_it_sees_of_them() -> None:
    text = CARRIED.replace("carries", "local_as_number: 65001, node: n1, carries") + NODES
    assert defaults(text)["bird_owners"] == [
        {"block": "10.244.0.0/26", "as_number": 64512, "router_id": "192.168.50.1"},
        {"block": "10.244.0.0/26", "as_number": 65001, "router_id": "192.168.50.1"},
        {"block": "10.244.0.64/26", "as_number": 64512, "router_id": "192.168.50.2"},
        {"block": "10.244.0.128/26", "as_number": 64512, "router_id": "192.168.50.3"},
    ]
    assert peers(text, "n1")["tor"]["carries_blocks"] is True
    assert "gateway" not in peers(CARRIED + NODES, "n1")["tor"]
    # What it carries may then lead into another subnet.
    assert peers(CARRIED + FAR, "n1")["tor"]["gateway"] == "recursive"


def test_flows_are_spread_by_their_ports_where_there_are_several_paths_and_routers_are_not_redirected() -> None:
    interfaces = NODES.replace("ens33, labels: {rack: a}", "ens33, interfaces: {eth0.7: {address: 10.0.7.1/24}}")
    told = f"peers: {{tor: {{{ROUTER}, node: n1, aggregates: [10.244.0.0/16]}}}}\n"
    for text, expected in (
        ("", [None, None]),
        ("ecmp_paths: 1\n", [None, None]),
        ("ecmp_paths: 2\n", [{"net.ipv4.fib_multipath_hash_policy": 1}] * 2),
        (
            told,
            [{f"net/ipv4/conf/{name}/send_redirects": 0 for name in ("all", "ens33", "eth0.7")}, None],
        ),
    ):
        hosts = host_variables(checked(HEAD + text + interfaces))
        assert [hosts[name].get("node_forwarding_sysctls") for name in ("n1", "n2")] == expected


SAME_AS = (
    "site.fabric.yml:5: tor: n1 and n2 are both AS 64512 to it, and each refuses the other's blocks, which come with "
    "that number in their path; give each node an as_number of its own, or set allow_local_as: 1; where the router "
    "puts its own number in place of theirs (as-override), set allow_local_as: 0"
)
APART = (
    "site.fabric.yml:6: tor: n1 and n2 have no session with each other, and nothing inside of the pools is taken from "
    "a router, whatever import_filter accepts; set carries_blocks: true if it passes on their blocks"
)
TAKING = "topology: none\nfilters: {all: [{action: accept}]}\npeers: {tor: {address: 192.168.50.254, as_number: 64900"


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        (CARRIED, [SAME_AS]),
        (CARRIED.replace("true", "true, allow_local_as: 1"), []),
        (CARRIED.replace("true", "true, allow_local_as: 0"), []),
        (CARRIED.replace("as_number: 64900", "as_number: 64512"), []),
        (CARRIED.replace("true", "true, node: n1"), []),
        (f"{TAKING}, import_filter: all}}}}\n", [APART]),
        (f"transit: true\n{TAKING}, import_filter: all}}}}\n", []),
        (f"{TAKING}, import_filter: all}}}}\n".replace("none", "full_mesh"), []),
        (f"{TAKING}, import_filter: all, node: n1}}}}\n", []),
        (f"{TAKING}, import_filter: all, carries_blocks: true, allow_local_as: 1}}}}\n", []),
        (f"{TAKING}, import_filter: all}}}}\n".replace("[{action", "[{match: {prefix: 0.0.0.0/0}, action"), []),
        (f"{TAKING}, import_filter: all}}}}\n".replace("[{action", "[{match: {length: 24-32}, action"), [APART]),
        (f"{TAKING}}}}}\n", []),
    ],
)
def test_that_a_router_will_bring_no_blocks_is_told_from_the_file(text: str, warnings: t.List[str]) -> None:
    assert checked(HEAD + text + NODES).warnings == warnings


BY_FRR = "site.fabric.yml:4: tor: with TTL security FRR does not end this session when BFD finds a node dead; "


@pytest.mark.parametrize(
    ("options", "is_told"),
    [
        ("bfd: true", True),
        ("bfd: true, ttl_security: true", True),
        ("bfd: true, ttl_security: false", False),
        ("bfd: true, ttl_security: true, multihop: 1", False),
        ("bfd: false", False),
    ],
)
def test_that_frr_would_not_watch_a_session_is_told_from_the_file(options: str, is_told: bool) -> None:
    text = f"peers: {{tor: {{{ROUTER}, {options}}}}}\n{NODES}"
    warnings = checked(HEAD + text + LAB).warnings
    assert warnings == ([f"{BY_FRR}set multihop: 1, or ttl_security: false"] if is_told else [])
    assert checked(HEAD + text).warnings == []
    assert checked(HEAD.replace("64512", "64900") + text + LAB).warnings == []


SINGLES = """\
workloads:
  own: {node: n1}
  moved: {node: n2, address: 10.244.0.0}
"""


def test_a_single_address_is_announced_by_its_node_and_taken_by_its_peers() -> None:
    blocks = NODES.replace("interface: ens33, labels: {rack: a}", "interface: ens33, blocks: [10.244.0.0/26]")
    hosts = host_variables(checked(HEAD + blocks + SINGLES))
    assert hosts["n2"]["bird_blocks"] == ["10.244.0.0/32", "10.244.0.64/26"]
    assert (
        next(peer for peer in hosts["n1"]["bird_peers"] if peer["name"] == "n2")["blocks"] == hosts["n2"]["bird_blocks"]
    )
    assert hosts["n1"]["bird_blocks"] == ["10.244.0.0/26"]
    assert hosts["n1"]["node_workloads"][0]["address"] == "10.244.0.1", "the first one is taken"


def test_a_single_address_is_no_allocation_but_a_route_of_the_fabric() -> None:
    blocks = NODES.replace("interface: ens33, labels: {rack: a}", "interface: ens33, blocks: [10.244.0.0/26]")
    variables = all_variables(checked(HEAD + blocks + SINGLES), "/x")
    assert variables["fabric_allocation_store"]["addresses"] == {"10.244.0.1": "own"}
    assert "block=10.244.0.0/32 node=n2" in variables["fabric_blocks"].split(",")


def test_a_dedicated_node_owns_nothing_and_is_a_peer_like_any_other() -> None:
    nodes = NODES.replace("interface: ens33", "interface: ens33, blocks: []", 1)
    hosts = host_variables(checked(HEAD + REFLECTORS + nodes))
    assert hosts["n1"]["bird_blocks"] == []
    assert hosts["n3"]["bird_peers"][0]["blocks"] == []


LAB = """\
lab:
  routers:
    tor: {address: 192.168.50.254/24, as_number: 64900, announces: [0.0.0.0/0]}
"""


def test_a_router_of_the_lab_knows_the_other_ends_of_its_sessions() -> None:
    text = (
        f"bgp: {{password: '{{{{ secret }}}}', hold_time: 9}}\n"
        f"peers: {{tor: {{{ROUTER}, selector: has(rack), bfd: true, local_as_number: 65000}}}}\n{NODES}{LAB}"
    )
    fabric = checked(HEAD + text)
    router = all_variables(fabric, "/x")["lab_routers"][0]
    assert (router["name"], router["interface"], router["address"]) == ("tor", "eth0", "192.168.50.254/24")
    assert (router["as_number"], router["announces"]) == (64900, ["0.0.0.0/0"])
    assert [peer["name"] for peer in router["peers"]] == ["n1", "n2"]
    assert router["peers"][0] == {
        "name": "n1",
        "address": "192.168.50.1",
        "as_number": 65000,
        "is_direct": True,
        "bfd": True,
        "ttl_security": True,
        "password": "{{ secret }}",
        "hold_time": 9,
    }
    assert router_variables(fabric)["tor"]["ansible_host"] == "192.168.50.254"


@pytest.mark.parametrize(("written", "is_on"), [("", True), (", ttl_security: false", False), (", multihop: 2", False)])
def test_a_router_of_the_lab_expects_what_the_nodes_send(written: str, *, is_on: bool) -> None:
    fabric = checked(f"{HEAD}peers: {{tor: {{{ROUTER}{written}}}}}\n{NODES}{LAB}")
    assert all_variables(fabric, "/x")["lab_routers"][0]["peers"][0]["ttl_security"] is is_on


def test_further_interfaces_of_a_node_are_part_of_the_lab() -> None:
    nodes = all_variables(checked(HEAD + link() + "lab: {}\n"), "/x")["lab_nodes"]
    assert nodes[0]["interfaces"] == [{"name": "eth1", "address": "10.0.13.1/24"}]
    assert "interfaces" not in nodes[1]


def test_whatever_is_computed_is_refused_among_the_users_own_variables() -> None:
    texts = [
        HEAD
        + REFLECTORS
        + f"bgp: {{password: '{{{{ x }}}}'}}\npeers: {{tor: {{{ROUTER}, password: '', aggregates: [10.244.0.0/16]}}}}\n"
        + NODES
        + LAB,
        HEAD + "transit: true\nmissing_namespace: warn\npolicy: {}\n" + NODES,
        HEAD.replace("10.244.0.0/16", "10.244.0.0/16, encapsulation: ipip_cross_subnet") + NODES,
        HEAD + NODES.replace("n1: {", "n1: {old_address: 192.168.50.4/24, ") + "lab: {backend: qemu}\n",
    ]
    computed: t.Set[str] = {"fabric_file"}
    for text in texts:
        computed |= set(host_variables(checked(text))["n1"]) | set(all_variables(checked(text), "/x"))
        computed |= {
            name
            for name in node_variables(checked(text))
            if name.startswith(("bird_", "node_tunnel", "node_missing", "policy_"))
        }
    # Of a mode with another module than that of ipip.
    computed.add("node_tunnel_module")
    assert computed - {"ansible_host", "ansible_port"} == set(COMPUTED_VARIABLES)


def test_nodes_that_see_a_peer_alike_share_one_description_of_it() -> None:
    hosts = host_variables(checked(f"{HEAD}{REFLECTORS}peers: {{tor: {{{ROUTER}}}}}\n{NODES}"))
    for name in ("n1", "tor"):
        seen = [peer for node in ("n2", "n3") for peer in hosts[node]["bird_peers"] if peer["name"] == name]
        assert seen[0] is seen[1]


def test_a_fabric_of_reflectors_has_as_many_sessions_per_node_however_large_it_is() -> None:
    nodes = [f"  n{i}: {{address: 172.16.{i // 250}.{i % 250 + 1}/16, interface: ens33}}" for i in range(1, 1001)]
    text = "\n".join([HEAD + REFLECTORS + "nodes:", *nodes]).replace("10.244.0.0/16", "10.0.0.0/8")
    assert sum(len(variables["bird_peers"]) for variables in host_variables(checked(text)).values()) < 4 * 1000


KEEP = "next_hop keep has no effect: nodes pass no routes on, and their own have none to keep; remove it, or set"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("bgp: {next_hop: keep}\n", ["bgp"]),
        ("bgp: {next_hop: self}\n", []),
        ("bgp: {next_hop: keep}\ntransit: true\n", []),
        ("peers: {tor1: {address: 192.0.2.1, as_number: 65001, next_hop: keep}}\n", ["tor1"]),
        (
            "peers: {tor1: {address: 192.0.2.1, as_number: 65001, next_hop: keep, export_filter: all}}\n"
            "filters: {all: [{action: accept}]}\n",
            [],
        ),
        (f"bgp: {{next_hop: keep}}\n{REFLECTORS}", []),
    ],
)
def test_a_next_hop_that_nobody_keeps_is_told(text: str, titles: t.List[str]) -> None:
    found = [warning for warning in checked(HEAD + text + NODES).warnings if KEEP in warning]
    assert [warning.split(": ")[1] for warning in found] == titles
