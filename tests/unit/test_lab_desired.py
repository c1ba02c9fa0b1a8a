# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab may look like is decided before anything is started."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.desired import (
    Lab,
    LabLink,
    LabNode,
    mac_address,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.request import lab_from_params

Params = t.Dict[str, t.Any]

NODE1 = {"name": "node1", "interface": "ens33", "address": "192.168.50.10/24"}
NODE2 = {"name": "node2", "interface": "ens33", "address": "192.168.50.11/24"}
NODE3 = {"name": "node3", "interface": "ens33", "address": "192.168.50.12/24"}


def params(*nodes: t.Mapping[str, t.Any], **options: t.Any) -> Params:
    return {"name": "lab", "state": "present", "nodes": list(nodes), **options}


def test_nodes_are_sorted_and_the_neighbours_counted() -> None:
    assert lab_from_params(params(NODE2, NODE1, workload_count=6), BACKENDS) == Lab(
        "lab",
        (
            LabNode("node1", (LabLink("ens33", "192.168.50.10/24"),)),
            LabNode("node2", (LabLink("ens33", "192.168.50.11/24"),)),
        ),
        14,
    )


def test_interfaces_are_sorted_and_neighbours_counted_where_nodes_meet() -> None:
    lab = lab_from_params(
        params({**NODE1, "interfaces": [{"name": "e1", "address": "10.0.0.1/24"}]}, NODE2, {**NODE3, "interfaces": []}),
        BACKENDS,
    )
    assert lab.nodes[0] == LabNode("node1", (LabLink("e1", "10.0.0.1/24"), LabLink("ens33", "192.168.50.10/24")))
    assert lab.neighbours == 6


def test_a_lab_that_goes_needs_no_nodes() -> None:
    assert lab_from_params({"name": "lab", "state": "absent", "nodes": None}, BACKENDS) == Lab("lab", (), 0)


BAD: t.Dict[str, t.Tuple[Params, str]] = {
    "no nodes": (params(), "no nodes are listed"),
    "a lab's name that leads out of its directory": (params(NODE1, name="../etc"), "lab ../etc: name '../etc'"),
    "a node's name with a space": (params({**NODE1, "name": "node 1"}), "name 'node 1'"),
    "a node's name that is too long": (params({**NODE1, "name": "n" * 64}), "1 to 63 letters"),
    "an interface with a slash": (params({**NODE1, "interface": "ens/33"}), "interface name 'ens/33'"),
    "an interface of 16 bytes": (params({**NODE1, "interface": "e" * 16}), "15 at most"),
    "the loopback": (params({**NODE1, "interface": "lo"}), "interface name 'lo' is the loopback"),
    "an interface that the kernel would number": (
        params({**NODE1, "interface": "%d"}),
        "interface name '%d' holds '%', for which the kernel puts a number of its own; leave it out",
    ),
    "an address without a prefix length": (params({**NODE1, "address": "192.168.50.10"}), "no prefix length"),
    "an address that is none": (params({**NODE1, "address": "192.168.50.300/24"}), "no IPv4 address"),
    "an IPv6 address": (params({**NODE1, "address": "fd00::1/64"}), "no IPv4 address"),
    "the subnet's own address": (params({**NODE1, "address": "192.168.50.0/24"}), "the subnet's own"),
    "the broadcast address": (params({**NODE1, "address": "192.168.50.255/24"}), "or its broadcast"),
    "a multicast address": (params({**NODE1, "address": "224.0.0.5/24"}), "unicast"),
    "one name twice": (params(NODE1, {**NODE2, "name": "node1"}), "node1 is the name of two nodes"),
    "one address twice": (params(NODE1, {**NODE2, "address": "192.168.50.10/24"}), "192.168.50.10 is the address of"),
    "subnets that overlap": (
        params(NODE1, {**NODE2, "address": "192.168.50.11/16"}),
        "subnets 192.168.0.0/16 and 192.168.50.0/24 overlap",
    ),
    "two interfaces of one name": (
        params({**NODE1, "interfaces": [{"name": "ens33", "address": "10.0.0.1/24"}]}),
        "ens33 is the name of two interfaces of node node1",
    ),
    "two interfaces in one subnet": (
        params({**NODE1, "interfaces": [{"name": "eth1", "address": "192.168.50.20/24"}]}),
        "192.168.50.0/24 is the subnet of two interfaces of node node1",
    ),
    "a further address that is none": (
        params({**NODE1, "interfaces": [{"name": "eth1", "address": "fd00::1/64"}]}),
        "no IPv4 address",
    ),
    "a negative number of workloads": (params(NODE1, workload_count=-1), "workload_count -1 is negative"),
    "more nodes than a bridge has ports": (
        params(*({**NODE1, "name": f"n{i}", "address": f"10.0.{i // 250}.{i % 250 + 1}/16"} for i in range(1001))),
        "subnet 10.0.0.0/16: 1001 nodes are too many",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_it_is_refused(case: str) -> None:
    wrong, complaint = BAD[case]
    with pytest.raises(InvalidInput) as refused:
        lab_from_params(wrong, BACKENDS)
    assert len(refused.value.faults) == 1
    assert complaint in refused.value.faults[0]


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        lab_from_params(params({"name": "a b", "interface": "lo", "address": "1.2.3.4"}, NODE1, NODE1), BACKENDS)
    assert len(refused.value.faults) == 5


def test_a_subnet_of_two_addresses_has_neither_broadcast_nor_network_address() -> None:
    assert (
        lab_from_params(params({**NODE1, "address": "10.0.0.0/31"}), BACKENDS).nodes[0].links[0].address
        == "10.0.0.0/31"
    )


def test_a_mac_is_the_same_at_every_start_local_and_the_node_s_own() -> None:
    macs = {
        mac_address(lab, node, interface)
        for lab in ("lab", "other")
        for node in ("node1", "node2")
        for interface in ("eth0", "eth1")
    }
    assert len(macs) == 8
    assert mac_address("lab", "node1", "eth0") in macs
    assert all(mac.startswith("02:") and len(mac) == 17 for mac in macs)
