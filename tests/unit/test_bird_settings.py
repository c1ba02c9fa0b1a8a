# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before a bird.conf is rendered: every value that BIRD, or a neighbour, would stumble over."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.want.settings import parse

NODE: t.Dict[str, t.Any] = {
    "bird_address": "192.168.50.10",
    "bird_router_id": "192.168.50.10",
    "bird_as_number": 64512,
    "bird_blocks": ["10.244.166.128/26"],
    "bird_peers": [
        {"name": "node2", "address": "192.168.50.11", "as_number": 64512, "blocks": ["10.244.104.0/26"]},
        {"name": "node3", "address": "192.168.50.12", "as_number": 64512, "blocks": ["10.244.135.0/26"]},
    ],
}

INJECTION = 'x"; } protocol static { ipv4; route 0.0.0.0/0 blackhole; } #'

# What is set on the node, and what the report must say of it.
BAD_NODES: t.Dict[str, t.Tuple[t.Dict[str, t.Any], str]] = {
    "router id zero": (
        {"bird_router_id": "0.0.0.0"},
        "bird_router_id: '0.0.0.0' is not a router id; use 0.0.0.1 to 223",
    ),
    "router id multicast": ({"bird_router_id": "224.0.0.1"}, "bird_router_id: '224.0.0.1' is not a router id"),
    "router id with text": ({"bird_router_id": "1.1.1.1; filter x"}, "is not an IPv4 address"),
    "router id is a number": (
        {"bird_router_id": 3232248330},
        "bird_router_id: 3232248330 is not text; write it in quotes",
    ),
    "address with prefix length": ({"bird_address": "192.168.50.10/24"}, "has a prefix length; write 192.168.50.10"),
    "address of version 6": (
        {"bird_address": "fd00::1"},
        "bird_address: 'fd00::1' is IPv6, which is not supported yet; use an IPv4 address",
    ),
    "address with newline": ({"bird_address": "192.168.50.10\n"}, "is not an IPv4 address"),
    "address missing": ({"bird_address": None}, "bird_address is missing"),
    "AS number missing": ({"bird_as_number": None}, "bird_as_number is missing"),
    "AS number zero": (
        {"bird_as_number": 0},
        "bird_as_number: 0 is an AS number that must not be used (reserved); use 1 to 4294967294",
    ),
    "AS number too large": (
        {"bird_as_number": 2**32},
        "bird_as_number: 4294967296 is not an AS number; use 1 to 4294967294",
    ),
    "AS number with text": ({"bird_as_number": "64512; }"}, "is not a whole number; write it in digits"),
    "AS number is a truth": ({"bird_as_number": True}, "bird_as_number: True is not a whole number"),
    "AS number with a point": ({"bird_as_number": 1.5}, "is not a whole number"),
    "block with host bits": ({"bird_blocks": ["10.244.166.129/26"]}, "has host bits set; write 10.244.166.128/26"),
    "block without length": ({"bird_blocks": ["10.244.166.128"]}, "bird_blocks[0]: '10.244.166.128' is not a block"),
    "block with text": ({"bird_blocks": [f"10.0.0.0/8{INJECTION}"]}, "is not a block"),
    "block with a mask too long": ({"bird_blocks": ["10.0.0.0/33"]}, "is not a block"),
    "blocks that overlap": (
        {"bird_blocks": ["10.1.0.0/16", "10.1.2.0/24"]},
        "block 10.1.2.0/24 of this node overlaps 10.1.0.0/16 of this node",
    ),
    "block of a peer": (
        {"bird_blocks": ["10.244.104.0/24"]},
        "block 10.244.104.0/26 of node2 overlaps 10.244.104.0/24 of this node",
    ),
    "blocks not a list": ({"bird_blocks": "10.244.166.128/26"}, "bird_blocks: '10.244.166.128/26' is not a list"),
    "metric negative": (
        {"bird_kernel_metric": -1},
        "bird_kernel_metric: -1 is out of range; use 0 (no metric) to 4294967295",
    ),
    "hold time of two": ({"bird_hold_time": 2}, "bird_hold_time: 2 is out of range; use 3 to 65535 seconds"),
    "scan time zero": ({"bird_kernel_scan_time": 0}, "bird_kernel_scan_time: 0 is out of range; use 1 to 3600 seconds"),
    "error wait not a pair": ({"bird_error_wait_time": 5}, "bird_error_wait_time: 5 is not a list"),
    "error wait going down": (
        {"bird_error_wait_time": [30, 5]},
        "bird_error_wait_time: [30, 5] goes down, from 30 to 5; give the shortest and the longest pause",
    ),
    "log with quote": ({"bird_log": '/var/log/x" all; #'}, "bird_log: '/var/log/x\" all; #' is not an absolute path"),
    "log relative": ({"bird_log": "bird.log"}, "is not an absolute path"),
    "include with newline": ({"bird_includes": ["/etc/bird/x.conf\n"]}, "bird_includes[0]"),
    "unknown key": ({"bird_peer": []}, "'bird_peer' is not known; did you mean bird_peers?"),
    "peers not a list": ({"bird_peers": {"node2": {}}}, "bird_peers: {'node2': {}} is not a list"),
    "cluster id no address": ({"bird_route_reflector_cluster_id": "one"}, "is not an IPv4 address"),
    "cluster id a number": ({"bird_route_reflector_cluster_id": 1}, "bird_route_reflector_cluster_id: 1 is not text"),
    "transit neither true nor false": ({"bird_transit": "perhaps"}, "bird_transit: 'perhaps' is neither true nor"),
    "owners without transit": (
        {"bird_owners": [{"block": "10.244.1.0/26", "as_number": 64512}]},
        "bird_owners: it is for transit, and for routers that carry blocks; set bird_transit: true or a peer's",
    ),
    "owner with another identity than a router's": (
        {"bird_transit": True, "bird_owners": [{"block": "10.244.1.0/26", "as_number": 1, "router_id": "0.0.0.0"}]},
        "bird_owners[0].router_id: '0.0.0.0' is not a router id",
    ),
    "pool with host bits": ({"bird_pools": ["10.244.0.1/16"]}, "bird_pools[0]: '10.244.0.1/16' has host bits set"),
    "node address without its subnet": (
        {"bird_node_addresses": ["192.168.50.10"]},
        "bird_node_addresses[0]: '192.168.50.10' has no prefix length",
    ),
    "owner without AS number": ({"bird_owners": [{"block": "10.244.1.0/26"}]}, "give a mapping with block, as_number"),
    "owner of what is no block": (
        {"bird_transit": True, "bird_owners": [{"block": INJECTION, "as_number": 1}]},
        "bird_owners[0].block",
    ),
    "reflected wider than the pool": (
        {"bird_reflected": [{"prefix": "10.244.0.0/16", "shortest": 8, "longest": 32}]},
        "bird_reflected[0].shortest: 8 is wider than 10.244.0.0/16",
    ),
    "reflected default route": (
        {"bird_reflected": [{"prefix": "0.0.0.0/0", "shortest": 0, "longest": 0}]},
        "bird_reflected[0].shortest: 0 is out of range; use 1 to 32",
    ),
    "reflected lengths that go down": (
        {"bird_reflected": [{"prefix": "10.244.0.0/16", "shortest": 26, "longest": 24}]},
        "bird_reflected[0].longest: 24 is out of range; use 26 to 32",
    ),
    "encapsulation without mode": (
        {"bird_encapsulation": [{"prefix": "10.244.0.0/16"}]},
        "bird_encapsulation[0]: {'prefix': '10.244.0.0/16'} is not of this kind; give a mapping with prefix, mode",
    ),
    "encapsulation unknown": (
        {"bird_encapsulation": [{"prefix": "10.244.0.0/16", "mode": "vxlan"}]},
        "bird_encapsulation[0].mode: 'vxlan' is not known; use one of ipip, ipip_cross_subnet",
    ),
    "encapsulation of what is no pool": (
        {"bird_encapsulation": [{"prefix": INJECTION, "mode": "ipip"}]},
        "bird_encapsulation[0].prefix",
    ),
    "encapsulation of one pool in two ways": (
        {
            "bird_subnets": ["192.168.50.0/24"],
            "bird_encapsulation": [
                {"prefix": "10.244.0.0/16", "mode": "ipip"},
                {"prefix": "10.244.0.0/16", "mode": "ipip_cross_subnet"},
            ],
        },
        "bird_encapsulation: 10.244.0.0/16 overlaps 10.244.0.0/16; name each pool once",
    ),
    "encapsulation between subnets that nobody named": (
        {"bird_encapsulation": [{"prefix": "10.244.0.0/16", "mode": "ipip_cross_subnet"}]},
        "bird_subnets: it is empty, but ipip_cross_subnet depends on them; give the subnets that the node is in",
    ),
    "subnet with host bits": ({"bird_subnets": ["192.168.50.10/24"]}, "bird_subnets[0]: '192.168.50.10/24' has host"),
    "no path at all": ({"bird_ecmp_paths": 0}, "bird_ecmp_paths: 0 is out of range; use 1 to 255"),
    "TTL security perhaps": (
        {"bird_ttl_security": "perhaps"},
        "bird_ttl_security: 'perhaps' is none of auto, true and false",
    ),
    "BFD with text": ({"bird_bfd": "on; }"}, "bird_bfd: 'on; }' is neither"),
    "BFD too fast": ({"bird_bfd_interval": 1}, "bird_bfd_interval: 1 is out of range; use 10 to 60000 milliseconds"),
    "next hop unknown": ({"bird_next_hop": "me"}, "bird_next_hop: 'me' is not known; use default or self or keep"),
    "community with text": ({"bird_communities": [INJECTION]}, "bird_communities[0]"),
    "community out of range": ({"bird_communities": ["64512:70000"]}, "bird_communities[0]: '64512:70000' is not a"),
    "communities not a list": ({"bird_communities": "64512:1"}, "bird_communities: '64512:1' is not a list"),
    "limit of nothing": ({"bird_import_limit": 0}, "bird_import_limit: 0 is out of range; use 1 to 2147483648"),
    "limit without sense": ({"bird_import_limit_action": "shout"}, "use warn or block or restart or disable"),
    "keepalive more than a third of hold": (
        {"bird_keepalive_time": 31},
        "bird_keepalive_time: keepalive_time 31 is more than a third of hold_time 90; three signs of life must fit",
    ),
    "send hold not above hold": (
        {"bird_send_hold_time": 90},
        "bird_send_hold_time: send_hold_time 90 is not more than hold_time 90; use twice the hold_time",
    ),
    "passwords not a mapping": ({"bird_passwords": ["secret"]}, "bird_passwords: it is not a mapping"),
    "password of nobody": ({"bird_passwords": {"node9": "secret"}}, "bird_passwords: node9 is no peer of this node"),
    "peer not a mapping": ({"bird_peers": ["node2"]}, "bird_peers[0]: 'node2' is not a peer"),
}

