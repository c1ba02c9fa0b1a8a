# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module nat: what its options ask for, and which it refuses."""

from __future__ import annotations

import typing as t

import pytest
from box import request_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.nat.ruleset import FAMILY, TABLE
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import Table, elements_of

Options = t.Dict[str, t.Any]
FLOATING: Options = {"address": "198.51.100.10", "workload_address": "10.1.0.1"}


def floating(**changes: str) -> Options:
    return {**FLOATING, **changes}


def sets(**options: t.Any) -> t.Mapping[str, t.Sequence[str]]:
    """The elements of the sets of the table that is asked for, but for those that are always the same."""
    table = request_of("nat", options).present[("table", "", FAMILY, TABLE)]
    found = elements_of(t.cast(Table, table))
    return {name: list(members) for name, members in found.items() if members and name != "cali-fip-protocols"}


def test_pools_of_one_way_share_a_set_and_all_are_inside() -> None:
    outgoing = [
        {"pool": "10.1.0.0/24"},
        {"pool": "10.1.1.0/24"},
        {"pool": "10.3.0.0/24", "exclusions": "pools_and_nodes"},
        {"pool": "10.4.0.0/24", "address": "192.0.2.9"},
    ]
    assert sets(outgoing=outgoing, inside=["10.9.0.0/24"], nodes=["192.0.2.1"]) == {
        "cali-all-hosts": ["192.0.2.1"],
        "cali-all-ipam-pools": [
            *("10.1.0.0-10.1.1.255", "10.3.0.0-10.3.0.255", "10.4.0.0-10.4.0.255", "10.9.0.0-10.9.0.255"),
        ],
        "cali-masq-ipam-pools": ["10.1.0.0-10.1.1.255"],
        "cali-masq-ipam-pools-192.0.2.9": ["10.4.0.0-10.4.0.255"],
        "cali-masq-ipam-pools-hosts": ["10.3.0.0-10.3.0.255"],
    }


def test_a_floating_ip_is_inside_and_leads_where_its_snat_says() -> None:
    three = [
        floating(),
        floating(address="198.51.100.11", workload_address="10.1.0.2", snat="always"),
        floating(address="198.51.100.12", workload_address="10.1.0.3", snat="none"),
    ]
    assert sets(floating_ips=three) == {
        "cali-all-ipam-pools": ["198.51.100.10-198.51.100.11", "198.51.100.12"],
        "cali-fip-dnat": [
            *("198.51.100.10 : 10.1.0.1", "198.51.100.11 : 10.1.0.2", "198.51.100.12 : 10.1.0.3"),
        ],
        "cali-fip-hairpin": ["10.1.0.1 . 10.1.0.1 : 198.51.100.10", "10.1.0.2 . 10.1.0.2 : 198.51.100.11"],
        "cali-fip-snat": ["10.1.0.2 : 198.51.100.11"],
    }


def test_where_nothing_is_translated_there_is_no_table() -> None:
    request = request_of("nat", {"inside": ["10.1.0.0/16"], "nodes": ["192.0.2.1"]})
    assert request == request_of("nat", {"state": "absent"})
    assert not request.present
    assert request.absent == {("table", "", FAMILY, TABLE)}


BAD: t.Dict[str, t.Tuple[Options, t.List[str]]] = {
    "host bits of a network": ({"inside": ["10.1.0.1/16"]}, ["inside[0]", "10.1.0.1/16", "write 10.1.0.0/16"]),
    "a node that is no address": ({"nodes": ["node1"]}, ["nodes[0]", "node1"]),
    "host bits of a pool": ({"outgoing": [{"pool": "10.1.0.1/16"}]}, ["outgoing[0].pool", "write 10.1.0.0/16"]),
    "a pool without length": ({"outgoing": [{"pool": "10.1.0.0"}]}, ["outgoing[0].pool", "is not a pool"]),
    "pools that overlap": (
        {"outgoing": [{"pool": "10.1.0.0/16"}, {"pool": "10.1.2.0/24", "address": "192.0.2.1"}]},
        ["outgoing[1].pool", "overlaps 10.1.0.0/16", "keep them apart"],
    ),
    "an address that is no way to translate": (
        {"outgoing": [{"pool": "10.1.0.0/16", "address": "masquerad"}]},
        ["outgoing[0].address", "masquerad"],
    ),
    "a floating IP with a length": (
        {"floating_ips": [floating(address="198.51.100.10/32")]},
        ["floating_ips[0].address", "write 198.51.100.10"],
    ),
    "a floating IP of loopback": (
        {"floating_ips": [floating(address="127.0.0.1")]},
        ["floating_ips[0].address", "loopback"],
    ),
    "a floating IP of two": (
        {"floating_ips": [floating(), floating(workload_address="10.1.0.2")]},
        ["floating_ips[1].address", "leads to 10.1.0.1 already", "give each its own"],
    ),
    "a node's address as floating IP": (
        {"floating_ips": [floating()], "nodes": ["198.51.100.10"]},
        ["floating_ips[0].address", "is a node's own"],
    ),
    "a floating IP inside of a pool": (
        {"floating_ips": [floating(address="10.1.0.7")], "outgoing": [{"pool": "10.1.0.0/16"}]},
        ["floating_ips[0].address", "lies in 10.1.0.0/16", "use one outside of the pools"],
    ),
    "a workload without an address": (
        {"floating_ips": [floating(workload_address="web1")]},
        ["floating_ips[0].workload_address", "web1"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_fault_is_named_with_its_remedy(case: str) -> None:
    options, words = BAD[case]
    with pytest.raises(InvalidInput) as caught:
        request_of("nat", options)
    (fault,) = caught.value.faults
    for word in words:
        assert word in fault


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        request_of("nat", {"inside": ["10.1.0.1/16"], "floating_ips": [floating(address="127.0.0.1")]})
    assert len(str(caught.value).splitlines()) == 2
