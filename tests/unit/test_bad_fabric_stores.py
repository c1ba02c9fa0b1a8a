# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the allocation store, and of a fabric file that contradicts it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from bad_fabric import GOOD, problems

STORE = """\
# Blocks and addresses that purel3.fabric has allocated.
address 10.244.0.0 web2
address 10.244.1.5 web1
block 10.244.0.0/26 node2
block 10.244.1.0/26 node1
"""


@dataclass(frozen=True)
class StoreCase:
    """The good file and store with texts replaced, and the report."""

    name: str
    faults: t.Sequence[str]
    file: t.Sequence[t.Tuple[str, str]] = ()
    store: t.Sequence[t.Tuple[str, str]] = ()


NODE1_WITHOUT_BLOCKS = ("    blocks: [10.244.1.0/26]\n", "")
WEB1_WITHOUT_ADDRESS = ("    address: 10.244.1.5\n", "")

STORE_CASES = [
    StoreCase(
        "the title is missing",
        [
            "lab.allocations.txt:1: '# A few blocks and addresses that purel3.fabric has allocated.' is not the "
            "first line of an allocation store; it must be '# Blocks and addresses that purel3.fabric has "
            "allocated.'"
        ],
        store=[("# Blocks and", "# A few blocks and")],
    ),
    StoreCase(
        "a line is cut off",
        [
            "lab.allocations.txt:4: 'block 10.244.0.0/26 ' is neither 'address ADDRESS WORKLOAD' nor 'block CIDR "
            "NODE' nor 'freed CIDR' nor 'tunnel ADDRESS NODE'; restore the file from version "
            "control, or delete the line to have it allocated anew"
        ],
        store=[("node2", "")],
    ),
    StoreCase(
        "an address is reserved that a workload has already",
        [
            "lab.fabric.yml:6: reserved: address 10.244.0.0 is allocated to web2 (lab.allocations.txt:2); reserve "
            "another, or delete that line from the store to have web2 renumbered"
        ],
        file=[("nodes:", "reserved: [10.244.0.0/29]\nnodes:")],
    ),
    StoreCase(
        "an address is reserved that a tunnel has already",
        [
            "lab.fabric.yml:6: reserved: address 10.244.0.63 is that of node2's tunnel (lab.allocations.txt:6); "
            "reserve another, or delete that line from the store to have node2's tunnel renumbered"
        ],
        file=[("nodes:", "reserved: [10.244.0.60-10.244.0.63]\nnodes:")],
        store=[("block 10.244.1.0/26 node1\n", "block 10.244.1.0/26 node1\ntunnel 10.244.0.63 node2\n")],
    ),
    StoreCase(
        "a merge left its marks",
        [
            "lab.allocations.txt:2: '<<<<<<< HEAD' is neither 'address ADDRESS WORKLOAD' nor 'block CIDR NODE' "
            "nor 'freed CIDR' nor 'tunnel ADDRESS NODE'; restore the file from version "
            "control, or delete the line to have it allocated anew"
        ],
        store=[("address 10.244.0.0 web2", "<<<<<<< HEAD\naddress 10.244.0.0 web2")],
    ),
    StoreCase(
        "a word is wrong",
        [
            "lab.allocations.txt:4: 'blok 10.244.0.0/26 node2' is neither 'address ADDRESS WORKLOAD' nor 'block "
            "CIDR NODE' nor 'freed CIDR' nor 'tunnel ADDRESS NODE'; restore the file from version "
            "control, or delete the line to have it allocated anew"
        ],
        store=[("block 10.244.0.0/26", "blok 10.244.0.0/26")],
    ),
    StoreCase(
        "an address is not one",
        [
            "lab.allocations.txt:2: 'address 10.244.0 web2' is not an IPv4 address; restore the file from version "
            "control, or delete the line to have it allocated anew"
        ],
        store=[("10.244.0.0 web2", "10.244.0 web2")],
    ),
    StoreCase(
        "a block has host bits set",
        [
            "lab.allocations.txt:4: 'block 10.244.0.1/26 node2' has host bits set; restore the file from version "
            "control, or delete the line to have it allocated anew"
        ],
        store=[("10.244.0.0/26", "10.244.0.1/26")],
    ),
    StoreCase(
        "a name injects text",
        [
            "lab.allocations.txt:2: 'address 10.244.0.0 ../web2' is not a usable name; restore the file from "
            "version control, or delete the line to have it allocated anew"
        ],
        store=[("10.244.0.0 web2", "10.244.0.0 ../web2")],
    ),
    StoreCase(
        "a block has two nodes",
        [
            "lab.allocations.txt:5: node1: block 10.244.0.0/26 is also on line 4; restore the file from version "
            "control, or delete the line to have it allocated anew"
        ],
        store=[("block 10.244.1.0/26 node1", "block 10.244.0.0/26 node1")],
    ),
    StoreCase(
        "an address has two workloads",
        [
            "lab.allocations.txt:3: web1: address 10.244.0.0 is also on line 2; restore the file from version "
            "control, or delete the line to have it allocated anew"
        ],
        store=[("10.244.1.5 web1", "10.244.0.0 web1")],
    ),
    StoreCase(
        "a workload has two addresses",
        [
            "lab.allocations.txt:3: web2: has an address on line 2 as well; restore the file from version control, "
            "or delete the line to have it allocated anew"
        ],
        store=[("10.244.1.5 web1", "10.244.1.5 web2")],
    ),
    StoreCase(
        "an address is in no block",
        [
            "lab.allocations.txt:2: web2: address 10.244.7.7 is in none of the store's blocks; restore the file "
            "from version control, or delete the line to have it allocated anew"
        ],
        store=[("10.244.0.0 web2", "10.244.7.7 web2")],
    ),
    StoreCase(
        "the pool of a block is gone",
        [
            "lab.allocations.txt:4: node2: block 10.244.0.0/26 is outside of every pool; bring its pool back, or "
            "delete the lines of this block and of its addresses from the store to have node2 renumbered"
        ],
        [("10.244.0.0/16", "10.245.0.0/16\n  - cidr: 10.244.1.0/26")],
    ),
    StoreCase(
        "the block size of a pool has changed",
        [
            "lab.allocations.txt:4: node2: block 10.244.0.0/26 is not a /27, the block_size of pool 10.244.0.0/16; "
            "change block_size back, or delete the lines of this block and of its addresses from the store to have "
            "node2 renumbered",
            "lab.allocations.txt:5: node1: block 10.244.1.0/26 is not a /27, the block_size of pool 10.244.0.0/16; "
            "change block_size back, or delete the lines of this block and of its addresses from the store to have "
            "node1 renumbered",
        ],
        [("block_size: 26", "block_size: 27"), NODE1_WITHOUT_BLOCKS],
    ),
    StoreCase(
        "the file gives a node another's block",
        [
            "lab.fabric.yml:10: node1: block 10.244.0.0/26 is allocated to node2 (lab.allocations.txt:4); list "
            "another, or delete the lines of this block and of its addresses from the store to have node2 "
            "renumbered"
        ],
        [("[10.244.1.0/26]", "[10.244.1.0/26, 10.244.0.0/26]")],
    ),
    StoreCase(
        "the file gives a workload another's address",
        [
            "lab.fabric.yml:18: web0: address 10.244.0.0 is allocated to web2 (lab.allocations.txt:2); use another, "
            "or delete that line from the store to have web2 renumbered"
        ],
        [("  web2:\n", "  web0: {node: node2, address: 10.244.0.0}\n  web2:\n")],
    ),
    StoreCase(
        "the file takes a block from under a workload",
        [
            "lab.allocations.txt:3: web1: address 10.244.1.5 is in block 10.244.1.0/26, which is no longer among "
            "node1's blocks (lab.fabric.yml:10); list the block there again, or delete this line from the store to "
            "have web1 renumbered"
        ],
        [("[10.244.1.0/26]", "[10.244.2.0/26]"), WEB1_WITHOUT_ADDRESS],
    ),
    StoreCase(
        "both have faults",
        [
            "lab.fabric.yml:2: as_number 0 is an AS number that must not be used (reserved); use 1 to 4294967294, "
            "best a private one: 64512 to 65534",
            "lab.allocations.txt:4: 'blok 10.244.0.0/26 node2' is neither 'address ADDRESS WORKLOAD' nor 'block "
            "CIDR NODE' nor 'freed CIDR' nor 'tunnel ADDRESS NODE'; restore the file from version "
            "control, or delete the line to have it allocated anew",
        ],
        [("as_number: 64512", "as_number: 0")],
        [("block 10.244.0.0/26", "blok 10.244.0.0/26")],
    ),
]


def test_a_store_that_fits_the_file_has_no_faults() -> None:
    assert problems(GOOD, STORE) == []


@pytest.mark.parametrize("case", STORE_CASES, ids=lambda case: case.name)
def test_faults_of_the_store_are_reported_too(case: StoreCase) -> None:
    text, stored = GOOD, STORE
    for old, new in case.file:
        assert old in text
        text = text.replace(old, new, 1)
    for old, new in case.store:
        assert old in stored
        stored = stored.replace(old, new, 1)
    assert problems(text, stored) == list(case.faults)
