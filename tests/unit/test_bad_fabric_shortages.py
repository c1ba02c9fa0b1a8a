# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files whose pools or blocks are too small: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import pytest
from bad_fabric import Case, check_report

# Two nodes, three workloads on the first.
SMALL = """\
plugin: purel3.fabric.fabric
as_number: 64512
pools:
  - cidr: {pool}
nodes:
  node1:
    address: 192.168.50.10/24
    interface: ens33
    {blocks}
  node2: {{address: 192.168.50.11/24, interface: ens33}}
workloads:
  web1: {{node: node1}}
  web2: {{node: node1}}
  web3: {{node: node1}}
"""

CASES = [
    Case(
        "there are more nodes than blocks",
        whole=SMALL.format(pool="10.244.1.0/26", blocks="blocks: [10.244.1.0/26]"),
        faults=[
            "10: node2: no free block is left in 10.244.1.0/26 (blocks of /26); add a pool, or remove nodes or "
            "workloads"
        ],
    ),
    Case(
        "a node's allocated blocks are full, and no block is left",
        whole=SMALL.format(pool="10.244.1.0/30\n    block_size: 31", blocks=""),
        faults=[
            "7: node1: no free block is left in 10.244.1.0/30 (blocks of /31); add a pool, or remove nodes or workloads"
        ],
    ),
    Case(
        "a node has more workloads than its blocks have addresses",
        whole=SMALL.format(pool="10.244.1.0/24\n    block_size: 31", blocks="blocks: [10.244.1.0/31]"),
        faults=[
            "10: node1: its blocks have 2 addresses, and all are taken; add a block to its blocks, or "
            "remove 'blocks' to have further ones allocated (it keeps those it has)"
        ],
    ),
    Case(
        "an address of a node's blocks is reserved",
        whole=SMALL.format(
            pool="10.244.1.0/24\n    block_size: 30\nreserved: [10.244.1.0-10.244.1.1]",
            blocks="blocks: [10.244.1.0/30]",
        ),
        faults=[
            "11: node1: its blocks have 4 addresses, and all are taken or reserved; add a block to its blocks, or "
            "remove 'blocks' to have further ones allocated (it keeps those it has)"
        ],
    ),
    Case(
        "a node's tunnel takes the address that its last workload would have had",
        whole=SMALL.format(
            pool="10.244.1.0/24\n    block_size: 31\n    encapsulation: ipip", blocks="blocks: [10.244.1.0/31]"
        ),
        faults=[
            "11: node1: its blocks have 2 addresses, and all are taken, one by its tunnel; add a block to its blocks, "
            "or remove 'blocks' to have further ones allocated (it keeps those it has)"
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)
