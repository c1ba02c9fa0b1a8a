# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node is, against what it should be: every kind of difference, in words."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.status import (
    BirdRoute,
    Channel,
    Daemon,
    Exports,
    Limit,
    NextHop,
    ProtocolStatus,
    SessionStatus,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.route import BLACKHOLE, UNICAST, Route
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import TABLE_MAIN
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan_words import Change
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.differences import (
    WORKLOAD,
    Seen,
    compare,
    compare_changes,
    in_the_way,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.expectation import (
    Expectation,
    expectation_from_params,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.verdict import describe, patience, sentence

OWN, SECOND, THIRD, FOURTH = "10.244.1.0/26", "10.244.2.0/26", "10.244.3.0/26", "10.244.4.0/26"
BLOCKS = [{"block": block, "node": f"node{n}"} for n, block in enumerate((OWN, SECOND, THIRD), start=1)]


def peer(number: int, **more: t.Any) -> t.Dict[str, t.Any]:
    blocks = [f"10.244.{number}.0/26"]
    return {"name": f"node{number}", "address": f"192.0.2.{number}", "as_number": 64512, "blocks": blocks, **more}


TOR = {"name": "tor1", "address": "192.0.2.99", "as_number": 64900, "blocks": None, "type": "global"}
CARRIER = {**TOR, "carries_blocks": True}
POOL = ["10.244.0.0/16"]
OWNERS = [
    {"block": block, "as_number": 64512, "router_id": f"192.0.2.{n}"}
    for n, block in enumerate((OWN, SECOND, THIRD), start=1)
]
REFLECTOR = {"name": "rr1", "address": "192.0.2.50", "as_number": 64512, "blocks": [], "is_route_reflector": True}


def expect(**changes: t.Any) -> Expectation:
    params = {
        "node": "node1",
        "peers": [peer(2), peer(3)],
        "blocks": BLOCKS,
        "own_blocks": None,
        "is_transit": False,
        "workloads": None,
        "allows_other_sessions": False,
        "encapsulation": None,
        "subnets": None,
        "tunnel": None,
        "tunnel_endpoints": None,
        **changes,
    }
    return expectation_from_params(params)


def session(address: str, error: str = "", as_number: int = 64512, description: str = "") -> ProtocolStatus:
    state = "Active" if error else "Established"
    return ProtocolStatus(
        name=f"peer_{address.replace('.', '_')}",
        kind="BGP",
        table="",
        state="start" if error else "up",
        since="",
        info=state,
        description=description,
        session=SessionStatus(address, state, as_number, 64512, error),
    )


def limited(action: str) -> ProtocolStatus:
    return replace(session("192.0.2.3"), channels=(Channel("ipv4", limits=(Limit("import", 4, action, True),)),))


def learnt(network: str, address: str, gateway: str = "", *, is_best: bool = True, as_path: str = "") -> BirdRoute:
    name = f"peer_{address.replace('.', '_')}"
    hops = (NextHop(gateway or address, "eth0"),)
    return BirdRoute("master4", network, "unicast", name, "", is_best, 100, hops, as_path, address)


def by_router(network: str, as_path: str, **more: t.Any) -> BirdRoute:
    return replace(learnt(network, "192.0.2.99", as_path=as_path), **more)


def in_kernel(network: str, gateway: str = "", kind: int = UNICAST, protocol: int = 12) -> Route:
    return Route("", TABLE_MAIN, network, 0, kind, gateway, "eth0" if gateway else "", 0, protocol)


STATIC = BirdRoute("master4", OWN, "blackhole", "fabric_blocks", "", True, 200)
WHOLE = Seen(
    protocols=(session("192.0.2.2"), session("192.0.2.3")),
    routes=(STATIC, learnt(SECOND, "192.0.2.2"), learnt(THIRD, "192.0.2.3")),
    kernel=(in_kernel(OWN, kind=BLACKHOLE), in_kernel(SECOND, "192.0.2.2"), in_kernel(THIRD, "192.0.2.3")),
    exports=Exports(frozenset([OWN, SECOND, THIRD]), 0),
)
OLD_BLACKHOLE = in_kernel(OWN, kind=BLACKHOLE)._replace(metric=32)


def without(routes: t.Iterable[t.Any], network: str) -> t.Tuple[t.Any, ...]:
    return tuple(one for one in routes if network not in (getattr(one, "network", ""), getattr(one, "destination", "")))


TWO = session("192.0.2.2")
ROUTER = session("192.0.2.99", as_number=64900)
CASES: t.Dict[str, t.Tuple[t.Dict[str, t.Any], Seen, t.List[str]]] = {
    "all is as it should be": ({}, WHOLE, []),
    "a session is down, and what follows from it is not told": (
        {},
        replace(
            WHOLE,
            protocols=(TWO, session("192.0.2.3", "Socket: Connection refused")),
            routes=without(WHOLE.routes, THIRD),
            kernel=without(WHOLE.kernel, THIRD),
        ),
        ["session node3 192.0.2.3: session with node3 192.0.2.3: Active, Connection refused"],
    ),
    "a session is not configured": (
        {},
        replace(WHOLE, protocols=(TWO,), routes=without(WHOLE.routes, THIRD), kernel=without(WHOLE.kernel, THIRD)),
        ["session node3 192.0.2.3: session with node3 192.0.2.3: BIRD has no session with it"],
    ),
    "a session that the fabric does not have": (
        {},
        replace(WHOLE, protocols=(*WHOLE.protocols, session("192.0.2.4", description="node4, node-to-node mesh"))),
        [
            "session node4 192.0.2.4: session with node4 192.0.2.4: "
            "Established, but it is no peer of this node in the fabric"
        ],
    ),
    "a session that the fabric does not have, in the middle of a change": (
        {"allows_other_sessions": True},
        replace(WHOLE, protocols=(*WHOLE.protocols, session("192.0.2.4", description="node4, node-to-node mesh"))),
        [],
    ),
    "a session of the user's own": (
        {},
        replace(WHOLE, protocols=(*WHOLE.protocols, replace(session("192.0.2.4"), name="uplink"))),
        [],
    ),
    "BIRD runs with another AS number than the fabric has": (
        {"peers": [peer(2, as_number=64513), peer(3)]},
        WHOLE,
        ["session node2 192.0.2.2: session with node2 192.0.2.2: BIRD has it in AS 64512, the fabric in AS 64513"],
    ),
    "BFD does not see a peer": (
        {},
        replace(WHOLE, bfd={"192.0.2.2": "Up", "192.0.2.3": "Down", "192.0.2.9": "Down"}),
        [
            "session node3 192.0.2.3: session with node3 192.0.2.3: Established, but BFD is Down, so that a dead link "
            "is noticed after the hold time only; turn BFD on at the peer too, for as many hops (for "
            "FRR with TTL security, multihop: 1)"
        ],
    ),
    "a limit keeps routes out": (
        {},
        replace(WHOLE, protocols=(TWO, limited("block"))),
        [
            "announcement node3 192.0.2.3: session with node3 192.0.2.3: Established, import limit 4 hit (block): "
            "further routes are dropped"
        ],
    ),
    "a limit that only warns": ({}, replace(WHOLE, protocols=(TWO, limited("warn"))), []),
    "a block is not announced": (
        {},
        replace(WHOLE, routes=without(WHOLE.routes, THIRD), kernel=without(WHOLE.kernel, THIRD)),
        [f"route {THIRD}: no route to {THIRD} of node3: node3 has not announced it"],
    ),
    "a block that a filter may keep back is not announced": (
        {"peers": [peer(2), peer(3, import_filter=[])]},
        replace(WHOLE, routes=without(WHOLE.routes, THIRD), kernel=without(WHOLE.kernel, THIRD)),
        [],
    ),
    "a block of a node that is no peer is not expected": (
        {"blocks": [*BLOCKS, {"block": FOURTH, "node": "node4"}]},
        WHOLE,
        [],
    ),
    "with transit it is": (
        {"blocks": [*BLOCKS, {"block": FOURTH, "node": "node4"}], "is_transit": True},
        WHOLE,
        [f"route {FOURTH}: no route to {FOURTH} of node4: node2 or node3 has not announced it"],
    ),
    "a reflector is expected to pass on every block": (
        {"peers": [REFLECTOR]},
        replace(
            WHOLE,
            protocols=(session("192.0.2.50"),),
            routes=(STATIC, learnt(SECOND, "192.0.2.50", "192.0.2.2")),
            exports=Exports(frozenset([OWN, SECOND]), 0),
        ),
        [
            f"route {THIRD}: no route to {THIRD} of node3: rr1 has not announced it",
            f"kernel_route {THIRD}: the kernel has a route to {THIRD}, via 192.0.2.3, that BIRD does not know",
        ],
    ),
    "the next hop survives reflection": (
        {"peers": [REFLECTOR]},
        replace(
            WHOLE,
            protocols=(session("192.0.2.50"),),
            routes=(
                STATIC,
                learnt(SECOND, "192.0.2.50", "192.0.2.2"),
                learnt(THIRD, "192.0.2.50", "192.0.2.3"),
            ),
        ),
        [],
    ),
    "BIRD takes a foreign block": (
        {},
        replace(WHOLE, routes=(*WHOLE.routes, learnt(SECOND, "192.0.2.3", is_best=False))),
        [f"route {SECOND}: BIRD takes {SECOND} from node3, although it is node2's"],
    ),
    "announcements that are ignored": (
        {"peers": [peer(2), peer(3), TOR]},
        replace(
            WHOLE,
            protocols=(*WHOLE.protocols, session("192.0.2.99", as_number=64900)),
            filtered=(
                learnt("0.0.0.0/0", "192.0.2.3"),
                learnt(SECOND, "192.0.2.3", as_path="64513 64514"),
                learnt("10.244.1.7/32", "192.0.2.3"),
                learnt("10.244.0.0/16", "192.0.2.2"),
                learnt("198.51.100.0/24", "192.0.2.2"),
                learnt("198.51.100.0/24", "192.0.2.99"),
            ),
        ),
        [
            f"announcement 10.244.0.0/16: node2 announces 10.244.0.0/16, which is around this node's {OWN}: ignored",
            "announcement 198.51.100.0/24: node2 announces 198.51.100.0/24, which is nobody's in this fabric: ignored",
            "announcement 0.0.0.0/0: node3 announces 0.0.0.0/0, which is the default route: ignored",
            f"announcement 10.244.1.7/32: node3 announces 10.244.1.7/32, which is part of this node's {OWN}: ignored",
            f"announcement {SECOND}: node3 announces {SECOND} (AS path 64513 64514), which is node2's: ignored",
        ],
    ),
    "a router announces what is a node's": (
        {"peers": [peer(2), peer(3), TOR], "pools": POOL},
        replace(
            WHOLE,
            protocols=(*WHOLE.protocols, ROUTER),
            filtered=(
                by_router("10.244.2.1/32", "64900"),
                by_router(THIRD, "64900"),
                by_router("10.244.3.0/27", "64900 65000"),
                # What it has from others, and what lies around the blocks, takes nothing while it is ignored.
                by_router(SECOND, "64900 64513"),
                by_router("10.244.0.0/16", "64900"),
                by_router("198.51.100.0/24", "64900"),
            ),
        ),
        [
            f"announcement 10.244.2.1/32: tor1 announces 10.244.2.1/32 (AS path 64900), which is part of node2's "
            f"{SECOND}: ignored",
            f"announcement {THIRD}: tor1 announces {THIRD} (AS path 64900), which is node3's: ignored",
            f"announcement 10.244.3.0/27: tor1 announces 10.244.3.0/27 (AS path 64900 65000), which is part of node3's "
            f"{THIRD}: ignored",
        ],
    ),
    "BIRD takes from a router of the user's own what lies in a pool": (
        {"pools": POOL},
        replace(
            WHOLE,
            protocols=(*WHOLE.protocols, replace(session("192.0.2.77", as_number=65001), name="uplink")),
            routes=(
                *WHOLE.routes,
                replace(by_router("10.244.9.0/24", "65001"), protocol="uplink"),
                replace(by_router("0.0.0.0/0", "65001"), protocol="uplink"),
                replace(by_router("10.0.0.0/8", "65001"), protocol="uplink"),
            ),
        ),
        [
            "route 10.244.9.0/24: BIRD takes 10.244.9.0/24 (AS path 65001) from uplink, although it is nobody's in "
            "this fabric"
        ],
    ),
    "a router carries blocks that began at their owners, and one that did not": (
        {"peers": [CARRIER], "pools": POOL, "owners": OWNERS},
        replace(
            WHOLE,
            protocols=(ROUTER,),
            routes=(STATIC, by_router(SECOND, "64900 64512"), by_router(THIRD, "64900 64900")),
            kernel=(
                in_kernel(OWN, kind=BLACKHOLE),
                in_kernel(SECOND, "192.0.2.99"),
                in_kernel(THIRD, "192.0.2.99"),
            ),
            filtered=(by_router(SECOND, "64900 666"),),
        ),
        [f"announcement {SECOND}: tor1 announces {SECOND} (AS path 64900 666), which is node2's: ignored"],
    ),
    "a router of the same AS carries blocks": (
        {"peers": [{**CARRIER, "as_number": 64512}], "pools": POOL, "owners": OWNERS},
        replace(
            WHOLE,
            protocols=(session("192.0.2.99"),),
            routes=(
                STATIC,
                by_router(SECOND, "", originator="192.0.2.2"),
                by_router(THIRD, "", originator="192.0.2.2"),
            ),
            kernel=(
                in_kernel(OWN, kind=BLACKHOLE),
                in_kernel(SECOND, "192.0.2.99"),
                in_kernel(THIRD, "192.0.2.99"),
            ),
        ),
        [f"route {THIRD}: BIRD takes {THIRD} from tor1, although it is node3's"],
    ),
    "a block that should come by a router": (
        {"peers": [CARRIER], "pools": POOL, "owners": OWNERS},
        replace(
            WHOLE,
            protocols=(ROUTER,),
            routes=(STATIC, by_router(SECOND, "64900 64512")),
            kernel=(in_kernel(OWN, kind=BLACKHOLE), in_kernel(SECOND, "192.0.2.99")),
        ),
        [
            f"route {THIRD}: no route to {THIRD} of node3: tor1 has not announced it, or with this node's own AS 64512 "
            "in its path, which BIRD refuses; give each node an AS of its own, set allow_local_as, or have the router "
            "put its AS in place of theirs (as-override)"
        ],
    ),
    "a block that should come by a router, where the own AS in a path is no matter": (
        {"peers": [{**CARRIER, "allow_local_as": 1}], "pools": POOL, "owners": OWNERS},
        replace(
            WHOLE,
            protocols=(ROUTER,),
            routes=(STATIC, by_router(SECOND, "64900 64512")),
            kernel=(in_kernel(OWN, kind=BLACKHOLE), in_kernel(SECOND, "192.0.2.99")),
        ),
        [f"route {THIRD}: no route to {THIRD} of node3: tor1 has not announced it"],
    ),
    "the kernel lacks a route": (
        {},
        replace(WHOLE, kernel=without(WHOLE.kernel, SECOND)),
        [f"kernel_route {SECOND}: no route to {SECOND} of node2 in the kernel"],
    ),
    "the kernel has another next hop": (
        {},
        replace(WHOLE, kernel=(*without(WHOLE.kernel, SECOND), in_kernel(SECOND, "192.0.2.3"))),
        [f"kernel_route {SECOND}: the kernel's route to {SECOND} of node2 is via 192.0.2.3, not via 192.0.2.2"],
    ),
    "a foreign route stands before ours": (
        {},
        replace(WHOLE, kernel=(in_kernel(SECOND, "", BLACKHOLE, 4), *without(WHOLE.kernel, SECOND))),
        [f"kernel_route {SECOND}: the kernel's route to {SECOND} of node2 is blackhole, not via 192.0.2.2"],
    ),
    "several next hops": (
        {},
        replace(WHOLE, kernel=(*without(WHOLE.kernel, SECOND), in_kernel(SECOND)._replace(is_simple=False))),
        [],
    ),
    "a blackhole is missing": (
        {},
        replace(WHOLE, kernel=without(WHOLE.kernel, OWN)),
        [f"blackhole {OWN}: no blackhole for this node's block {OWN} in the kernel"],
    ),
    "a single address has no blackhole": (
        {"own_blocks": [OWN, "10.244.9.9/32"]},
        WHOLE,
        [],
    ),
    "a route that BIRD left behind": (
        {},
        replace(WHOLE, kernel=(*WHOLE.kernel, in_kernel(FOURTH, "192.0.2.4"))),
        [f"kernel_route {FOURTH}: the kernel has a route to {FOURTH}, via 192.0.2.4, that BIRD does not know"],
    ),
    "a route with another metric that an earlier BIRD left behind": (
        {},
        replace(WHOLE, kernel=(*WHOLE.kernel, OLD_BLACKHOLE)),
        [f"kernel_route {OWN}: the kernel has a route to {OWN}, blackhole metric 32, that BIRD does not know"],
    ),
    "a route that a BIRD without our configuration may have": (
        {},
        replace(WHOLE, kernel=(*WHOLE.kernel, in_kernel(FOURTH, "192.0.2.4")), exports=None),
        [],
    ),
    "BIRD recovers": (
        {},
        replace(WHOLE, daemon=Daemon("2.0.12", "192.0.2.1", True), kernel=()),
        ["bird BIRD: BIRD still recovers from a restart and holds its routes back"],
    ),
    "BIRD does not run, and the kernel has lost a route": (
        {},
        Seen("BIRD does not run: nobody listens at /run/bird/bird.ctl", kernel=without(WHOLE.kernel, THIRD)),
        [
            "bird BIRD: BIRD does not run: nobody listens at /run/bird/bird.ctl",
            f"kernel_route {THIRD}: no route to {THIRD} of node3 in the kernel",
        ],
    ),
    "nobody named peers and blocks": (
        {"peers": [], "blocks": []},
        replace(WHOLE, protocols=(TWO, session("192.0.2.3", "Received: Hold timer expired", description="node3"))),
        ["session node3 192.0.2.3: session with node3 192.0.2.3: Active, Received: Hold timer expired"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_difference_is_named(name: str) -> None:
    changes, seen, texts = CASES[name]
    found = compare(expect(**changes), seen)
    assert [f"{one.kind} {one.object}: {one.text}" for one in found] == texts
    assert {one.node for one in found} <= {"node1"}


WORKLOADS: t.Dict[str, t.Tuple[Change, t.Tuple[str, str, str, str]]] = {
    "one comes": (
        Change("", "workload web1  10.244.1.1/32  cali1 -> eth0"),
        (
            "workload web1  10.244.1.1/32  cali1 -> eth0",
            "present",
            "missing",
            "workload web1  10.244.1.1/32  cali1 -> eth0: missing",
        ),
    ),
    "one goes": (
        Change("workload web9  10.244.1.9/32  cali9 -> eth0", ""),
        (
            "workload web9  10.244.1.9/32  cali9 -> eth0",
            "absent",
            "present",
            "workload web9  10.244.1.9/32  cali9 -> eth0: not in the fabric",
        ),
    ),
    "a setting is another": (
        Change("sysctl net.ipv4.ip_forward = 0", "sysctl net.ipv4.ip_forward = 1"),
        (
            "sysctl net.ipv4.ip_forward = 1",
            "sysctl net.ipv4.ip_forward = 1",
            "sysctl net.ipv4.ip_forward = 0",
            "sysctl net.ipv4.ip_forward = 0 => sysctl net.ipv4.ip_forward = 1: different",
        ),
    ),
    "a pair is down, which is told by what it should be": (
        Change("veth b -> a  b down", "veth b -> a  b up", tells_after_alone=True),
        ("veth b -> a  b up", "veth b -> a  b up", "present", "veth b -> a  b up: different"),
    ),
    "a name that looks like an arrow is no matter": (
        Change("", "netns a => b"),
        ("netns a => b", "present", "missing", "netns a => b: missing"),
    ),
}


@pytest.mark.parametrize("case", WORKLOADS)
def test_what_would_be_done_for_workloads_is_a_difference(case: str) -> None:
    change, expected = WORKLOADS[case]
    (difference,) = compare_changes(expect(), WORKLOAD, [change])
    assert (difference.object, difference.expected, difference.actual, difference.text) == expected


def test_what_keeps_workloads_from_being_so_is_a_difference() -> None:
    (difference,) = in_the_way(expect(), WORKLOAD, ["eth9 is not ours"])
    assert (difference.object, difference.actual) == ("eth9 is not ours", "in the way")


def test_a_wait_names_sessions_by_their_peers_and_everything_else_in_full() -> None:
    seen = replace(WHOLE, protocols=(TWO, session("192.0.2.3", "Socket: Connection refused")), kernel=WHOLE.kernel[1:])
    assert sentence(expect(), seen, compare(expect(), seen)) == (
        "1/2 sessions up; node3 192.0.2.3: Active, Connection refused; "
        f"no blackhole for this node's block {OWN} in the kernel"
    )
    assert sentence(expect(), WHOLE, ()) == "2/2 sessions up"


def test_many_differences_are_cut_in_words_and_whole_as_data() -> None:
    kernel = tuple(in_kernel(f"10.9.{number}.0/24", "192.0.2.2") for number in range(30))
    seen = replace(WHOLE, kernel=WHOLE.kernel + kernel)
    values = describe(expect(), seen, compare(expect(), seen))
    assert values["summary"].endswith("; and 10 more differences")
    assert len(values["differences"]) == 30
    assert (values["established_count"], values["session_count"]) == (2, 2)


PATIENCE: t.Dict[str, t.Tuple[Seen, float]] = {
    "there is nothing to wait for": (WHOLE, 0),
    "a session may come up": (replace(WHOLE, protocols=(TWO,)), 30),
    "a recovering BIRD will have recovered": (replace(WHOLE, daemon=Daemon("2.0.12", "192.0.2.1", True)), 30),
    "BIRD may be restarting": (Seen("BIRD does not run", kernel=WHOLE.kernel), 15),
    "a refused announcement may be gone with the next filter": (
        replace(WHOLE, filtered=(learnt(SECOND, "192.0.2.3"),)),
        15,
    ),
}


@pytest.mark.parametrize("name", PATIENCE)
def test_waiting_ends_when_nothing_will_come_of_it(name: str) -> None:
    seen, seconds = PATIENCE[name]
    assert patience(compare(expect(), seen), seen, 30) == seconds


def test_nobody_waits_for_workloads() -> None:
    assert patience(tuple(compare_changes(expect(), WORKLOAD, [Change("", "workload web1")])), WHOLE, 30) == 0


def test_all_wrong_options_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        expect(
            peers=[{"name": "node2"}],
            blocks=[{"block": "10.244.1.1/26", "node": "node1"}],
            workloads=[{"name": "web1", "address": "x", "netns": None, "interface_name": "eth0"}],
        )
    assert [fault.partition(":")[0] for fault in refused.value.faults] == [
        "peers[0]",
        "block 10.244.1.1/26 of node1",
        "workload web1",
    ]
