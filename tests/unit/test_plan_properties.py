# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds of every plan, whatever the workloads: carried out one operation at a time on a model of the kernel."""

from __future__ import annotations

import random
import typing as t
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import Refused, World, foreign_route

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import KernelError, RolledBack
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.source_guard import source_guard
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import to_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.address import Address
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.kind import Resource
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.namespace import Namespace
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import OWN_NAMESPACE
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import Table, elements_of
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.veth import Veth
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Observed, Plan, Request, diff
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.reconcile import propose
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import (
    SOURCE_SPOOFING,
    Workload,
    host_device,
)

PATH = "/proc/4711/ns/net"
NAMES = [f"web{number}" for number in range(6)]
WORKLOAD = st.builds(
    Workload,
    name=st.sampled_from(NAMES),
    address=st.sampled_from([f"10.244.1.{number}" for number in range(6)]),
    netns=st.sampled_from([*NAMES, "theirs", PATH]),
    interface_name=st.sampled_from(["eth0", "eth1"]),
    mtu=st.sampled_from([0, 1400, 1500]),
    mac=st.sampled_from(["", "02:00:00:00:00:01", "02:00:00:00:00:02"]),
    floating_ips=st.sampled_from([(), ("198.51.100.1",), ("198.51.100.1", "198.51.100.2"), ("198.51.100.2",)]),
    source_spoofing=st.sampled_from(SOURCE_SPOOFING),
)


def each_floating_ip_once(workloads: t.List[Workload]) -> t.List[Workload]:
    seen: t.Set[str] = set()
    found = []
    for one in workloads:
        found.append(one._replace(floating_ips=tuple(ip for ip in one.floating_ips if ip not in seen)))
        seen.update(one.floating_ips)
    return found


WORKLOADS = st.lists(
    WORKLOAD,
    max_size=6,
    unique_by=(lambda item: item.name, lambda item: item.address, lambda item: item.netns),
).map(each_floating_ip_once)
FOREIGN: t.Tuple[Resource, ...] = (
    foreign_route(OWN_NAMESPACE, "10.9.0.0/24", "br0"),
    foreign_route("theirs", "10.8.0.0/24", "br0"),
)
BRIDGES = ((OWN_NAMESPACE, "br0"), ("theirs", "br0"))


def empty() -> World:
    world = World(Namespace("theirs", ""), bridges=BRIDGES, paths=[PATH])
    for resource in FOREIGN:
        world.resources[resource.key] = resource
    return world


def world_with(workloads: t.Sequence[Workload]) -> World:
    world = empty()
    world.apply(diff(to_request(workloads), world.observed()))
    return world


