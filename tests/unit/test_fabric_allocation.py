# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allocation: what was given once stays, whatever is added, and in whatever order it is written."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.allocation import store
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.allocations import Allocations
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

Nodes = t.Mapping[str, t.Sequence[str]]
# A slow machine is no failure.
steady = settings(deadline=None)

# Workload name -> its node, and its address or nothing.
Workloads = t.Mapping[str, t.Tuple[str, ...]]

NODE_NAMES = [f"n{number}" for number in range(6)]
WORKLOAD_NAMES = [f"w{number}" for number in range(24)]


def fabric_file(
    nodes: Nodes,
    workloads: Workloads,
    pools: t.Sequence[str] = ("10.1.0.0/26", "10.2.0.0/26"),
    reserved: t.Sequence[str] = (),
) -> str:
    """A fabric file with blocks of four addresses, its nodes and workloads in the given order."""
    lines = ["plugin: purel3.fabric.fabric", "as_number: 64512", "pools:"]
    lines += [f"  - {{cidr: {pool}, block_size: 30}}" for pool in pools]
    lines += [f"reserved: [{', '.join(reserved)}]", "nodes:"]
    for name, blocks in nodes.items():
        given_blocks = f", blocks: [{', '.join(blocks)}]" if blocks else ""
        lines.append(
            f"  {name}: {{address: 192.168.0.{10 + NODE_NAMES.index(name)}/24, interface: eth0{given_blocks}}}"
        )
    lines += ["workloads:"]
    for name, (node, address, *was) in workloads.items():
        given = "".join(f", {key}: {value}" for key, value in zip(("address", "was"), (address, *was)) if value)
        lines.append(f"  {name}: {{node: {node}{given}}}")
    return "\n".join(lines)


def allocate(text: str, stored: str = "") -> Allocations:
    """All allocations of a fabric file over those of a store."""
    faults = Faults("f.fabric.yml")
    return check_fabric(Source(faults, load(text, faults), Faults("f.allocations.txt"), stored)).allocations


def as_text(allocations: Allocations) -> t.List[str]:
    """Allocations as the store's lines."""
    return store.entries(allocations)


@dataclass(frozen=True)
class Case:
    """Nodes and workloads over a store, and the allocations."""

    name: str
    nodes: Nodes
    workloads: Workloads
    allocations: t.Sequence[str]
    stored: t.Sequence[str] = ()
    pools: t.Sequence[str] = field(default_factory=lambda: ["10.1.0.0/26", "10.2.0.0/26"])
    reserved: t.Sequence[str] = ()


