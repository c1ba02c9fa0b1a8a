# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans, each from a state and a request, told in the words that a user reads."""

from __future__ import annotations

import typing as t

import pytest
from world import World, foreign_route

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import ForeignObject, InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.source_guard import source_guard
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.veths import to_request as request_veths
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import to_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.address import Address
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.kind import Resource
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.namespace import NAMESPACE, Namespace
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.ownership import (
    OBJECT_GROUP,
    OBJECTS,
    WORKLOADS,
    link_mark,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.registry import describe
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.route import (
    BLACKHOLE,
    ROUTE_PROTOCOL,
    SCOPE_GLOBAL,
    Route,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import OWN_NAMESPACE, TABLE_MAIN
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.sysctl import Sysctl
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.veth import End, pair
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Plan, Request, compare, diff
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan_words import put_in_words
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import ANY, Workload

WEB1, HOST1 = Workload("web1", "10.244.1.1", "web1"), "cali977588a87e1"
WEB2, HOST2 = Workload("web2", "10.244.1.2", "web2"), "cali867e9cd9ead"
TRUSTED = WEB2._replace(source_spoofing=ANY)
BOTH = (WEB1, WEB2)
EMPTY = World()


def with_workloads(*workloads: Workload, world: World = EMPTY) -> World:
    made = world.copy()
    made.apply(diff(to_request(workloads), made.observed()))
    return made


def end(namespace: str, device: str, group: int = 0, *addresses: str) -> End:
    alias = link_mark("veth", addresses) if group else ""
    return End(namespace, device, "", 0, True, group, alias, None)


def with_changed(world: World, old: Resource, new: Resource) -> World:
    changed = world.copy()
    changed.resources[old.key] = new
    return changed


def route(destination: str, protocol: int = ROUTE_PROTOCOL, kind: int = BLACKHOLE) -> Route:
    return Route(OWN_NAMESPACE, TABLE_MAIN, destination, 0, kind, "", "", SCOPE_GLOBAL, protocol)


def requested(*resources: Resource, **options: t.Any) -> Request:
    return Request({resource.key: resource for resource in resources}, **options)


def veth(name: str, peer: str, **options: t.Any) -> t.Dict[str, t.Any]:
    ends: t.Dict[str, t.Any] = {"namespace": None, "mac": None, "addresses": []}
    return {"mtu": None, "is_up": True, **ends, "name": name, "peer": {**ends, "name": peer}, **options}


TWO = with_workloads(*BOTH)
(GUARD,) = source_guard([WEB1])
OUR_VETH = pair(end("", "a", OBJECT_GROUP, "1.1.1.1/24"), end("", "b", OBJECT_GROUP))
OUR_ADDRESS = Address("", "a", "1.1.1.1/24")

PLANS: t.Dict[str, t.Tuple[World, Request, t.Tuple[str, ...]]] = {
    "all is missing": (
        EMPTY,
        to_request(BOTH),
        (
            "+ route 169.254.1.1/32 dev lo table local proto 112 scope link",
            "+ source guard for 2 sources",
            "~ sysctl net.ipv4.ip_forward = 0 => sysctl net.ipv4.ip_forward = 1",
            f"+ workload web1  10.244.1.1/32  {HOST1} -> eth0",
            f"+ workload web2  10.244.1.2/32  {HOST2} -> eth0",
        ),
    ),
    "all is there already": (TWO, to_request(BOTH), ()),
    "one is missing": (
        with_workloads(WEB1),
        to_request(BOTH),
        (
            f"~ source guard for 1 source => source guard for 2 sources  {HOST2} . 10.244.1.2",
            f"+ workload web2  10.244.1.2/32  {HOST2} -> eth0",
        ),
    ),
    "one is no longer wanted": (
        TWO,
        to_request([WEB1]),
        (
            f"~ source guard for 2 sources  {HOST2} . 10.244.1.2 => source guard for 1 source",
            f"- workload web2  10.244.1.2/32  {HOST2} -> eth0",
        ),
    ),
    "one may send what it likes": (
        TWO,
        to_request([WEB1, TRUSTED]),
        (f"~ source guard for 2 sources  {HOST2} . 10.244.1.2 => source guard for 1 source  any_source: {HOST2}",),
    ),
    "all may send what they like": (
        with_workloads(WEB2),
        to_request([TRUSTED]),
        ("- source guard for 1 source",),
    ),
    "none is wanted": (
        TWO,
        to_request([]),
        (
            "- route 169.254.1.1/32 dev lo table local proto 112 scope link",
            "- source guard for 2 sources",
            f"- workload web1  10.244.1.1/32  {HOST1} -> eth0",
            f"- workload web2  10.244.1.2/32  {HOST2} -> eth0",
        ),
    ),
    "a purge of workloads leaves single objects": (
        World(Namespace("blue", OBJECTS), OUR_VETH, OUR_ADDRESS, route("10.9.0.0/24")),
        to_request([]),
        (),
    ),
    "an address moves from one to another": (
        TWO,
        to_request([WEB1._replace(address="10.244.1.2"), WEB2._replace(address="10.244.1.1")]),
        (
            "- address 10.244.1.1/32 dev eth0 in netns web1",
            "+ address 10.244.1.1/32 dev eth0 in netns web2",
            "+ address 10.244.1.2/32 dev eth0 in netns web1",
            "- address 10.244.1.2/32 dev eth0 in netns web2",
            f"~ route 10.244.1.1/32 dev {HOST1} scope link => route 10.244.1.1/32 dev {HOST2} scope link",
            f"~ route 10.244.1.2/32 dev {HOST2} scope link => route 10.244.1.2/32 dev {HOST1} scope link",
            f"~ source guard for 2 sources  {HOST2} . 10.244.1.2  {HOST1} . 10.244.1.1 => "
            f"source guard for 2 sources  {HOST2} . 10.244.1.1  {HOST1} . 10.244.1.2",
            f"~ workload web1  10.244.1.2/32  {HOST1} -> eth0  {HOST1} alias purel3 web1 10.244.1.2/32"
            "  eth0 alias purel3 web1 10.244.1.2/32",
            f"~ workload web2  10.244.1.1/32  {HOST2} -> eth0  {HOST2} alias purel3 web2 10.244.1.1/32"
            "  eth0 alias purel3 web2 10.244.1.1/32",
        ),
    ),
    "a workload is renamed and keeps address and namespace": (
        with_workloads(WEB1),
        to_request([Workload("web2", "10.244.1.1", "web1")]),
        (
            f"~ source guard for 1 source  {HOST1} . 10.244.1.1 => source guard for 1 source  {HOST2} . 10.244.1.1",
            f"- workload web1  10.244.1.1/32  {HOST1} -> eth0",
            f"+ workload web2  10.244.1.1/32  {HOST2} -> eth0 in netns web1",
        ),
    ),
    "its interface gets another name, and all that it carried comes back": (
        with_workloads(WEB1),
        to_request([WEB1._replace(interface_name="net0")]),
        (
            f"- workload web1  10.244.1.1/32  {HOST1} -> eth0",
            f"+ workload web1  10.244.1.1/32  {HOST1} -> net0",
        ),
    ),
    "a namespace that others made is used and not marked": (
        World(Namespace("web1", "")),
        to_request([WEB1]),
        (
            "+ route 169.254.1.1/32 dev lo table local proto 112 scope link",
            "+ source guard for 1 source",
            "~ sysctl net.ipv4.ip_forward = 0 => sysctl net.ipv4.ip_forward = 1",
            f"+ workload web1  10.244.1.1/32  {HOST1} -> eth0",
        ),
    ),
    "a namespace that others made stays when the workload goes": (
        with_workloads(WEB1, world=World(Namespace("web1", ""))),
        to_request([]),
        (
            "- route 169.254.1.1/32 dev lo table local proto 112 scope link",
            "- source guard for 1 source",
            f"- workload web1  10.244.1.1/32  {HOST1} -> eth0",
        ),
    ),
    "a placeholder of ours is used": (
        World(Namespace("blue", OBJECTS, is_whole=False)),
        requested(Namespace("blue", OBJECTS)),
        ("+ netns blue",),
    ),
    "a placeholder of ours goes with a purge": (
        World(Namespace("web1", WORKLOADS, is_whole=False)),
        to_request([]),
        ("- netns web1",),
    ),
    "one pair leaves the others alone": (
        World(OUR_VETH, pair(end("", "c", OBJECT_GROUP), end("", "d", OBJECT_GROUP))),
        request_veths([veth("e", "f")], True),
        ("+ veth f -> e",),
    ),
    "a pair is deleted by either of its ends": (
        World(OUR_VETH),
        request_veths([veth("a", "ignored")], False),
        ("- veth b -> a",),
    ),
    "a pair that is gone already": (World(), request_veths([veth("a", "b")], False), ()),
    "an address of ours that is no longer listed": (
        World(OUR_VETH, OUR_ADDRESS),
        request_veths([veth("a", "b")], True),
        ("- address 1.1.1.1/24 dev a", "~ veth b -> a  a alias purel3 veth"),
    ),
    "an address that others added": (
        World(OUR_VETH, OUR_ADDRESS, Address("", "a", "192.0.2.1/24")),
        request_veths([veth("a", "b", addresses=["1.1.1.1/24"])], True),
        (),
    ),
    "a route of ours is replaced": (
        World(route("10.9.0.0/24")),
        requested(route("10.9.0.0/24", kind=7)),
        ("~ route blackhole 10.9.0.0/24 proto 112 => route unreachable 10.9.0.0/24 proto 112",),
    ),
    "a route of a protocol that the user named is replaced": (
        World(route("10.9.0.0/24", 4)),
        requested(route("10.9.0.0/24", 4, kind=7), protocols=frozenset([4])),
        ("~ route blackhole 10.9.0.0/24 proto static => route unreachable 10.9.0.0/24 proto static",),
    ),
    "a route that is gone already": (World(), Request({}, absent=frozenset([route("10.9.0.0/24").key])), ()),
    "a setting that is not there, and need not be": (
        World(),
        requested(Sysctl("", "net/ipv4/nothing", "1"), has_optional_settings=True),
        (),
    ),
}


@pytest.mark.parametrize("case", PLANS)
def test_a_plan_in_words(case: str) -> None:
    world, request, lines = PLANS[case]
    plan = diff(request, world.observed())
    assert (put_in_words(plan).operations if plan else ()) == lines
    after = world.copy()
    after.apply(plan)
    assert diff(request, after.observed()) == ()


REMEDY = "; remove it, or ask for something else"
NEVER = "is not ours, and what is not ours is never deleted"
IN_THE_WAY: t.Dict[str, t.Tuple[World, Request, t.List[str]]] = {
    "an interface inside": (
        World(Namespace("web1", ""), bridges=[("web1", "eth0")]),
        to_request([WEB1]),
        [
            f"interface eth0 in netns web1 stands in the way of workload web1  10.244.1.1/32  {HOST1} -> eth0: "
            "it is not ours; delete or rename it, or choose another name"
        ],
    ),
    "three things at once": (
        World(Namespace("web1", ""), bridges=[("web1", "eth0"), ("", HOST1), ("", HOST2)]),
        to_request(BOTH),
        [
            f"interface {HOST2} stands in the way of workload web2  10.244.1.2/32  {HOST2} -> eth0: "
            "it is not ours; delete or rename it, or choose another name",
            f"interface {HOST1} stands in the way of workload web1  10.244.1.1/32  {HOST1} -> eth0: "
            "it is not ours; delete or rename it, or choose another name",
            f"interface eth0 in netns web1 stands in the way of workload web1  10.244.1.1/32  {HOST1} -> eth0: "
            "it is not ours; delete or rename it, or choose another name",
        ],
    ),
    "a pair of ours of which only one end has that name": (
        World(OUR_VETH),
        request_veths([veth("a", "c")], True),
        [
            "interface a stands in the way of veth c -> a: it is another veth pair of ours; "
            "delete or rename it, or choose another name"
        ],
    ),
    "a host route": (
        World(foreign_route("", "10.244.1.1/32", "br0"), bridges=[("", "br0")]),
        to_request([WEB1]),
        ["route 10.244.1.1/32 dev br0 proto kernel scope link stands in the way: it is there and not ours" + REMEDY],
    ),
    "a table": (
        World(GUARD._replace(sets=())),
        to_request([WEB1]),
        ["source guard for 1 source stands in the way: it is there and not ours" + REMEDY],
    ),
    "a namespace to be deleted": (
        World(Namespace("blue", "")),
        Request({}, absent=frozenset([(NAMESPACE, "blue")])),
        [f"netns blue stands in the way: it {NEVER}{REMEDY}"],
    ),
    "a namespace of ours to be deleted that holds an interface of others": (
        World(Namespace("blue", OBJECTS), bridges=[("blue", "br0")]),
        Request({}, absent=frozenset([(NAMESPACE, "blue")])),
        [
            "netns blue cannot be deleted: it holds interface br0, which is not ours; move or delete that first",
        ],
    ),
    "a pair to be deleted": (
        World(pair(end("", "a"), end("", "b"))),
        request_veths([veth("a", "b")], False),
        [f"veth b -> a stands in the way: it {NEVER}{REMEDY}"],
    ),
    "a pair to be changed": (
        World(pair(end("", "a"), end("", "b"))),
        request_veths([veth("a", "b")], True),
        ["veth b -> a stands in the way: it is there and not ours" + REMEDY],
    ),
    "a bridge to be deleted as a pair": (
        World(bridges=[("", "a")]),
        request_veths([veth("a", "b")], False),
        ["interface a is not a veth and not ours, and what is not ours is never deleted"],
    ),
    "a route to be deleted": (
        World(route("10.9.0.0/24", 4)),
        Request({}, absent=frozenset([route("10.9.0.0/24").key])),
        [f"route blackhole 10.9.0.0/24 proto static stands in the way: it {NEVER}{REMEDY}"],
    ),
    "a multipath route of the protocol that the user named": (
        World(route("10.9.0.0/24", 4)._replace(is_simple=False)),
        Request({}, absent=frozenset([route("10.9.0.0/24").key]), protocols=frozenset([4])),
        [f"route blackhole 10.9.0.0/24 proto static multipath stands in the way: it {NEVER}{REMEDY}"],
    ),
}


@pytest.mark.parametrize("case", IN_THE_WAY)
def test_what_is_not_ours_stands_in_the_way(case: str) -> None:
    world, request, complaint = IN_THE_WAY[case]
    with pytest.raises(ForeignObject) as caught:
        diff(request, world.observed())
    assert str(caught.value).splitlines() == complaint


MISSING: t.Dict[str, t.Tuple[World, Request, t.List[str]]] = {
    "the namespaces of a pair": (
        World(),
        request_veths([veth("a", "b", namespace="blue")], True),
        ["veth b -> a in netns blue: there is no netns blue; create it first"],
    ),
    "a process that ended": (
        World(),
        to_request([WEB1._replace(netns="/proc/4711/ns/net")]),
        [
            f"workload web1  10.244.1.1/32  {HOST1} -> eth0 in /proc/4711/ns/net: there is no netns "
            "/proc/4711/ns/net; start what it belongs to first"
        ],
    ),
    "the interfaces of two routes": (
        World(),
        requested(
            route("10.8.0.0/24")._replace(device="x"), route("10.9.0.0/24")._replace(device="y", namespace="blue")
        ),
        [
            "route blackhole 10.8.0.0/24 dev x proto 112: there is no interface x; create it first",
            "route blackhole 10.9.0.0/24 dev y proto 112 in netns blue: there is no interface y in netns blue; "
            "create it first",
        ],
    ),
    "a setting": (
        World(),
        requested(Sysctl("", "net/ipv4/nothing", "1")),
        [
            "sysctl net.ipv4.nothing = 1: there is no such setting here; "
            "correct its name, or load the kernel module that brings it"
        ],
    ),
    "the interface of a setting": (
        World(),
        requested(Sysctl("", "net/ipv4/conf/x/proxy_arp", "1")),
        ["sysctl net.ipv4.conf.x.proxy_arp = 1: there is no interface x; create it first"],
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_has_to_be_there_first(case: str) -> None:
    """In check mode an earlier task may be about to make it, so these are no errors yet."""
    world, request, obstacles = MISSING[case]
    assert list(compare(request, world.observed()).obstacles) == obstacles
    with pytest.raises(InvalidInput) as caught:
        diff(request, world.observed())
    assert list(caught.value.faults) == obstacles


def objects(plan: Plan) -> t.List[str]:
    return [f"{op.verb} {describe(op.subject)}" for op in plan]


def test_the_order_of_a_new_workload() -> None:
    assert objects(diff(to_request([WEB1]), EMPTY.observed())) == [
        "add source guard for 1 source",
        "add netns web1",
        f"add workload web1  10.244.1.1/32  {HOST1} -> eth0",
        "add address 10.244.1.1/32 dev eth0 in netns web1",
        "add route 169.254.1.1/32 dev eth0 scope link in netns web1",
        "add route default via 169.254.1.1 dev eth0 in netns web1",
        f"add sysctl net.ipv4.conf.{HOST1}.proxy_arp = 1",
        "change sysctl net.ipv4.ip_forward = 1",
        f"add sysctl net.ipv4.neigh.{HOST1}.proxy_delay = 0",
        f"add route 10.244.1.1/32 dev {HOST1} scope link",
        "add route 169.254.1.1/32 dev lo table local proto 112 scope link",
    ]


def test_what_cannot_be_made_good_again_comes_last() -> None:
    plan = diff(to_request([WEB1]), TWO.observed())
    going = [f"delete workload web2  10.244.1.2/32  {HOST2} -> eth0", "delete netns web2"]
    assert objects(plan) == ["change source guard for 1 source", *going]
    changed = diff(to_request([WEB1._replace(mtu=1400)]), TWO.observed())
    assert [op.verb for op in changed] == ["change", "change", "delete", "delete"]


def test_before_and_after_hold_a_sorted_line_for_each_object() -> None:
    words = put_in_words(diff(to_request([WEB1._replace(mtu=1400)]), with_workloads(WEB1).observed()))
    assert words.operations == (f"~ workload web1  10.244.1.1/32  {HOST1} -> eth0  {HOST1} mtu 1400  eth0 mtu 1400",)
    assert words.before == f"workload web1  10.244.1.1/32  {HOST1} -> eth0  {HOST1} mtu 0  eth0 mtu 0\n"
    assert words.after == f"workload web1  10.244.1.1/32  {HOST1} -> eth0  {HOST1} mtu 1400  eth0 mtu 1400\n"
