# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in their pools: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import pytest
from bad_fabric import GOOD, Case, check_report, warnings

CASES = [
    Case(
        "an unknown key in a pool",
        "block_size: 26",
        "blocksize: 26",
        ["5: pools[0]: unknown key blocksize; did you mean 'block_size'?"],
    ),
    Case(
        "pools is a mapping",
        "pools:\n  - cidr: 10.244.0.0/16\n    block_size: 26",
        "pools:\n  cidr: 10.244.0.0/16",
        ["3: pools is a mapping, not a list; write each item on a line that begins with '- '"],
    ),
    Case(
        "reserved holds what is no address, no range and no network, and addresses of no pool",
        "nodes:",
        """\
reserved:
  - 10.244.0.300
  - 10.244.0.9-10.244.0.1
  - 10.244.0.1-
  - 10.244.0.1/30
  - 10.245.0.1
  - 10.244.255.255-10.245.0.0
  - 10.0.0.0/8
  - 7
nodes:""",
        [
            "7: reserved[0] 10.244.0.300 is not an IPv4 address; write one such as 10.244.1.2",
            "8: reserved[1] 10.244.0.9-10.244.0.1 goes down; write 10.244.0.1-10.244.0.9",
            "9: reserved[2] 10.244.0.1- is not an IPv4 address; write one such as 10.244.1.2",
            "10: reserved[3] 10.244.0.1/30 has host bits set; write 10.244.0.0/30",
            "11: reserved[4] 10.245.0.1 is not inside of a pool; reserve addresses of 10.244.0.0/16 only",
            "12: reserved[5] 10.244.255.255-10.245.0.0 is not inside of a pool; "
            "reserve addresses of 10.244.0.0/16 only",
            "13: reserved[6] 10.0.0.0/8 is not inside of a pool; reserve addresses of 10.244.0.0/16 only",
            "14: reserved[7] is the number 7, not text; write one such as 10.244.1.2",
        ],
    ),
    Case(
        "a workload names a reserved address",
        "nodes:",
        "reserved: [10.244.1.4-10.244.1.6]\nnodes:",
        ["18: web1: address 10.244.1.5 is reserved (line 6); use another, or remove 'address' to have one allocated"],
    ),
    Case(
        "pools is missing",
        "pools:\n  - cidr: 10.244.0.0/16\n    block_size: 26\n",
        "",
        ["1: pools is missing; give at least one, such as '- cidr: 10.244.0.0/16'"],
    ),
    Case(
        "pools is an empty list",
        "pools:\n  - cidr: 10.244.0.0/16\n    block_size: 26\n",
        "pools: []\n",
        ["3: pools is empty; give at least one, such as '- cidr: 10.244.0.0/16'"],
    ),
    Case(
        "a pool is a text",
        "  - cidr: 10.244.0.0/16\n    block_size: 26",
        "  - 10.244.0.0/16",
        ["4: pools[0] is the text '10.244.0.0/16', not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "a pool has no cidr",
        "- cidr: 10.244.0.0/16\n    block_size",
        "- block_size",
        ["4: pools[0]: cidr is missing; write one such as 10.244.0.0/16"],
    ),
    Case(
        "a pool has host bits set",
        "cidr: 10.244.0.0/16",
        "cidr: 10.244.0.1/16",
        ["4: pools[0]: cidr 10.244.0.1/16 has host bits set; write 10.244.0.0/16"],
    ),
    Case(
        "a pool has no prefix length",
        "cidr: 10.244.0.0/16",
        "cidr: 10.244.0.0",
        ["4: pools[0]: cidr 10.244.0.0 has no prefix length; write it with one, such as 10.244.0.0/26"],
    ),
    Case(
        "a pool has a netmask",
        "cidr: 10.244.0.0/16",
        "cidr: 10.244.0.0/255.255.0.0",
        [
            "4: pools[0]: cidr 10.244.0.0/255.255.0.0 has no usable prefix length after the '/': '255.255.0.0'; use "
            "a number from 1 to 32"
        ],
    ),
    Case(
        "a pool's prefix length is 33",
        "cidr: 10.244.0.0/16",
        "cidr: 10.244.0.0/33",
        ["4: pools[0]: cidr 10.244.0.0/33 has no usable prefix length after the '/': '33'; use a number from 1 to 32"],
    ),
    Case(
        "a pool is IPv6",
        "cidr: 10.244.0.0/16",
        "cidr: fd00::/48",
        ["4: pools[0]: cidr fd00::/48 is IPv6, which is not supported yet; use an IPv4 address"],
    ),
    Case(
        "a pool is not an address at all",
        "cidr: 10.244.0.0/16",
        "cidr: ten/16",
        ["4: pools[0]: cidr ten/16 is not an IPv4 address; write a network such as 10.244.0.0/16"],
    ),
    Case(
        "a pool has an octet over 255",
        "cidr: 10.244.0.0/16",
        "cidr: 10.256.0.0/16",
        ["4: pools[0]: cidr 10.256.0.0/16 is not an IPv4 address; write a network such as 10.244.0.0/16"],
    ),
    Case(
        "a pool is loopback",
        "cidr: 10.244.0.0/16",
        "cidr: 127.1.0.0/16",
        ["4: pools[0]: cidr 127.1.0.0/16 overlaps loopback (127.0.0.0/8); use a private range such as 10.244.0.0/16"],
    ),
    Case(
        "a pool is multicast",
        "cidr: 10.244.0.0/16",
        "cidr: 239.0.0.0/16",
        ["4: pools[0]: cidr 239.0.0.0/16 overlaps multicast (224.0.0.0/4); use a private range such as 10.244.0.0/16"],
    ),
    Case(
        "a pool holds the workloads' gateway",
        "cidr: 10.244.0.0/16",
        "cidr: 169.254.0.0/16",
        [
            "4: pools[0]: cidr 169.254.0.0/16 overlaps link-local (169.254.0.0/16), where 169.254.1.1 is every "
            "workload's gateway; use a private range such as 10.244.0.0/16"
        ],
    ),
    Case(
        "a pool is everything",
        "cidr: 10.244.0.0/16",
        "cidr: 0.0.0.0/1",
        ["4: pools[0]: cidr 0.0.0.0/1 overlaps 'this network' (0.0.0.0/8); use a private range such as 10.244.0.0/16"],
    ),
    Case(
        "two pools overlap",
        "    block_size: 26\n",
        "    block_size: 26\n  - cidr: 10.244.128.0/17\n",
        ["6: pool 10.244.128.0/17 overlaps pool 10.244.0.0/16 (line 4); keep them apart"],
    ),
    Case(
        "two pools are the same",
        "    block_size: 26\n",
        "    block_size: 26\n  - cidr: 10.244.0.0/16\n",
        ["6: pools[1]: cidr 10.244.0.0/16 is given twice (first on line 4); give it once"],
    ),
    Case(
        "two pools have the same name",
        "    block_size: 26\n",
        "    name: p1\n    block_size: 26\n  - cidr: 10.245.0.0/16\n    name: p1\n",
        ["7: pool 10.245.0.0/16: name p1 is also pool 10.244.0.0/16's (line 4); give each its own"],
    ),
    Case(
        "a pool's name injects text",
        "block_size: 26\n",
        "block_size: 26\n    name: 'p; drop'\n",
        [
            "6: pools[0]: name 'p; drop' is not a usable name; use letters, digits, '-', '_' and '.', with a letter "
            "or digit at both ends"
        ],
    ),
    Case(
        "block_size is 32",
        "block_size: 26",
        "block_size: 32",
        ["5: pools[0]: block_size 32 is out of range; give the prefix length of a block, 8 to 31; 26 is usual"],
    ),
    Case(
        "block_size is larger than the pool",
        "block_size: 26",
        "block_size: 15",
        ["5: pools[0]: block_size 15 does not fit into the pool 10.244.0.0/16; use 16 to 31"],
    ),
    Case(
        "block_size is a text",
        "block_size: 26",
        "block_size: /26",
        ["5: pools[0]: block_size is the text '/26', not a whole number; write it in digits, without quotes"],
    ),
    Case(
        "a pool is a single address",
        "cidr: 10.244.0.0/16\n    block_size: 26",
        "cidr: 10.244.1.0/32",
        ["4: pools[0]: block_size 32 does not fit into the pool 10.244.1.0/32; use a pool of more than one address"],
    ),
    Case(
        "bird_includes holds what is no path",
        "as_number: 64512",
        "as_number: 64512\nbird_includes: [mine.conf, '/etc/bird/a b.conf', 7, /etc/bird/own/*.conf]",
        [
            "3: bird_includes[0] mine.conf is not an absolute path without spaces and quotes; give one",
            "3: bird_includes[1] '/etc/bird/a b.conf' is not an absolute path without spaces and quotes; give one",
            "3: bird_includes[2] is the number 7, not text; give one",
        ],
    ),
    Case(
        "bird_includes is no list",
        "as_number: 64512",
        "as_number: 64512\nbird_includes: /etc/bird/mine.conf",
        [
            "3: bird_includes is the text '/etc/bird/mine.conf', not a list; "
            "write each item on a line that begins with '- '"
        ],
    ),
    Case(
        "kernel_metric is negative",
        "as_number: 64512",
        "as_number: 64512\nkernel_metric: -1",
        ["3: kernel_metric -1 is out of range; use 0 (no metric) to 4294967295"],
    ),
    Case(
        "kernel_metric is a float",
        "as_number: 64512",
        "as_number: 64512\nkernel_metric: 3.5",
        ["3: kernel_metric is the number 3.5, not a whole number; write it in digits, without quotes"],
    ),
    Case(
        "a block is outside of every pool",
        "[10.244.1.0/26]",
        "[10.244.1.0/26, 10.9.0.0/26]",
        ["10: node1: block 10.9.0.0/26 is outside of every pool; take it from a pool (10.244.0.0/16), or add a pool"],
    ),
    Case(
        "a node's address is in a pool",
        "192.168.50.11/24",
        "10.244.7.1/24",
        [
            "12: node2: address 10.244.7.1 lies in pool 10.244.0.0/16 (line 4); pools are for workloads only: move "
            "the pool or the node"
        ],
    ),
    Case(
        "a workload's address is outside of every pool",
        "node: node2",
        "node: node2\n    address: 10.9.0.1",
        ["20: web2: address 10.9.0.1 is outside of every pool; use an address of a pool (10.244.0.0/16)"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)


def test_a_pool_inside_the_nodes_own_network_gives_a_warning() -> None:
    within = GOOD.replace("10.244.0.0/16", "192.168.50.128/25").replace("10.244.1.0/26", "192.168.50.128/26")
    assert warnings(within.replace("10.244.1.5", "192.168.50.133")) == [
        "lab.fabric.yml:4: pool 192.168.50.128/25 lies in node1's network 192.168.50.0/24 (line 8), whose other "
        "hosts find none of its addresses on the wire; use a range that no network has"
    ]
    assert warnings(GOOD) == []