CASES = [
    Case("a node gets the first block", {"n0": ()}, {}, ["block 10.1.0.0/30 n0"]),
    Case(
        "nodes get blocks in the order of their names",
        {"n2": (), "n1": ()},
        {},
        ["block 10.1.0.0/30 n1", "block 10.1.0.4/30 n2"],
    ),
    Case("a node that has a block given gets no other", {"n0": ["10.2.0.8/30"]}, {}, ["block 10.2.0.8/30 n0"]),
    Case(
        "a block that is given is not allocated again",
        {"n0": (), "n1": ["10.1.0.0/30"]},
        {},
        ["block 10.1.0.0/30 n1", "block 10.1.0.4/30 n0"],
    ),
    Case(
        "a workload gets its node's first address, as all addresses of a block are usable",
        {"n0": ()},
        {"w0": ("n0", "")},
        ["address 10.1.0.0 w0", "block 10.1.0.0/30 n0"],
    ),
    Case(
        "an address that is given is not allocated again",
        {"n0": ()},
        {"w0": ("n0", ""), "w1": ("n0", "10.1.0.0")},
        ["address 10.1.0.0 w1", "address 10.1.0.1 w0", "block 10.1.0.0/30 n0"],
    ),
    Case(
        "an address that is reserved is given to nobody",
        {"n0": ()},
        {"w0": ("n0", ""), "w1": ("n0", ""), "w2": ("n0", "")},
        [
            "address 10.1.0.0 w0",
            "address 10.1.0.3 w1",
            "address 10.1.0.5 w2",
            "block 10.1.0.0/30 n0",
            "block 10.1.0.4/30 n0",
        ],
        reserved=["10.1.0.1-10.1.0.2", "10.1.0.4"],
    ),
    Case(
        "a block of which all is reserved, by whichever entries, is given to nobody",
        {"n0": (), "n1": ()},
        {},
        ["block 10.1.0.8/30 n0", "block 10.1.0.12/30 n1"],
        reserved=["10.1.0.0/31", "10.1.0.2-10.1.0.7"],
    ),
    Case(
        "a node gets a further block when its own is full",
        {"n0": (), "n1": ()},
        {f"w{number}": ("n0", "") for number in range(5)},
        [
            *(f"address 10.1.0.{number} w{number}" for number in range(4)),
            "address 10.1.0.8 w4",
            "block 10.1.0.0/30 n0",
            "block 10.1.0.4/30 n1",
            "block 10.1.0.8/30 n0",
        ],
    ),
    Case(
        "the second pool is used when the first is full",
        {"n0": (), "n1": ()},
        {},
        ["block 10.1.0.0/30 n0", "block 10.2.0.0/30 n1"],
        pools=["10.1.0.0/30", "10.2.0.0/26"],
    ),
    Case(
        "an address that is given takes its block for the node",
        {"n0": (), "n1": ()},
        {"w0": ("n1", "10.1.0.1")},
        ["address 10.1.0.1 w0", "block 10.1.0.0/30 n1", "block 10.1.0.4/30 n0"],
    ),
    Case(
        "what is stored stays",
        {"n0": (), "n1": ()},
        {"w0": ("n1", ""), "w1": ("n1", "")},
        ["address 10.2.0.0 w0", "address 10.2.0.2 w1", "block 10.1.0.0/30 n0", "block 10.2.0.0/30 n1"],
        stored=["address 10.2.0.2 w1", "block 10.2.0.0/30 n1"],
    ),
    Case(
        "what belonged to a node and a workload that are gone is released",
        {"n0": ()},
        {"w0": ("n0", "")},
        ["address 10.1.0.4 w0", "block 10.1.0.4/30 n0", "freed 10.1.0.0/30"],
        stored=["address 10.1.0.0 w5", "block 10.1.0.0/30 n5"],
    ),
    Case(
        "what is freed is not given to another in the same run",
        {"n0": (), "n1": ()},
        {"w2": ("n0", ""), "w4": ("n0", "")},
        [
            "address 10.1.0.1 w4",
            "address 10.1.0.2 w2",
            "block 10.1.0.0/30 n0",
            "block 10.1.0.4/30 n1",
            "freed 10.1.0.0",
            "freed 10.1.0.4",
        ],
        stored=[
            *("address 10.1.0.0 w3", "address 10.1.0.1 w4", "address 10.1.0.4 w2"),
            *("block 10.1.0.0/30 n0", "block 10.1.0.4/30 n1"),
        ],
    ),
    Case(
        "what was freed is given again when all that nobody had is given",
        {"n0": ()},
        {f"w{number}": ("n0", "") for number in range(5)},
        [
            *("address 10.1.0.0 w2", "address 10.1.0.1 w3", "address 10.1.0.2 w0", "address 10.1.0.3 w1"),
            *("address 10.1.0.4 w4", "block 10.1.0.0/30 n0", "block 10.1.0.4/30 n0"),
        ],
        stored=["block 10.1.0.0/30 n0", "freed 10.1.0.0", "freed 10.1.0.1"],
    ),
    Case(
        "a block that was freed is given again when all that nobody had is given",
        {"n0": (), "n1": (), "n2": ()},
        {},
        ["block 10.1.0.0/30 n1", "block 10.1.0.4/30 n0", "block 10.1.0.8/30 n2"],
        stored=["block 10.1.0.4/30 n0", "freed 10.1.0.0/30", "freed 10.1.0.8/30"],
        pools=["10.1.0.0/29", "10.1.0.8/30"],
    ),
    Case(
        "a workload keeps its address under a new name if the file says what it was",
        {"n0": ()},
        {"w1": ("n0", "", "w3"), "w2": ("n0", "")},
        ["address 10.1.0.0 w1", "address 10.1.0.1 w2", "block 10.1.0.0/30 n0"],
        stored=["address 10.1.0.0 w3", "block 10.1.0.0/30 n0"],
    ),
    Case(
        "what a workload was does not count once it has an address under its name",
        {"n0": ()},
        {"w1": ("n0", "", "w3")},
        ["address 10.1.0.1 w1", "block 10.1.0.0/30 n0", "freed 10.1.0.0"],
        stored=["address 10.1.0.0 w3", "address 10.1.0.1 w1", "block 10.1.0.0/30 n0"],
    ),
    Case(
        "a workload that moves to another node gets an address there",
        {"n0": (), "n1": ()},
        {"w0": ("n1", "")},
        ["address 10.1.0.4 w0", "block 10.1.0.0/30 n0", "block 10.1.0.4/30 n1", "freed 10.1.0.0"],
        stored=["address 10.1.0.0 w0", "block 10.1.0.0/30 n0", "block 10.1.0.4/30 n1"],
    ),
    Case(
        "a node under a new name keeps the block that the file gives it, and its workloads their addresses",
        {"n1": ["10.1.0.8/30"]},
        {"w0": ("n1", "")},
        ["address 10.1.0.10 w0", "block 10.1.0.8/30 n1"],
        stored=["address 10.1.0.10 w0", "block 10.1.0.8/30 n0"],
    ),
    Case(
        "a block and an address that are no longer given in the file are kept",
        {"n0": ()},
        {"w0": ("n0", "")},
        ["address 10.2.0.6 w0", "block 10.2.0.4/30 n0"],
        stored=["address 10.2.0.6 w0", "block 10.2.0.4/30 n0"],
    ),
    Case(
        "the file's address replaces the stored one",
        {"n0": ()},
        {"w0": ("n0", "10.1.0.3")},
        ["address 10.1.0.3 w0", "block 10.1.0.0/30 n0", "freed 10.1.0.0"],
        stored=["address 10.1.0.0 w0", "block 10.1.0.0/30 n0"],
    ),
    Case(
        "a stored block that a node with given blocks no longer lists is released",
        {"n0": ["10.1.0.4/30"]},
        {},
        ["block 10.1.0.4/30 n0", "freed 10.1.0.0/30"],
        stored=["block 10.1.0.0/30 n0"],
    ),
    Case(
        "an address of another node's block may be given, and is not allocated there",
        {"n0": ["10.1.0.0/30"], "n1": ()},
        {"w0": ("n0", ""), "w1": ("n1", "10.1.0.0")},
        ["address 10.1.0.0 w1", "address 10.1.0.1 w0", "block 10.1.0.0/30 n0", "block 10.1.0.4/30 n1"],
    ),
    Case(
        "an address of another node's allocated block may be given",
        {"n0": (), "n1": ()},
        {"w0": ("n0", ""), "w1": ("n1", "10.1.0.1"), "w2": ("n0", "")},
        [
            "address 10.1.0.0 w0",
            "address 10.1.0.1 w1",
            "address 10.1.0.2 w2",
            "block 10.1.0.0/30 n0",
            "block 10.1.0.4/30 n1",
        ],
        stored=["address 10.1.0.0 w0", "block 10.1.0.0/30 n0"],
    ),
    Case(
        "an address outside of its node's given blocks takes no block, but is taken in whoever's that becomes",
        {"n0": ["10.1.0.8/30"], "n1": ()},
        {"w0": ("n0", "10.1.0.0"), "w1": ("n1", "")},
        ["address 10.1.0.0 w0", "address 10.1.0.1 w1", "block 10.1.0.0/30 n1", "block 10.1.0.8/30 n0"],
    ),
    Case(
        "of two nodes whose workloads have addresses of one block, the first workload's gets it",
        {"n0": (), "n1": ()},
        {"w1": ("n1", "10.1.0.9"), "w2": ("n0", "10.1.0.10")},
        ["address 10.1.0.9 w1", "address 10.1.0.10 w2", "block 10.1.0.0/30 n0", "block 10.1.0.8/30 n1"],
    ),
    Case(
        "an address of another node's block that is no longer given is released",
        {"n0": (), "n1": ()},
        {"w1": ("n1", "")},
        ["address 10.1.0.4 w1", "block 10.1.0.0/30 n0", "block 10.1.0.4/30 n1", "freed 10.1.0.1"],
        stored=["address 10.1.0.1 w1", "block 10.1.0.0/30 n0", "block 10.1.0.4/30 n1"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_allocation(case: Case) -> None:
    stored = "\n".join([store.TITLE, *case.stored]) if case.stored else ""
    text = fabric_file(case.nodes, case.workloads, case.pools, case.reserved)
    assert as_text(allocate(text, stored)) == list(case.allocations)


@st.composite
def fabrics(draw: st.DrawFn) -> t.Tuple[Nodes, Workloads]:
    """Any fabric of which some blocks and addresses are given."""
    blocks = st.sampled_from([str(block) for block in IPv4Network("10.1.0.0/26").subnets(new_prefix=30)])
    names = draw(st.lists(st.sampled_from(NODE_NAMES), min_size=1, unique=True))
    taken: t.Set[str] = set()
    nodes: t.Dict[str, t.Sequence[str]] = {}
    for name in names:
        given_blocks = [block for block in draw(st.lists(blocks, max_size=1)) if block not in taken]
        taken.update(given_blocks)
        nodes[name] = given_blocks
    workloads: t.Dict[str, t.Tuple[str, str]] = {}
    for name in draw(st.lists(st.sampled_from(WORKLOAD_NAMES), unique=True)):
        node = draw(st.sampled_from(names))
        offset = draw(st.none() | st.integers(0, 3))
        address = str(IPv4Network(nodes[node][0])[offset]) if nodes[node] and offset is not None else ""
        workloads[name] = (node, "" if address in taken else address)
        taken.add(address)
    return nodes, workloads


def allocate_if_it_fits(nodes: Nodes, workloads: Workloads, stored: str = "") -> Allocations:
    """Allocations of a fabric; skips examples for which the pools or blocks are too small."""
    try:
        return allocate(fabric_file(nodes, workloads), stored)
    except InvalidInput as report:
        assume(not any("no free block" in fault or "all are taken" in fault for fault in report.faults))
        raise


def part_of(mapping: t.Mapping[str, t.Any], names: t.Collection[str]) -> t.Dict[str, t.Any]:
    """The items with these names."""
    return {name: value for name, value in mapping.items() if name in names}


@steady
@given(fabrics(), st.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_matter(fabric: t.Tuple[Nodes, Workloads], random: t.Any) -> None:
    nodes, workloads = fabric
    expected = allocate_if_it_fits(nodes, workloads)
    shuffled_nodes = dict(random.sample(list(nodes.items()), len(nodes)))
    shuffled_workloads = dict(random.sample(list(workloads.items()), len(workloads)))
    assert allocate(fabric_file(shuffled_nodes, shuffled_workloads)) == expected


@steady
@given(fabrics(), st.data())
def test_adding_nodes_and_workloads_never_moves_an_old_one(
    fabric: t.Tuple[Nodes, Workloads], data: st.DataObject
) -> None:
    nodes, workloads = fabric
    # What the file gives later may contradict what was allocated before, which is a fault of its own.
    old_nodes = part_of(nodes, data.draw(st.sets(st.sampled_from(sorted(nodes)), min_size=1)))
    nodes = {name: blocks if name in old_nodes else () for name, blocks in nodes.items()}
    workloads = {name: (node, address if nodes[node] else "") for name, (node, address) in workloads.items()}
    old_workloads = {name: value for name, value in workloads.items() if value[0] in old_nodes}
    kept_names = data.draw(st.sets(st.sampled_from(sorted(old_workloads)))) if old_workloads else set()
    old_workloads = part_of(old_workloads, kept_names)
    workloads = {name: (node, address if name in kept_names else "") for name, (node, address) in workloads.items()}

    before = allocate_if_it_fits(old_nodes, old_workloads)
    after = allocate_if_it_fits(nodes, workloads, store.render(before))
    assert before.blocks.items() <= after.blocks.items()
    assert before.addresses.items() <= after.addresses.items()


@steady
@given(fabrics())
def test_every_workload_has_one_address_in_a_block_of_its_node(fabric: t.Tuple[Nodes, Workloads]) -> None:
    nodes, workloads = fabric
    found = allocate_if_it_fits(nodes, workloads)
    assert sorted(found.addresses.values()) == sorted(workloads)
    assert set(found.blocks.values()) == set(nodes)
    for address, workload in found.addresses.items():
        block = IPv4Network((int(address), 30), strict=False)
        assert found.blocks[block] == workloads[workload][0]


@steady
@given(fabrics(), st.data())
def test_an_address_that_is_given_anywhere_in_the_pools_is_nobody_elses(
    fabric: t.Tuple[Nodes, Workloads], data: st.DataObject
) -> None:
    nodes, workloads = fabric
    free = sorted({f"10.1.0.{number}" for number in range(16)} - {address for _node, address in workloads.values()})
    names = data.draw(st.lists(st.sampled_from(sorted(workloads)), unique=True, max_size=4)) if workloads else []
    given_addresses = dict(zip(names, data.draw(st.permutations(free))))
    workloads = {name: (node, given_addresses.get(name, address)) for name, (node, address) in workloads.items()}
    found = allocate_if_it_fits(nodes, workloads)
    holders = {workload: str(address) for address, workload in found.addresses.items()}
    assert sorted(holders) == sorted(workloads)
    for name, (node, address) in workloads.items():
        assert address in ("", holders[name])
        if not address:
            assert found.blocks[IPv4Network(f"{holders[name]}/30", strict=False)] == node


@steady
@given(fabrics())
def test_a_second_run_finds_nothing_to_allocate(fabric: t.Tuple[Nodes, Workloads]) -> None:
    first = allocate_if_it_fits(*fabric)
    assert allocate(fabric_file(*fabric), store.render(first)) == first


def test_a_move_is_told_beforehand_with_the_address_that_it_costs() -> None:
    stored = "\n".join([store.TITLE, "address 10.1.0.0 w0", "block 10.1.0.0/30 n0", "block 10.1.0.4/30 n1"])
    faults = Faults("f.fabric.yml")
    text = fabric_file({"n0": (), "n1": ()}, {"w0": ("n1", "")})
    checked = check_fabric(Source(faults, load(text, faults), Faults("f.allocations.txt"), stored))
    assert list(checked.warnings) == [
        "f.fabric.yml:11: w0: moves from n0 to n1, so it loses its address 10.1.0.0; leave it there, or have whoever "
        "knows that address learn the new one"
    ]
    again = check_fabric(Source(faults, load(text, faults), Faults("s"), store.render(checked.allocations)))
    assert list(again.warnings) == []


FORMER_NAMES: t.Dict[str, t.Tuple[Workloads, str]] = {
    "of a workload that is there": (
        {"w0": ("n0", "", "w1"), "w1": ("n0", "")},
        "10: w0: was w1, which is a workload of this file (line 11); remove 'was', or that workload",
    ),
    "twice": (
        {"w0": ("n0", "", "w2"), "w1": ("n0", "", "w2")},
        "11: w1: former name w2 is also w0's (line 10); remove one of them",
    ),
}


@pytest.mark.parametrize("case", FORMER_NAMES)
def test_a_former_name_that_cannot_be_is_refused(case: str) -> None:
    workloads, fault = FORMER_NAMES[case]
    with pytest.raises(InvalidInput) as caught:
        allocate(fabric_file({"n0": ()}, workloads))
    assert list(caught.value.faults) == [f"f.fabric.yml:{fault}"]


SHORTAGES: t.Dict[str, t.Tuple[Nodes, Workloads, t.Sequence[str], str]] = {
    "addresses of a node's given blocks": (
        {"n0": ["10.1.0.0/30"]},
        {f"w{number}": ("n0", "") for number in range(1, 5)},
        [*(f"address 10.1.0.{number} w{number}" for number in range(4)), "block 10.1.0.0/30 n0"],
        "n0: its blocks have 4 addresses, and all are taken but what this change frees; add a block to its blocks, or "
        "remove 'blocks' to have further ones allocated (it keeps those it has), or run without what is new first",
    ),
    "blocks of the pools": (
        {"n0": (), "n2": ()},
        {},
        ["block 10.1.0.0/30 n0", "block 10.1.0.4/30 n1"],
        "n2: no free block is left in 10.1.0.0/29 (blocks of /30) but what this change frees; add a pool, or remove "
        "nodes or workloads, or run without what is new first",
    ),
}


@pytest.mark.parametrize("short", SHORTAGES)
def test_what_is_short_but_for_what_this_change_frees_says_so(short: str) -> None:
    nodes, workloads, stored, fault = SHORTAGES[short]
    with pytest.raises(InvalidInput) as caught:
        allocate(fabric_file(nodes, workloads, pools=["10.1.0.0/29"]), "\n".join([store.TITLE, *stored]))
    assert [words.partition(": ")[2] for words in caught.value.faults] == [fault]


@steady
@given(fabrics(), st.data())
def test_removing_workloads_releases_theirs_and_moves_no_other(
    fabric: t.Tuple[Nodes, Workloads], data: st.DataObject
) -> None:
    nodes, workloads = fabric
    assume(workloads)
    first = allocate_if_it_fits(nodes, workloads)
    remaining = part_of(workloads, data.draw(st.sets(st.sampled_from(sorted(workloads)))))
    after = allocate(fabric_file(nodes, remaining), store.render(first))
    assert after.blocks == first.blocks
    assert after.addresses == {address: name for address, name in first.addresses.items() if name in remaining}


@steady
@given(
    st.dictionaries(
        st.integers(0, 15).map(lambda n: IPv4Network((0x0A010000 + 4 * n, 30))), st.sampled_from(NODE_NAMES)
    ),
    st.data(),
)
def test_a_store_reads_back_as_it_was_written(blocks: t.Dict[IPv4Network, str], data: st.DataObject) -> None:
    free = [address for block in blocks for address in block]
    names = data.draw(st.lists(st.sampled_from(WORKLOAD_NAMES), unique=True, max_size=len(free)))
    allocations = Allocations(blocks, dict(zip(data.draw(st.permutations(free)), names)))
    faults = Faults("store")
    assert store.parse(store.render(allocations), faults).allocations == allocations
    assert not faults
