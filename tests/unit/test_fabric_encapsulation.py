# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encapsulated pools: every node's tunnel has an address that stays, and the variables follow the mode."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.allocation import store
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import (
    all_variables,
    host_variables,
    node_variables,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import CheckedFabric
from ansible_collections.purel3.fabric.plugins.modules import conformance, reachability, workloads
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

# A slow machine is no failure.
steady = settings(deadline=None)

FILE = """\
plugin: purel3.fabric.fabric
pools:
  - {cidr: 10.1.0.0/26, block_size: 30, encapsulation: MODE}
  - {cidr: 10.2.0.0/26, block_size: 30}
nodes:
  n1: {address: 192.168.50.11/24, interface: ens33}
  n2: {address: 192.168.60.12/24, interface: ens33, interfaces: {eth1: {address: 10.9.0.2/24}}}
workloads:
"""


def checked(text: str, stored: t.Sequence[str] = ()) -> CheckedFabric:
    faults = Faults("f.fabric.yml")
    lines = "\n".join([store.TITLE, *stored]) if stored else ""
    return check_fabric(Source(faults, load(text, faults), Faults("f.allocations.txt"), lines))


def fabric(mode: str = "ipip", workloads: t.Optional[t.Mapping[str, str]] = None, **edits: str) -> str:
    text = FILE.replace("MODE", mode)
    for old, new in edits.items():
        text = text.replace(f"{old}: {{", f"{old}: {{{new}, ")
    return text + "".join(f"  {name}: {{{value}}}\n" for name, value in (workloads or {}).items())


@dataclass(frozen=True)
class Case:
    """A fabric over a store, and the addresses of its tunnels."""

    name: str
    text: str
    tunnels: t.Mapping[str, str]
    stored: t.Sequence[str] = ()


CASES = [
    Case("no pool is encapsulated", fabric("none"), {}),
    Case("each node has the last address of its block", fabric(), {"n1": "10.1.0.3", "n2": "10.1.0.7"}),
    Case(
        "the last address is a workload's",
        fabric(workloads={"w1": "node: n1, address: 10.1.0.3"}),
        {"n1": "10.1.0.2", "n2": "10.1.0.7"},
    ),
    Case(
        "the last address is that of another node's workload",
        fabric(workloads={"w1": "node: n1, address: 10.1.0.7"}, n2="blocks: [10.1.0.4/30]"),
        {"n1": "10.1.0.3", "n2": "10.1.0.6"},
    ),
    Case(
        "what is stored stays, wherever in the block it is",
        fabric(),
        {"n1": "10.1.0.1", "n2": "10.1.0.7"},
        ["block 10.1.0.0/30 n1", "tunnel 10.1.0.1 n1"],
    ),
    Case(
        "the blocks of an encapsulated fabric to be are full",
        fabric(workloads={f"w{number}": "node: n1" for number in range(4)}),
        {"n1": "10.1.0.11", "n2": "10.1.0.7"},
        [
            *("block 10.1.0.0/30 n1", "block 10.1.0.4/30 n2"),
            *(f"address 10.1.0.{number} w{number}" for number in range(4)),
        ],
    ),
    Case(
        "a node's only block is in a pool without encapsulation",
        fabric(),
        {"n1": "10.1.0.7", "n2": "10.1.0.3"},
        ["block 10.2.0.0/30 n1"],
    ),
    Case(
        "a node with blocks of both pools",
        fabric(n1="blocks: [10.2.0.0/30, 10.1.0.8/30]"),
        {"n1": "10.1.0.11", "n2": "10.1.0.3"},
    ),
    Case("a node without blocks has no tunnel", fabric(n1="blocks: []"), {"n2": "10.1.0.3"}),
    Case(
        "the node is gone, and another has its address in a later run",
        fabric(),
        {"n1": "10.1.0.7", "n2": "10.1.0.11"},
        ["block 10.1.0.0/30 n5", "tunnel 10.1.0.3 n5"],
    ),
    Case(
        "an address is kept while no pool is encapsulated, so that it is the same when one is again",
        fabric("none", workloads={f"w{number}": "node: n1" for number in range(4)}),
        {"n1": "10.1.0.3"},
        ["block 10.1.0.0/30 n1", "tunnel 10.1.0.3 n1"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_addresses_of_tunnels(case: Case) -> None:
    found = checked(case.text, case.stored).allocations
    assert {node: str(address) for address, node in found.tunnels.items()} == case.tunnels
    assert not set(found.tunnels) & set(found.addresses)


workload_sets = st.dictionaries(
    st.sampled_from([f"w{number}" for number in range(8)]), st.sampled_from(["node: n1", "node: n2"]), max_size=8
)


@steady
@given(workload_sets, workload_sets)
def test_encapsulation_and_workloads_that_come_and_go_move_nothing(
    first: t.Mapping[str, str], second: t.Mapping[str, str]
) -> None:
    plain = checked(fabric("none", first)).allocations
    begun = checked(fabric("ipip", first), store.entries(plain)).allocations
    assert plain.addresses == begun.addresses
    assert plain.blocks.items() <= begun.blocks.items()
    later = checked(fabric("ipip_cross_subnet", second), store.entries(begun)).allocations
    assert later.tunnels == begun.tunnels
    ended = checked(fabric("none", second), store.entries(later)).allocations
    assert ended == later
    assert checked(fabric("ipip", dict(reversed(list(second.items())))), store.entries(ended)).allocations == later


@steady
@given(workload_sets)
def test_no_workload_ever_has_the_address_of_a_tunnel(workloads: t.Mapping[str, str]) -> None:
    found = checked(fabric("ipip", workloads)).allocations
    assert sorted(found.tunnels.values()) == ["n1", "n2"]
    assert sorted(found.addresses.values()) == sorted(workloads)
    assert not set(found.tunnels) & set(found.addresses)
    for address, node in found.tunnels.items():
        assert [owner for block, owner in found.blocks.items() if address in block] == [node]


@pytest.mark.parametrize("module", [conformance, reachability, workloads], ids=lambda module: module.__name__)
def test_every_module_that_is_given_the_workloads_knows_all_that_is_said_of_them(module: t.Any) -> None:
    (workload,) = host_variables(checked(fabric("ipip", {"w1": "node: n1"})))["n1"]["node_workloads"]
    assert "mtu" in workload
    assert set(workload) <= set(module.ARGUMENT_SPEC["workloads"]["options"])


def test_without_encapsulation_no_variable_speaks_of_it() -> None:
    found = checked(fabric("none", {"w1": "node: n1"}))
    assert set(host_variables(found)["n1"]) & {"node_tunnel", "bird_encapsulation", "bird_subnets"} == set()
    assert node_variables(found) == {}
    assert "mtu" not in host_variables(found)["n1"]["node_workloads"][0]
    assert "tunnels" not in all_variables(found, "/x")["fabric_allocation_store"]


@pytest.mark.parametrize("mode", ["ipip", "ipip_cross_subnet"])
def test_each_node_knows_its_tunnel_and_the_pools_that_lead_into_it(mode: str) -> None:
    variables = host_variables(checked(fabric(mode)))["n2"]
    assert variables["node_tunnel"] == {"address": "10.1.0.7", "mtu": 1480}
    assert variables["bird_encapsulation"] == [{"prefix": "10.1.0.0/26", "mode": mode}]


def test_only_the_mode_that_asks_for_them_names_the_node_s_subnets() -> None:
    assert "bird_subnets" not in host_variables(checked(fabric("ipip")))["n2"]
    assert host_variables(checked(fabric("ipip_cross_subnet")))["n2"]["bird_subnets"] == [
        "10.9.0.0/24",
        "192.168.60.0/24",
    ]


def test_packets_may_come_out_of_the_tunnel_from_every_address_of_every_node() -> None:
    endpoints = "10.9.0.2,192.168.50.11,192.168.60.12"
    assert node_variables(checked(fabric()))["node_tunnel_endpoints"] == endpoints
    assert node_variables(checked(fabric(n1="blocks: []")))["node_tunnel_endpoints"] == endpoints
    # While its address changes, a node may still send from the old one.
    changing = checked(fabric(n1="old_address: 192.168.50.99/24"))
    assert node_variables(changing)["node_tunnel_endpoints"] == "10.9.0.2,192.168.50.11,192.168.50.99,192.168.60.12"


def test_a_node_without_blocks_sends_nothing_through_a_tunnel() -> None:
    variables = host_variables(checked(fabric(n1="blocks: []")))["n1"]
    assert set(variables) & {"node_tunnel", "bird_encapsulation", "bird_subnets"} == set()


def test_the_addresses_of_tunnels_are_stored_in_numeric_order() -> None:
    stored = all_variables(checked(fabric()), "/x")["fabric_allocation_store"]
    assert list(stored["tunnels"].items()) == [("10.1.0.3", "n1"), ("10.1.0.7", "n2")]


@pytest.mark.parametrize(
    ("mode", "given_mtu", "mtu"),
    [
        ("none", "", None),
        ("none", "mtu: 9000\n", 9000),
        ("ipip", "", 1480),
        ("ipip", "mtu: 9000\n", 8980),
        ("ipip_cross_subnet", "mtu: 1400\n", 1380),
    ],
)
def test_the_mtu_of_workloads_leaves_room_for_the_outer_header(mode: str, given_mtu: str, mtu: t.Optional[int]) -> None:
    variables = host_variables(checked(given_mtu + fabric(mode, {"w1": "node: n1"})))["n1"]
    assert variables["node_workloads"][0].get("mtu") == mtu
    assert variables.get("node_tunnel", {}).get("mtu") == (None if mode == "none" else mtu)


def test_a_tunnel_is_not_given_a_reserved_address() -> None:
    address = next(iter(checked(fabric()).allocations.tunnels))
    found = checked(f"reserved: [{address}]\n{fabric()}").allocations
    assert address not in found.tunnels
    assert len(found.tunnels) == len(checked(fabric()).allocations.tunnels)