# What is changed in the first peer.
BAD_PEERS: t.Dict[str, t.Tuple[t.Dict[str, t.Any], str]] = {
    "name with a quote": ({"name": INJECTION}, "bird_peers[0].name"),
    "name with newline": ({"name": "node2\n"}, "is not a usable name"),
    "name empty": ({"name": ""}, "bird_peers[0].name: '' is not a usable name"),
    "name with umlaut": ({"name": "nödé"}, "is not a usable name"),
    "name too long": ({"name": "n" * 64}, "is a name of 64 characters; use at most 63"),
    "name used twice": ({"name": "node3"}, "node3 is listed twice"),
    "name a number": ({"name": 7}, "bird_peers[0].name: 7 is not text"),
    "address with text": ({"address": "192.168.50.11 as 1"}, "bird_peers[0].address"),
    "address used twice": ({"address": "192.168.50.12"}, "node3 and node2 both have 192.168.50.12"),
    "address is this node's": ({"address": "192.168.50.10"}, "node2 has this node's own address 192.168.50.10"),
    "address broadcast": (
        {"address": "255.255.255.255"},
        "cannot be a router's; write the address by which the node reaches it",
    ),
    "AS number with text": ({"as_number": "64512 as"}, "bird_peers[0].as_number"),
    "port too large": ({"port": 65536}, "bird_peers[0].port: 65536 is out of range; use 1 to 65535"),
    "direct neither true nor false": ({"is_direct": "perhaps"}, "bird_peers[0].is_direct: 'perhaps' is neither"),
    "block with host bits": ({"blocks": ["10.244.104.1/26"]}, "bird_peers[0].blocks[0]"),
    "block of another peer": ({"blocks": ["10.244.135.0/26"]}, "overlaps 10.244.135.0/26"),
    "node with text": ({"node": INJECTION}, "bird_peers[0].node"),
    "local AS number zero": (
        {"local_as_number": 0},
        "bird_peers[0].local_as_number: 0 is an AS number that must not be used",
    ),
    "source address with length": ({"source_address": "192.168.50.10/24"}, "bird_peers[0].source_address"),
    "source address of the peer": (
        {"source_address": "192.168.50.11"},
        "bird_peers (node2).source_address: 192.168.50.11 is the peer's own; give an address of this node",
    ),
    "direct and over hops": (
        {"is_direct": True, "multihop": 4},
        "bird_peers[0]: is_direct does not go with multihop 4; remove one of the two",
    ),
    "address of this network": (
        {"address": "0.0.0.7"},
        "cannot be a router's; write the address by which the node reaches it",
    ),
    "too many hops": ({"multihop": 256}, "bird_peers[0].multihop: 256 is out of range; use 1 to 255"),
    "passive with text": ({"passive": "on; }"}, "bird_peers[0].passive"),
    "hold time with text": ({"hold_time": "90; }"}, "bird_peers[0].hold_time"),
    "error wait going down": ({"error_wait_time": [9, 1]}, "bird_peers[0].error_wait_time: [9, 1] goes down"),
    "gateway unknown": ({"gateway": "there"}, "bird_peers[0].gateway: 'there' is not known; use one of direct"),
    "aggregate with host bits": ({"aggregates": ["10.244.0.1/16"]}, "bird_peers[0].aggregates[0]"),
    "aggregates inside each other": (
        {"aggregates": ["10.244.0.0/16", "10.244.1.0/24"]},
        "bird_peers (node2): aggregate 10.244.1.0/24 lies inside of 10.244.0.0/16; keep one of the two",
    ),
    "password among the peers": ({"password": "secret"}, "bird_peers[0]: 'password' is not known"),
    "reflector and client": (
        {"is_route_reflector": True, "is_route_reflector_client": True},
        "bird_peers (node2): it is both a route reflector of this node and its client",
    ),
    "client of another AS": (
        {"is_route_reflector_client": True, "as_number": 64513},
        "bird_peers (node2): AS 64513 is not this node's, but routes are reflected in one AS only",
    ),
    "client outside the fabric": (
        {"is_route_reflector_client": True, "blocks": None},
        "bird_peers (node2): routes are reflected between nodes only; give it blocks, [] for none",
    ),
    "single address of two": (
        {"blocks": ["10.244.135.1/32", "10.244.166.129/32", "10.244.135.0/26"]},
        "overlaps 10.244.135.0/26",
    ),
    "filter not a list": ({"import_filter": "all"}, "bird_peers[0].import_filter: 'all' is not a list of rules"),
    "rule with text": ({"import_filter": [{"action": INJECTION}]}, "bird_peers[0].import_filter[0].action"),
    "rule that does nothing": ({"import_filter": [{}]}, "bird_peers[0].import_filter[0]: does nothing"),
    "rule after the last": (
        {"export_filter": [{"action": "accept"}, {"match": {"source": "peers"}, "action": "reject"}]},
        "bird_peers[0].export_filter[1]: can never match",
    ),
    "rule with lengths outside its prefix": (
        {"import_filter": [{"match": {"prefix": "10.0.0.0/16", "length": "8-12"}, "action": "accept"}]},
        "bird_peers[0].import_filter[0].match.length: 8-12 can never match",
    ),
    "import of the node's own": (
        {"import_filter": [{"match": {"source": "blocks"}, "action": "accept"}]},
        "bird_peers[0].import_filter[0]: source blocks can never match what a peer sends",
    ),
    "AS path of the node's own": (
        {"export_filter": [{"match": {"source": "blocks", "as_path": "*"}, "action": "accept"}]},
        "has neither community nor AS path, so that this can never match",
    ),
    "import that does nothing": (
        {"import_filter": [{"set": {"communities": []}}]},
        "bird_peers[0].import_filter[0]: does nothing; give it an action",
    ),
    "static route to a node": (
        {"export_filter": [{"match": {"source": "static"}, "action": "accept"}]},
        "bird_peers[0].export_filter[0].match: source static can never match",
    ),
    "preference on the way out": (
        {"export_filter": [{"set": {"preference": 1}, "action": "accept"}]},
        "export_filter[0].set.preference: peers never see it",
    ),
    "own AS in front of a path inside the AS": (
        {"export_filter": [{"set": {"prepend": 1}, "action": "accept"}]},
        "bird_peers (node2).export_filter: a peer of the same AS refuses a path with that AS",
    ),
    "a node that carries blocks": (
        {"carries_blocks": True},
        "bird_peers (node2): carries_blocks is of routers outside the fabric",
    ),
    "a router that carries blocks of nobody": (
        {"carries_blocks": True, "blocks": None},
        "bird_owners: it is empty, but node2 carries blocks; say who owns them",
    ),
    "type with a bar": ({"type": "a|b"}, "bird_peers[0].type"),
    "unknown key": ({"as_numbr": 1}, "bird_peers[0]: 'as_numbr' is not known; did you mean as_number?"),
}


