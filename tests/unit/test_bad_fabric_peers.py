# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in their peers: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import pytest
from bad_fabric import REFLECTED, Case, check_report

# Two nodes with a session of their own.
LINKED = """\
plugin: purel3.fabric.fabric
as_number: 64512
topology: none
pools:
  - cidr: 10.244.0.0/16
peers:
  link: {node: node1, peer_node: node2}
nodes:
  node1: {address: 192.168.50.11/24, interface: ens33}
  node2: {address: 192.168.50.12/24, interface: ens33, as_number: 64513}
"""

CASES = [
    Case(
        "peers is a list",
        "peers:\n"
        "  tor1:\n"
        "    address: 192.168.50.1\n"
        "    as_number: 64900\n"
        "    selector: rack == 'a'\n"
        "    import_filter: only-default\n",
        "peers: [tor1]\n",
        ["14: peers is a list, not a mapping of keys to values; write its keys below it"],
        base=REFLECTED,
    ),
    Case(
        "a peer has nothing below it",
        "  tor1:\n"
        "    address: 192.168.50.1\n"
        "    as_number: 64900\n"
        "    selector: rack == 'a'\n"
        "    import_filter: only-default\n",
        "  tor1:\n",
        ["15: tor1 is empty, not a mapping of keys to values; write its keys below it"],
        base=REFLECTED,
    ),
    Case(
        "a peer has no address",
        "    address: 192.168.50.1\n    as_number: 64900\n",
        "    as_number: 64900\n",
        ["15: tor1: address is missing; write the router's, or peer_node for a session of two nodes"],
        base=REFLECTED,
    ),
    Case(
        "a peer has no AS number",
        "    address: 192.168.50.1\n    as_number: 64900\n",
        "    address: 192.168.50.1\n",
        ["15: tor1: as_number is missing; write the router's, such as 64900"],
        base=REFLECTED,
    ),
    Case(
        "a peer has both node and selector",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    node: rr2\n",
        ["18: tor1: selector does not go with node; remove one of the two"],
        base=REFLECTED,
    ),
    Case(
        "a peer's name injects text into bird.conf",
        "  tor1:\n    address",
        "  'tor1 { }':\n    address",
        [
            (
                "15: peers: peer 'tor1 { }' is not a usable name; use letters, digits, '-', '_' and '.', with a "
                "letter or digit at both ends"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a peer has a node's name",
        "  tor1:\n    address",
        "  node3:\n    address",
        ["15: node3: peer node3 is also the name of a node (line 29); rename one of them"],
        base=REFLECTED,
    ),
    Case(
        "a peer's address has a prefix length",
        "address: 192.168.50.1\n",
        "address: 192.168.50.1/24\n",
        ["16: tor1: address 192.168.50.1/24 has a prefix length; write 192.168.50.1"],
        base=REFLECTED,
    ),
    Case(
        "a peer's address is multicast",
        "address: 192.168.50.1\n",
        "address: 224.0.0.5\n",
        ["16: tor1: address 224.0.0.5 cannot be a router's; write the address by which the node reaches it"],
        base=REFLECTED,
    ),
    Case(
        "a peer's address is in a pool",
        "address: 192.168.50.1\n",
        "address: 10.244.7.1\n",
        [
            (
                "16: tor1: address 10.244.7.1 lies in pool 10.244.0.0/16 (line 6); pools are for workloads only: move "
                "the pool or the router"
            ),
            "39: tor1: no entry of peers has its address 192.168.50.1; add one, or remove the router",
        ],
        base=REFLECTED,
    ),
    Case(
        "a peer's AS number is not that of the lab's router",
        "    as_number: 64900\n",
        "    as_number: 64901\n",
        [
            (
                "17: tor1: as_number 64901 is not tor1's 64900 (line 39); both ends of a session must agree: correct "
                "one of them"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a peer is another node, in another AS",
        "address: 192.168.50.1\n",
        "address: 192.168.50.11\n",
        [
            (
                "16: tor1: address 192.168.50.11 is rr1's (line 21), where this session would have no other end; "
                "write node and 'peer_node: rr1' instead of address"
            ),
            (
                "17: tor1: as_number 64900 is not rr1's 64512 (line 21); both ends of a session must agree: correct "
                "one of them"
            ),
            "39: tor1: no entry of peers has its address 192.168.50.1; add one, or remove the router",
        ],
        base=REFLECTED,
    ),
    Case(
        "a peer is another node, in the right AS",
        "address: 192.168.50.1\n    as_number: 64900\n",
        "address: 192.168.50.11\n    as_number: 64512\n",
        [
            (
                "16: tor1: address 192.168.50.11 is rr1's (line 21), where this session would have no other end; "
                "write node and 'peer_node: rr1' instead of address"
            ),
            "39: tor1: no entry of peers has its address 192.168.50.1; add one, or remove the router",
        ],
        base=REFLECTED,
    ),
    Case(
        "a peer is a further address of another node",
        "    address: 192.168.50.1\n    as_number: 64900\n    selector: rack == 'a'\n",
        "    address: 10.0.13.3\n    as_number: 64512\n    node: rr1\n",
        [
            (
                "16: tor1: address 10.0.13.3 is node3's (line 29), where this session would have no other end; write "
                "node and 'peer_node: node3' instead of address"
            ),
            "39: tor1: no entry of peers has its address 192.168.50.1; add one, or remove the router",
        ],
        base=REFLECTED,
    ),
    Case(
        "a node is its own peer by address",
        "    address: 192.168.50.1\n    as_number: 64900\n    selector: rack == 'a'\n",
        "    address: 192.168.50.12\n    as_number: 64900\n    node: rr2\n",
        [
            (
                "16: tor1: address 192.168.50.12 is rr2's own (line 25); a node is no peer of itself: write another "
                "router's"
            ),
            "39: tor1: no entry of peers has its address 192.168.50.1; add one, or remove the router",
        ],
        base=REFLECTED,
    ),
    Case(
        "a port is out of range",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    port: 70000\n",
        ["19: tor1: port 70000 is out of range; use 1 to 65535"],
        base=REFLECTED,
    ),
    Case(
        "a peer's node is unknown",
        "    selector: rack == 'a'\n",
        "    node: nod3\n",
        ["18: tor1: node nod3 is not a node of this file; did you mean 'node3'?"],
        base=REFLECTED,
    ),
    Case(
        "a selector selects no node",
        "rack == 'a'",
        "rack == 'b'",
        ["18: tor1: selector \"rack == 'b'\" selects no node; correct it, or give nodes such labels"],
        base=REFLECTED,
    ),
    Case(
        "a selector names a label that no node has",
        "rack == 'a'",
        "rak == 'a'",
        ["18: tor1: selector \"rak == 'a'\" selects no node; no node has the label rak: did you mean 'rack'?"],
        base=REFLECTED,
    ),
    Case(
        "a selector has an assignment for a comparison",
        "rack == 'a'",
        "rack = 'a'",
        [
            (
                "18: tor1: selector \"rack = 'a'\" is not a selector: character 6 fits nowhere; write one such as rack "
                "== 'a' && has(tor); values stand in quotes"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a selector has a value without quotes",
        "rack == 'a'",
        "rack == a",
        [
            (
                "18: tor1: selector 'rack == a' is not a selector: at character 9 there is 'a' instead of a value in "
                "quotes; write one such as rack == 'a' && has(tor); values stand in quotes"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a selector ends too early",
        "rack == 'a'",
        "rack == 'a' &&",
        [
            (
                "18: tor1: selector \"rack == 'a' &&\" is not a selector: at character 15 it ends instead of a label, "
                "has(...), all() or '('; write one such as rack == 'a' && has(tor); values stand in quotes"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a selector lacks a parenthesis",
        "rack == 'a'",
        "has(rack",
        [
            (
                "18: tor1: selector has(rack is not a selector: at character 9 it ends instead of ')'; write one such "
                "as rack == 'a' && has(tor); values stand in quotes"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a selector has two conditions without a sign between",
        "rack == 'a'",
        "has(rack) has(row)",
        [
            (
                "18: tor1: selector 'has(rack) has(row)' is not a selector: at character 11 there is 'has' instead of "
                "the end, '&&' or '||'; write one such as rack == 'a' && has(tor); values stand in quotes"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a selector compares with an unknown word",
        "rack == 'a'",
        "rack like 'a'",
        [
            (
                "18: tor1: selector \"rack like 'a'\" is not a selector: at character 6 there is 'like' instead of "
                "'==', '!=', 'in', 'not in', 'contains', 'starts with' or 'ends with'; write one such "
                "as rack == 'a' && has(tor); values stand in quotes"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a selector has a set without braces",
        "rack == 'a'",
        "rack in 'a'",
        [
            (
                "18: tor1: selector \"rack in 'a'\" is not a selector: at character 10 there is 'a' instead of '{'; "
                "write one such as rack == 'a' && has(tor); values stand in quotes"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a selector is empty",
        "rack == 'a'",
        "''",
        [
            (
                "18: tor1: selector '' is not a selector: at character 1 it ends instead of a label, has(...), all() "
                "or '('; write one such as rack == 'a' && has(tor); values stand in quotes"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a selector is nested without end",
        "rack == 'a'",
        "'!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!has(rack)'",
        [
            (
                "18: tor1: selector !!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!has(rack) is nested "
                "more than 50 levels deep; write it with fewer '!' and parentheses"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a selector is a list",
        "rack == 'a'",
        "[rack]",
        ["18: tor1: selector is a list, not text; write one text"],
        base=REFLECTED,
    ),
    Case(
        "a router is a node's peer twice",
        "    selector: rack == 'a'\n    import_filter: only-default\n",
        "    selector: rack == 'a'\n"
        "    import_filter: only-default\n"
        "  again: {address: 192.168.50.1, as_number: 64900, node: rr2}\n",
        ["20: again: address 192.168.50.1 is for rr2 also in tor1 (line 15); list it once for each node"],
        base=REFLECTED,
    ),
    Case(
        "a router is everybody's peer, and some nodes' again",
        "    selector: rack == 'a'\n    import_filter: only-default\n",
        "    selector: rack == 'a'\n"
        "    import_filter: only-default\n"
        "  all: {address: 192.168.50.1, as_number: 64900}\n",
        ["20: all: address 192.168.50.1 is for node3 also in tor1 (line 15); list it once for each node"],
        base=REFLECTED,
    ),
    Case(
        "one source address is for several nodes",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    source_address: 192.168.50.12\n",
        [
            (
                "19: tor1: source_address 192.168.50.12 is for 2 nodes; one address is one node's: use 'node', or "
                "remove it to have each node's own used"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a reflector is its own client",
        "peers:\n",
        "peers:\n  self: {node: rr1, peer_node: rr1}\n",
        [
            (
                "15: self: peer_node rr1 is the node itself; a node is no peer, and no client, of itself: name "
                "another node"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a reflector and its client are listed as peers again",
        "peers:\n",
        "peers:\n  more: {node: node3, peer_node: rr1}\n",
        [
            (
                "15: more: topology route_reflector makes node3 and rr1 peers already; remove this entry, or use "
                "topology: none"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a session of two nodes has an unknown end",
        "peers:\n",
        "peers:\n  more: {node: node3, peer_node: node4}\n",
        ["15: more: peer_node node4 is not a node of this file; did you mean 'node3'?"],
        base=REFLECTED,
    ),
    Case(
        "a session of two nodes has no first",
        "peers:\n",
        "peers:\n  more: {peer_node: rr1}\n",
        ["15: more: node is missing; name the first of the two nodes; peer_node is the second"],
        base=REFLECTED,
    ),
    Case(
        "a session of two nodes has an address",
        "peers:\n",
        "peers:\n  more: {node: rr2, peer_node: node3, address: 192.168.50.13}\n",
        [
            "15: more: address does not go with peer_node; remove one of the two",
            (
                "15: more: topology route_reflector makes rr2 and node3 peers already; remove this entry, or use "
                "topology: none"
            ),
        ],
        base=REFLECTED,
    ),
    Case(
        "an unknown key in a peer",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    adress: 192.168.50.2\n",
        ["19: tor1: unknown key adress; did you mean 'address'?"],
        base=REFLECTED,
    ),
    Case(
        "a session of two nodes is listed twice",
        "  link: {node: node1, peer_node: node2}\n",
        "  link: {node: node1, peer_node: node2}\n  knil: {node: node2, peer_node: node1}\n",
        ["8: knil: node2 and node1 are also peers in link (line 7); list them once"],
        base=LINKED,
    ),
    Case(
        "a session of two nodes gives another AS number than the node's",
        "peer_node: node2}",
        "peer_node: node2, as_number: 64512}",
        ["7: link: as_number 64512 is not node2's 64513 (line 10); remove it: a node's is known"],
        base=LINKED,
    ),
    Case(
        "a session of two nodes has aggregates",
        "peer_node: node2}",
        "peer_node: node2, aggregates: [10.244.0.0/16]}",
        ["7: link: aggregates does not go with peer_node; nodes take each other's exact blocks only: remove it"],
        base=LINKED,
    ),
    Case(
        "a session of two nodes carries blocks",
        "peer_node: node2}",
        "peer_node: node2, carries_blocks: true}",
        [
            "7: link: carries_blocks does not go with peer_node; it is for routers outside of the fabric: remove it; "
            "nodes pass on blocks with transit: true"
        ],
        base=LINKED,
    ),
    Case(
        "a session of two nodes has a port",
        "peer_node: node2}",
        "peer_node: node2, port: 179}",
        ["7: link: port does not go with peer_node; remove one of the two"],
        base=LINKED,
    ),
    Case(
        "a session of two nodes that share their AS prepends",
        "peers:\n  link: {node: node1, peer_node: node2}\n",
        "filters: {far: [{set: {prepend: 1}, action: accept}]}\n"
        "peers:\n"
        "  link: {node: node1, peer_node: node2, local_as_number: 64513, export_filter: far}\n",
        [
            (
                "8: link: export_filter far prepends, but node1 and the peer share AS 64513; no peer takes a path "
                "with its own AS: leave out prepend"
            )
        ],
        base=LINKED,
    ),
    Case(
        "a router has the broadcast address of a node's network",
        "    address: 192.168.50.1\n",
        "    address: 192.168.50.255\n",
        ["16: tor1: address 192.168.50.255 is the broadcast address of 192.168.50.0/24; write the router's own"],
        base=REFLECTED.split("lab:")[0],
    ),
    Case(
        "a router has the address of a node's network itself",
        "    address: 192.168.50.1\n",
        "    address: 10.0.13.0\n",
        ["16: tor1: address 10.0.13.0 is the network address of 10.0.13.0/24; write the router's own"],
        base=REFLECTED.split("lab:")[0],
    ),
    Case(
        "a router has the address of workloads' gateway",
        "    address: 192.168.50.1\n",
        "    address: 169.254.1.1\n",
        [
            "16: tor1: address 169.254.1.1 is every workload's gateway, for which the node itself answers; write the "
            "address by which the node reaches it"
        ],
        base=REFLECTED.split("lab:")[0],
    ),
    Case(
        "a session comes from an address that no node has",
        "    selector: rack == 'a'\n",
        "    node: node3\n    source_address: 192.168.50.77\n",
        [
            "19: tor1: source_address 192.168.50.77 is not one of node3's (line 30); use 192.168.50.13 or 10.0.13.3, "
            "or add the interface that has it to the node's interfaces"
        ],
        base=REFLECTED,
    ),
    Case(
        "a session comes from the peer's own address",
        "    selector: rack == 'a'\n",
        "    node: node3\n    source_address: 192.168.50.1\n",
        [
            "19: tor1: source_address 192.168.50.1 is not one of node3's (line 30); use 192.168.50.13 or 10.0.13.3, "
            "or add the interface that has it to the node's interfaces"
        ],
        base=REFLECTED,
    ),
    Case(
        "a session of all nodes comes from an address of one",
        "    selector: rack == 'a'\n",
        "    source_address: 192.168.50.12\n",
        [
            "18: tor1: source_address 192.168.50.12 is for 3 nodes; one address is one node's: use 'node', or remove "
            "it to have each node's own used"
        ],
        base=REFLECTED,
    ),
    Case(
        "a session of two nodes that share their AS prepends by the filter of all sessions",
        "peers:\n  link: {node: node1, peer_node: node2}\n",
        "filters: {far: [{set: {prepend: 1}, action: accept}]}\n"
        "bgp: {export_filter: far}\n"
        "peers:\n"
        "  link: {node: node1, peer_node: node2}\n",
        [
            "7: link: export_filter far prepends, but node1 and the peer share AS 64512; no peer takes a path with "
            "its own AS: leave out prepend"
        ],
        base=LINKED.replace("as_number: 64513", "as_number: 64512"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)
