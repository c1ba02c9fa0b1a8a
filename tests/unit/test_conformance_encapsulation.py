# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface that a node's routes leave through, against what each mode of encapsulation asks for."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.status import (
    BirdRoute,
    NextHop,
    ProtocolStatus,
    SessionStatus,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.encapsulation.tunnel import (
    to_release,
    to_request,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.route import UNICAST, Route
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import TABLE_MAIN
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan_words import Change
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.differences import (
    TUNNEL,
    Seen,
    compare,
    compare_changes,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.expectation import (
    Expectation,
    expectation_from_params,
)

NEAR, FAR, ROUTER = "192.168.50.11", "192.168.60.12", "192.168.50.1"
NEAR_BLOCK, FAR_BLOCK = "10.244.104.0/26", "10.244.135.0/26"
ALWAYS = [{"prefix": "10.244.0.0/16", "mode": "ipip"}]
ACROSS = [{"prefix": "10.244.0.0/16", "mode": "ipip_cross_subnet"}]
OTHER = [{"prefix": "10.9.0.0/16", "mode": "ipip"}]
SUBNETS = ["192.168.50.0/24"]


def node(name: str, address: str, block: str, *, is_direct: bool) -> t.Dict[str, t.Any]:
    return {"name": name, "address": address, "as_number": 64512, "blocks": [block], "is_direct": is_direct}


def expect(**changes: t.Any) -> Expectation:
    params = {
        "node": "node1",
        "peers": [node("node2", NEAR, NEAR_BLOCK, is_direct=True), node("node3", FAR, FAR_BLOCK, is_direct=False)],
        "blocks": [{"block": NEAR_BLOCK, "node": "node2"}, {"block": FAR_BLOCK, "node": "node3"}],
        "own_blocks": [],
        "is_transit": False,
        "workloads": None,
        "allows_other_sessions": False,
        "encapsulation": None,
        "subnets": SUBNETS,
        "tunnel": None,
        "tunnel_endpoints": None,
        **changes,
    }
    return expectation_from_params(params)


def protocol(address: str) -> ProtocolStatus:
    return ProtocolStatus(
        name=f"peer_{address.replace('.', '_')}",
        kind="BGP",
        table="",
        state="up",
        since="",
        info="Established",
        session=SessionStatus(address, "Established", 64512, 64512),
    )


def learnt(network: str, next_hop: str, gateway: str, source: str) -> BirdRoute:
    name = f"peer_{source.replace('.', '_')}"
    hops = (NextHop(gateway, "ens33"),)
    return BirdRoute("master4", network, "unicast", name, "", True, 100, hops, "", next_hop)


def route(network: str, gateway: str, device: str, *, is_simple: bool = True) -> Route:
    onlink = device == "tunl0"
    return Route("", TABLE_MAIN, network, 0, UNICAST, gateway, device, 0, 12, onlink, is_simple)


def seen(*kernel: Route) -> Seen:
    """The node's BIRD as it is in every mode, with these routes in the kernel."""
    return Seen(
        protocols=(protocol(NEAR), protocol(FAR)),
        routes=(learnt(NEAR_BLOCK, NEAR, NEAR, NEAR), learnt(FAR_BLOCK, FAR, ROUTER, FAR)),
        kernel=kernel,
    )


NEAR_PLAIN, NEAR_TUNNEL = route(NEAR_BLOCK, NEAR, "ens33"), route(NEAR_BLOCK, NEAR, "tunl0")
FAR_PLAIN, FAR_TUNNEL = route(FAR_BLOCK, ROUTER, "ens33"), route(FAR_BLOCK, FAR, "tunl0")

CASES: t.Dict[str, t.Tuple[t.Any, Seen, t.List[str]]] = {
    "without encapsulation": ([], seen(NEAR_PLAIN, FAR_PLAIN), []),
    "always": (ALWAYS, seen(NEAR_TUNNEL, FAR_TUNNEL), []),
    "across subnets": (ACROSS, seen(NEAR_PLAIN, FAR_TUNNEL), []),
    "of another pool": (OTHER, seen(NEAR_PLAIN, FAR_PLAIN), []),
    "nobody said, and they go through the tunnel": (None, seen(NEAR_TUNNEL, FAR_TUNNEL), []),
    "nobody said, and they go beside it": (None, seen(NEAR_PLAIN, FAR_PLAIN), []),
    "always, and a route goes beside the tunnel": (
        ALWAYS,
        seen(NEAR_PLAIN, FAR_TUNNEL),
        [f"the kernel's route to {NEAR_BLOCK} of node2 goes out of ens33, not through tunl0 (ipip)"],
    ),
    "across subnets, and routes have it the wrong way round": (
        ACROSS,
        seen(NEAR_TUNNEL, FAR_PLAIN),
        [
            f"the kernel's route to {NEAR_BLOCK} of node2 goes through tunl0, although {NEAR} is in a subnet of this "
            "node (ipip_cross_subnet)",
            f"the kernel's route to {FAR_BLOCK} of node3 goes out of ens33, not through tunl0 (ipip_cross_subnet)",
        ],
    ),
    "not any more, and a route still goes through the tunnel": (
        [],
        seen(NEAR_PLAIN, FAR_TUNNEL),
        [f"the kernel's route to {FAR_BLOCK} of node3 goes through tunl0, although its pool is not encapsulated"],
    ),
    "always, and a route goes through the tunnel to the wrong node": (
        ALWAYS,
        seen(NEAR_TUNNEL, route(FAR_BLOCK, NEAR, "tunl0")),
        [f"the kernel's route to {FAR_BLOCK} of node3 is via {NEAR}, not via {FAR}"],
    ),
    "always, and a route is missing": (
        ALWAYS,
        seen(FAR_TUNNEL),
        [f"no route to {NEAR_BLOCK} of node2 in the kernel"],
    ),
    "always, over several paths": (
        ALWAYS,
        seen(NEAR_TUNNEL, route(FAR_BLOCK, "", "", is_simple=False)),
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_routes_leave_as_the_mode_asks(name: str) -> None:
    encapsulation, found, texts = CASES[name]
    assert [one.text for one in compare(expect(encapsulation=encapsulation), found)] == texts


def test_a_route_that_a_reflector_passed_on_goes_through_the_tunnel_to_its_owner() -> None:
    reflector = {"name": "rr1", "address": ROUTER, "as_number": 64512, "blocks": [], "is_route_reflector": True}
    found = Seen(
        protocols=(protocol(ROUTER),),
        routes=(learnt(NEAR_BLOCK, NEAR, NEAR, ROUTER), learnt(FAR_BLOCK, FAR, "192.168.50.254", ROUTER)),
        kernel=(NEAR_TUNNEL, FAR_TUNNEL),
    )
    assert compare(expect(peers=[reflector], encapsulation=ALWAYS), found) == ()


def test_a_route_to_a_router_outside_of_the_fabric_needs_no_tunnel() -> None:
    router = {"name": "tor1", "address": ROUTER, "as_number": 64900, "blocks": None, "type": "global"}
    found = Seen(
        protocols=(protocol(ROUTER),),
        routes=(replace(learnt(FAR_BLOCK, ROUTER, ROUTER, ROUTER), as_path="64900"),),
        kernel=(FAR_PLAIN,),
    )
    blocks = [{"block": FAR_BLOCK, "node": "node3"}]
    peers = [{**router, "as_number": 64512, "carries_blocks": True}]
    owners = [{"block": FAR_BLOCK, "as_number": 64900}]
    assert compare(expect(peers=peers, blocks=blocks, owners=owners, encapsulation=ALWAYS), found) == ()


def test_while_bird_does_not_answer_the_kernel_is_still_compared() -> None:
    found = Seen("BIRD does not run", kernel=(NEAR_PLAIN, FAR_TUNNEL))
    texts = [one.text for one in compare(expect(encapsulation=ALWAYS), found)]
    assert texts[1:] == [f"the kernel's route to {NEAR_BLOCK} of node2 goes out of ens33, not through tunl0 (ipip)"]


def test_what_is_no_pool_no_mode_and_no_subnet_is_refused() -> None:
    with pytest.raises(InvalidInput) as report:
        expect(
            encapsulation=[{"prefix": "10.244.0.1/16", "mode": "ipip"}, {"prefix": "10.9.0.0/16", "mode": "always"}],
            subnets=["here"],
        )
    first, mode, second = report.value.faults
    assert mode == "encapsulation of 10.9.0.0/16: always is not known; use one of ipip, ipip_cross_subnet"
    assert first.startswith("encapsulation of 10.244.0.1/16: ")
    assert first.endswith("; give a pool like 10.244.0.0/16")
    assert second.startswith("subnet here: ")


@pytest.mark.parametrize(
    ("given", "request_"),
    [
        (None, None),
        ({}, to_release()),
        ({"address": None, "mtu": 1480}, to_release()),
        ({"address": "10.244.166.191"}, to_request("10.244.166.191", 1480, [NEAR, FAR])),
        ({"address": "10.244.166.191", "mtu": "8980"}, to_request("10.244.166.191", 8980, [NEAR, FAR])),
    ],
)
def test_the_tunnel_is_compared_as_it_would_be_made(given: t.Any, request_: t.Any) -> None:
    assert expect(tunnel=given, tunnel_endpoints=[NEAR, FAR]).tunnel == request_


def test_a_tunnel_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"address 10\.244\.166\.191/32 is not an IPv4 address"):
        expect(tunnel={"address": "10.244.166.191/32"}, tunnel_endpoints=[NEAR])


def test_what_would_be_done_for_the_tunnel_is_a_difference_of_its_own_kind() -> None:
    (found,) = compare_changes(expect(), TUNNEL, [Change("", "guard of tunnels for 3 endpoints")])
    assert (found.kind, found.text) == ("tunnel", "guard of tunnels for 3 endpoints: missing")