def node(changes: t.Mapping[str, t.Any], peer: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    values = copy.deepcopy(NODE)
    values.update(changes)
    if peer:
        values["bird_peers"][0].update(peer)
    return values


@pytest.mark.parametrize("name", BAD_NODES)
def test_a_bad_value_of_the_node_is_named_with_its_remedy(name: str) -> None:
    changes, says = BAD_NODES[name]
    with pytest.raises(InvalidInput) as refused:
        parse(node(changes, {}))
    assert says in str(refused.value)


@pytest.mark.parametrize("name", BAD_PEERS)
def test_a_bad_value_of_a_peer_is_named_with_its_remedy(name: str) -> None:
    changes, says = BAD_PEERS[name]
    with pytest.raises(InvalidInput) as refused:
        parse(node({}, changes))
    assert says in str(refused.value)


@pytest.mark.parametrize("key", ["name", "address", "as_number"])
def test_a_peer_without_what_every_peer_has_is_named(key: str) -> None:
    values = node({}, {})
    del values["bird_peers"][1][key]
    with pytest.raises(InvalidInput) as refused:
        parse(values)
    assert refused.value.faults == (
        f"bird_peers[1]: {key} is missing; every peer has a name, an address and an as_number",
    )


def test_all_faults_come_in_one_report() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(node({"bird_as_number": 0, "bird_blocks": ["x"]}, {"address": "y", "port": 0}))
    assert [fault.split(":")[0] for fault in refused.value.faults] == [
        "bird_peers[0].address",
        "bird_peers[0].port",
        "bird_blocks[0]",
        "bird_as_number",
    ]


@pytest.mark.parametrize("values", [None, [], "text"])
def test_what_is_no_mapping_at_all_is_refused_in_words(values: t.Any) -> None:
    with pytest.raises(InvalidInput, match="is not a mapping"):
        parse(values)


def test_no_refused_text_ever_reaches_a_configuration() -> None:
    for changes, _says in [*BAD_NODES.values(), *BAD_PEERS.values()]:
        values = node(changes, {}) if set(changes) & set(NODE) else node({}, changes)
        with pytest.raises(InvalidInput):
            render_variables(values)


def test_a_missing_router_id_is_the_nodes_address() -> None:
    values = node({}, {})
    del values["bird_router_id"]
    assert str(parse(values).router_id) == "192.168.50.10"


def test_a_single_address_of_a_block_may_live_on_another_node() -> None:
    values = node({}, {"blocks": ["10.244.104.0/26", "10.244.135.7/32", "10.244.166.129/32"]})
    assert [str(block) for block in parse(values).peers[0].blocks or ()][-1] == "10.244.166.129/32"


def test_a_single_address_lives_on_one_node_only() -> None:
    values = node({"bird_blocks": ["10.244.166.128/26", "10.9.0.1/32"]}, {"blocks": ["10.9.0.1/32"]})
    with pytest.raises(InvalidInput, match=r"block 10.9.0.1/32 of this node overlaps 10.9.0.1/32 of node2"):
        parse(values)


def test_two_sessions_with_one_node_share_its_blocks() -> None:
    values = node({}, {"node": "node3", "blocks": ["10.244.135.0/26"]})
    assert [peer.node for peer in parse(values).peers] == ["node3", "node3"]


def test_what_is_none_or_empty_counts_as_not_given() -> None:
    empty = {"bird_send_hold_time": None, "bird_import_limit": "", "bird_route_reflector_cluster_id": ""}
    assert parse(node(empty, {})) == parse(node({}, {}))


def test_a_wrong_password_is_never_shown() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(node({"bird_passwords": {"node9": "hidden"}, "bird_password": "hidden", "bird_hold_time": 0}, {}))
    assert "hidden" not in str(refused.value)
