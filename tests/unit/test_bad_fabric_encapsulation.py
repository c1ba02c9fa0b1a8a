# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files whose encapsulation, MTU or addresses of tunnels cannot be, alone or beside their store."""

from __future__ import annotations

import pytest
from bad_fabric import GOOD, Case, check_report, problems

IPIP = GOOD.replace("    block_size: 26\n", "    block_size: 26\n    encapsulation: ipip\n")

CASES = [
    Case(
        "an unknown encapsulation",
        "ipip",
        "vxlan",
        ["6: pools[0]: encapsulation vxlan is not known; use none or ipip or ipip_cross_subnet"],
        base=IPIP,
    ),
    Case(
        "Calico's word for an encapsulation",
        "ipip",
        "CrossSubnet",
        ["6: pools[0]: encapsulation CrossSubnet is not known; use none or ipip or ipip_cross_subnet"],
        base=IPIP,
    ),
    Case(
        "an encapsulation that YAML reads as a boolean",
        "encapsulation: ipip",
        "encapsulation: off",
        [
            "6: pools[0]: encapsulation is off, which YAML reads as false, not text; use none or ipip or "
            "ipip_cross_subnet"
        ],
        base=IPIP,
    ),
    Case(
        "an encapsulated pool is IPv6",
        "10.244.0.0/16",
        "fd00::/48",
        ["4: pools[0]: cidr fd00::/48 is IPv6, which ipip cannot carry; use an IPv4 pool"],
        base=IPIP,
    ),
    Case(
        "an MTU that is too small for any network",
        "as_number: 64512",
        "as_number: 64512\nmtu: 500",
        ["3: mtu 500 is out of range; use 576 to 65535 bytes; Ethernet has 1500"],
    ),
    Case(
        "an MTU that is too large for a veth",
        "as_number: 64512",
        "as_number: 64512\nmtu: 65536",
        ["3: mtu 65536 is out of range; use 576 to 65535 bytes; Ethernet has 1500"],
    ),
    Case(
        "an MTU as text",
        "as_number: 64512",
        "as_number: 64512\nmtu: '1500'",
        ["3: mtu is the text '1500', not a whole number; write it in digits, without quotes"],
    ),
    Case(
        "an MTU that is too small for one packet inside of another",
        "as_number: 64512",
        "as_number: 64512\nmtu: 590",
        ["3: mtu 590 leaves 570 bytes for a packet inside of another in pool 10.244.0.0/16 (line 5); use 596 or more"],
        base=IPIP,
    ),
    Case(
        "a node has blocks of other pools only",
        "block_size: 26\n    encapsulation: ipip\n",
        "block_size: 26\n  - cidr: 10.245.0.0/16\n    encapsulation: ipip\n",
        [
            "12: node1: none of its blocks is in pool 10.245.0.0/16, so its tunnel has no address; add one to its "
            "blocks, or remove 'blocks' to have one allocated"
        ],
        base=IPIP,
    ),
    Case(
        "a node without blocks should pass packets on",
        "blocks: [10.244.1.0/26]",
        "blocks: []",
        [
            "12: node1: has no blocks and so no address for its tunnel, but with transit it passes packets on; give it "
            "a block of pool 10.244.0.0/16"
        ],
        base=IPIP.replace("as_number: 64512\n", "as_number: 64512 + last_octet\ntransit: true\n").replace(
            "    node: node1\n    address: 10.244.1.5\n", "    node: node2\n"
        ),
    ),
    Case(
        "the blocks that a node has been given are full",
        "block_size: 26\n    encapsulation: ipip\n",
        "block_size: 31\n    encapsulation: ipip\n",
        [
            "11: node1: no address is left for its tunnel in those of its blocks that are in pool 10.244.0.0/16; add a "
            "block to its blocks, or remove a workload"
        ],
        base=IPIP.replace("[10.244.1.0/26]", "[10.244.1.4/31]").replace(
            "  web2:\n", "  web0:\n    node: node1\n    address: 10.244.1.4\n  web2:\n"
        ),
    ),
    Case(
        "a pool is too small for tunnels as well",
        "block_size: 26\n    encapsulation: ipip\n",
        "block_size: 26\n  - cidr: 10.245.0.0/26\n    encapsulation: ipip\n",
        [
            "12: node2: no address is left for its tunnel: its blocks in pool 10.245.0.0/26 are full, as is the pool; "
            "add a pool with encapsulation, or remove nodes or workloads"
        ],
        base=IPIP.replace("    blocks: [10.244.1.0/26]\n", "").replace("    address: 10.244.1.5\n", ""),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)


STORE = """\
# Blocks and addresses that purel3.fabric has allocated.
address 10.244.0.0 web2
address 10.244.1.5 web1
block 10.244.0.0/26 node2
block 10.244.1.0/26 node1
tunnel 10.244.0.63 node2
tunnel 10.244.1.63 node1
"""
STORE_CASES = {
    "a workload is given the address of a tunnel": (
        IPIP.replace("    node: node2\n", "    node: node2\n    address: 10.244.0.63\n"),
        STORE,
        [
            "lab.fabric.yml:21: web2: address 10.244.0.63 is that of node2's tunnel (lab.allocations.txt:6); use "
            "another, or delete that line from the store to have node2's tunnel renumbered"
        ],
    ),
    "a workload of another node is given the address of a tunnel, while no pool is encapsulated": (
        GOOD.replace("address: 10.244.1.5", "address: 10.244.0.63"),
        STORE,
        [
            "lab.fabric.yml:17: web1: address 10.244.0.63 is that of node2's tunnel (lab.allocations.txt:6); use "
            "another, or delete that line from the store to have node2's tunnel renumbered"
        ],
    ),
    "a tunnel has a node's address": (
        IPIP,
        STORE.replace("10.244.0.63", "192.168.50.11"),
        [
            "lab.allocations.txt:6: node2: tunnel address 192.168.50.11 is in none of the store's blocks; restore the "
            "file from version control, or delete the line to have it allocated anew"
        ],
    ),
    "a tunnel has a workload's address": (
        IPIP,
        STORE.replace("10.244.0.63", "10.244.0.0"),
        [
            "lab.allocations.txt:6: node2: tunnel address 10.244.0.0 is also on line 2; restore the file from version "
            "control, or delete the line to have it allocated anew"
        ],
    ),
    "a node has two tunnels": (
        IPIP,
        STORE.replace("10.244.1.63 node1", "10.244.0.62 node2"),
        [
            "lab.allocations.txt:7: node2: has a tunnel address on line 6 as well; restore the file from version "
            "control, or delete the line to have it allocated anew"
        ],
    ),
    "the block of a tunnel is taken from its node": (
        IPIP.replace("[10.244.1.0/26]", "[10.244.2.0/26]"),
        STORE.replace("address 10.244.1.5 web1\n", ""),
        [
            "lab.allocations.txt:6: node1: tunnel address 10.244.1.63 is in block 10.244.1.0/26, which is no longer "
            "among its blocks (lab.fabric.yml:11); list the block there again, or delete this line from the store to "
            "have node1's tunnel renumbered"
        ],
    ),
    "another pool is encapsulated than that of the tunnels": (
        GOOD.replace(
            "    block_size: 26\n", "    block_size: 26\n  - cidr: 10.245.0.0/16\n    encapsulation: ipip\n"
        ).replace("    blocks: [10.244.1.0/26]\n", ""),
        STORE.replace("tunnel 10.244.1.63 node1\n", ""),
        [
            "lab.allocations.txt:6: node2: tunnel address 10.244.0.63 is in pool 10.244.0.0/16, which is not "
            "encapsulated (lab.fabric.yml:4); encapsulate it as well, or delete this line from the store to have "
            "node2's tunnel renumbered"
        ],
    ),
}


@pytest.mark.parametrize("name", STORE_CASES)
def test_a_store_that_says_otherwise_is_reported_and_no_tunnel_moves(name: str) -> None:
    text, stored, faults = STORE_CASES[name]
    assert problems(text, stored) == faults


def test_the_good_file_and_store_have_no_faults() -> None:
    assert problems(IPIP, STORE) == []