class Failing:
    """That world behind the seam; the given operation, counted from 0, is refused once."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number

    def read(self, touched: t.Optional[t.Iterable[Resource]] = None) -> Observed:
        return self.world.observed()

    def look_at(self, objects: t.Sequence[Resource]) -> Observed:
        return self.world.observed()

    def apply(self, plan: Plan, observed: Observed) -> None:
        for position, op in enumerate(plan):
            self.number -= 1
            if self.number == -1:
                error = KernelError("refused")
                error.done = plan[:position]  # type: ignore[attr-defined]
                raise error
            self.world.carry_out(op)


@settings(max_examples=150, derandomize=True)
@given(WORKLOADS)
def test_from_nothing_a_plan_leaves_nothing_to_plan(workloads: t.List[Workload]) -> None:
    world = world_with(workloads)
    assert diff(to_request(workloads), world.observed()) == ()


@settings(max_examples=300, derandomize=True)
@given(WORKLOADS, WORKLOADS)
def test_from_one_set_to_another_a_plan_leaves_nothing_to_plan(old: t.List[Workload], new: t.List[Workload]) -> None:
    world = world_with(old)
    world.apply(diff(to_request(new), world.observed()))
    assert diff(to_request(new), world.observed()) == ()


def may_send(world: World, workload: Workload) -> bool:
    """Whether the source guard, where there is one, lets it send from its address."""
    return all(
        f"{host_device(workload.name)} . {workload.address}" in allowed["sources"]
        or host_device(workload.name) in allowed["any_source"]
        for allowed in map(elements_of, world.observed().of(Table))
    )


def is_attached(world: World, workload: Workload) -> bool:
    """Whether it could send from its address through the interface that is its own."""
    place = (workload.netns, workload.interface_name)
    own = {one.outer.device for one in world.observed().of(Veth) if one.inner.place == place}
    return host_device(workload.name) in own and Address(*place, f"{workload.address}/32").key in world.resources


@settings(max_examples=300, derandomize=True)
@given(WORKLOADS, WORKLOADS)
def test_at_no_step_is_a_new_workload_unguarded_or_one_that_stays_cut(
    old: t.List[Workload], new: t.List[Workload]
) -> None:
    world, is_guarded = world_with(old), any(source_guard(new))
    known = {(OWN_NAMESPACE, host_device(one.name)) for one in old}
    for op in diff(to_request(new), world.observed()):
        world.carry_out(op)
        is_there = any(world.observed().of(Table))
        assert is_there or not is_guarded or {veth.outer.place for veth in world.observed().of(Veth)} <= known
        for workload in new if is_guarded else ():
            assert may_send(world, workload) or not is_attached(world, workload)


@settings(max_examples=150, derandomize=True)
@given(WORKLOADS)
def test_a_purge_leaves_only_what_was_there_before(workloads: t.List[Workload]) -> None:
    world = world_with(workloads)
    world.apply(diff(to_request([]), world.observed()))
    forwarding = {key for key in world.resources if key[-1] == "net/ipv4/ip_forward"}
    assert {key: value for key, value in world.resources.items() if key not in forwarding} == {
        key: value for key, value in empty().resources.items() if key not in forwarding
    }


@settings(max_examples=150, derandomize=True)
@given(WORKLOADS, WORKLOADS, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    old: t.List[Workload], new: t.List[Workload], chance: random.Random
) -> None:
    def shuffled(items: t.Mapping[t.Any, t.Any]) -> t.Dict[t.Any, t.Any]:
        pairs = list(items.items())
        chance.shuffle(pairs)
        return dict(pairs)

    observed = world_with(old).observed()
    request = to_request(new)
    mixed_request = replace(to_request(chance.sample(new, len(new))), present=shuffled(request.present))
    mixed = Observed(
        shuffled(observed.resources), shuffled(observed.owners), shuffled(observed.interfaces), observed.namespaces
    )
    assert diff(mixed_request, mixed) == diff(request, observed)


@settings(max_examples=150, derandomize=True)
@given(WORKLOADS, WORKLOADS, st.integers(0, 60))
def test_a_refusal_is_undone_completely(old: t.List[Workload], new: t.List[Workload], number: int) -> None:
    world = world_with(old)
    before = dict(world.resources)
    proposal = propose(to_request(new), Failing(world, number))
    if number >= len(diff(to_request(new), world.observed())):
        proposal.apply()
        return
    with pytest.raises(RolledBack, match=r"^refused; nothing remains changed$"):
        proposal.apply()
    assert world.resources == before


@settings(max_examples=300, derandomize=True)
@given(WORKLOADS, WORKLOADS, st.integers(0, 60))
def test_from_wherever_a_plan_ends_both_ways_lead_on(old: t.List[Workload], new: t.List[Workload], end: int) -> None:
    whole = world_with(old)
    plan = diff(to_request(new), whole.observed())
    left = whole.copy()
    left.apply(plan[:end])
    whole.apply(plan)
    for goal, expected in ((new, whole), (old, world_with(old))):
        world = left.copy()
        world.apply(diff(to_request(goal), world.observed()))
        assert diff(to_request(goal), world.observed()) == ()
        assert set(world.resources) ^ set(expected.resources) == set()


def test_the_model_refuses_what_makes_no_sense() -> None:
    plan = diff(to_request([Workload("web1", "10.244.1.1", "web1")]), empty().observed())
    for position in range(len(plan)):
        with pytest.raises(Refused):
            empty().apply(tuple(reversed(plan)))
        world = empty()
        world.apply(plan[: position + 1])
        if plan[position].after.key[0] != "sysctl":  # type: ignore[union-attr]
            with pytest.raises(Refused):
                world.carry_out(plan[position])


def test_an_empty_request_on_an_empty_node_plans_nothing() -> None:
    assert diff(Request({}), World().observed()) == ()
