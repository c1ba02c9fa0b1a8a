# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in their topology: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import pytest
from bad_fabric import REFLECTED, Case, check_report

CASES = [
    Case(
        "route_reflector without reflectors",
        "route_reflectors: [rr1, rr2]\n",
        "",
        ["3: topology route_reflector has no route_reflectors; list 2 to 5 nodes in route_reflectors"],
        base=REFLECTED,
    ),
    Case(
        "route_reflector with an empty list of reflectors",
        "route_reflectors: [rr1, rr2]\n",
        "route_reflectors: []\n",
        ["3: topology route_reflector has no route_reflectors; list 2 to 5 nodes in route_reflectors"],
        base=REFLECTED,
    ),
    Case(
        "reflectors without the topology",
        "topology: route_reflector\nroute_reflectors: [rr1, rr2]\n",
        "route_reflectors: [rr1, rr2]\n",
        ["3: route_reflectors does not go with topology full_mesh; remove it, or set topology: route_reflector"],
        base=REFLECTED,
    ),
    Case(
        "reflectors with another topology",
        "topology: route_reflector",
        "topology: none",
        ["4: route_reflectors does not go with topology none; remove it, or set topology: route_reflector"],
        base=REFLECTED,
    ),
    Case(
        "route_reflectors is one text",
        "route_reflectors: [rr1, rr2]\n",
        "route_reflectors: rr1\n",
        [
            "3: topology route_reflector has no route_reflectors; list 2 to 5 nodes in route_reflectors",
            "4: route_reflectors is the text 'rr1', not a list; write each item on a line that begins with '- '",
        ],
        base=REFLECTED,
    ),
    Case(
        "a reflector is no node",
        "[rr1, rr2]",
        "[rr1, rr3]",
        ["4: route_reflectors: rr3 is not a node of this file; did you mean 'rr2'?"],
        base=REFLECTED,
    ),
    Case(
        "a reflector is listed twice",
        "[rr1, rr2]",
        "[rr1, rr2, rr1]",
        ["4: route_reflectors: rr1 is listed twice (first on line 4); list it once"],
        base=REFLECTED,
    ),
    Case(
        "there are too many reflectors",
        "[rr1, rr2]",
        "[rr1, rr2, node3, a, b, c]",
        [
            "4: route_reflectors has 6 nodes, and each has a session with every node; use 2 to 5",
            "4: route_reflectors: a is not a node of this file; choose from node3, rr1, rr2",
            "4: route_reflectors: b is not a node of this file; choose from node3, rr1, rr2",
            "4: route_reflectors: c is not a node of this file; choose from node3, rr1, rr2",
        ],
        base=REFLECTED,
    ),
    Case(
        "a node is in another AS than its reflectors",
        "    labels: {rack: a}\n    interfaces",
        "    as_number: 64513\n    labels: {rack: a}\n    interfaces",
        [
            (
                "32: node3: as_number 64513 is not rr1's 64512 (line 2), and routes are reflected within one only; "
                "give all nodes one as_number, or use topology: full_mesh"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "reflection with an AS of each node's own",
        "as_number: 64512",
        "as_number: 50000 + last_octet",
        [
            (
                "2: as_number gives each node one of its own, and routes are reflected within one only; write one "
                "number for all nodes, or use topology: full_mesh"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "two reflectors have one cluster id",
        "    blocks: []\n",
        "    blocks: []\n    route_reflector_cluster_id: 192.168.50.12\n",
        [
            (
                "26: rr2: route_reflector_cluster_id 192.168.50.12 is also rr1's (line 25), and reflectors of one "
                "cluster drop what they have from each other; give each its own, or set allow_shared_cluster_id: true"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a cluster id is a number",
        "    blocks: []\n",
        "    blocks: []\n    route_reflector_cluster_id: 1\n",
        [
            (
                "25: rr1: route_reflector_cluster_id is the number 1, not text; write one in the form of an IPv4 "
                "address, such as 1.0.0.1"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a cluster id is no IPv4 address",
        "    blocks: []\n",
        "    blocks: []\n    route_reflector_cluster_id: cluster1\n",
        [
            (
                "25: rr1: route_reflector_cluster_id cluster1 is not an IPv4 address; write one in the form of an "
                "IPv4 address, such as 1.0.0.1"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a cluster id is 0",
        "    blocks: []\n",
        "    blocks: []\n    route_reflector_cluster_id: 0.0.0.0\n",
        ["25: rr1: route_reflector_cluster_id 0.0.0.0 is not a cluster id; use 0.0.0.1 to 223.255.255.255"],
        base=REFLECTED,
    ),
    Case(
        "a node that is no reflector has a cluster id",
        "    labels: {rack: a}\n    interfaces",
        "    route_reflector_cluster_id: 1.0.0.3\n    interfaces",
        [
            (
                "32: node3: route_reflector_cluster_id 1.0.0.3 is for route reflectors only; remove it, or list the "
                "node in route_reflectors"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "allow_shared_cluster_id is a text",
        "route_reflectors: [rr1, rr2]\n",
        "route_reflectors: [rr1, rr2]\nallow_shared_cluster_id: 'yes'\n",
        ["5: allow_shared_cluster_id is the text 'yes', not a boolean; write true or false, without quotes"],
        base=REFLECTED,
    ),
    Case(
        "transit is a number",
        "route_reflectors: [rr1, rr2]\n",
        "route_reflectors: [rr1, rr2]\ntransit: 1\n",
        ["5: transit is the number 1, not a boolean; write true or false, without quotes"],
        base=REFLECTED,
    ),
    Case(
        "ecmp_paths is 0",
        "route_reflectors: [rr1, rr2]\n",
        "route_reflectors: [rr1, rr2]\necmp_paths: 0\n",
        ["5: ecmp_paths 0 is out of range; use 1 to 255"],
        base=REFLECTED,
    ),
    Case(
        "the rule for AS numbers is another",
        "as_number: 64512",
        "as_number: 50000 + octet",
        [
            (
                "2: as_number '50000 + octet' is neither an AS number nor a rule for one; write one such as 64512, or "
                "the rule '50000 + last_octet' for one of each node's own"
            ),
            (
                "2: as_number gives each node one of its own, and routes are reflected within one only; write one "
                "number for all nodes, or use topology: full_mesh"
            ),
        ],
        base=REFLECTED,
    ),
    Case(
        "a workload is on a dedicated reflector",
        "node: node3}",
        "node: rr1}",
        [
            (
                "36: web1: node rr1 has no blocks (line 24); put the workload on another node, or remove 'blocks' "
                "there to have one allocated"
            )
        ],
        base=REFLECTED,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)
