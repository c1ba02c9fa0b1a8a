# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects are ours, by the marks that they bear."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.records import LinkRecord
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds import namespace, ownership
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.ownership import (
    OBJECTS,
    TUNNELS,
    WORKLOADS,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.route import (
    FORMER_GATEWAY_ROUTE,
    GATEWAY_ROUTE,
    SCOPE_GLOBAL,
    SCOPE_LINK,
    UNICAST,
    Route,
    route_owner,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import TABLE_MAIN

MARK = "purel3 web1 10.244.1.1/32"
BOOT, STATIC = 3, 4


def route(destination: str, gateway: str = "", protocol: int = BOOT, is_simple: bool = True) -> Route:
    scope = SCOPE_GLOBAL if gateway else SCOPE_LINK
    return Route("", TABLE_MAIN, destination, 0, UNICAST, gateway, "cali1", scope, protocol, False, is_simple)


ROUTES: t.Dict[str, t.Tuple[Route, str, str, str]] = {
    "the address that is recorded": (route("10.244.1.1/32"), WORKLOADS, MARK, WORKLOADS),
    "the same through an interface of others": (route("10.244.1.1/32"), "", MARK, ""),
    "the same through an interface of a single object": (route("10.244.1.1/32"), OBJECTS, MARK, ""),
    "another address": (route("10.244.1.2/32"), WORKLOADS, MARK, ""),
    "another address where nothing is recorded": (route("10.244.1.2/32"), WORKLOADS, "", ""),
    "the address as multipath": (route("10.244.1.1/32", is_simple=False), WORKLOADS, MARK, ""),
    "the way to the gateway": (route("169.254.1.1/32"), WORKLOADS, MARK, WORKLOADS),
    "the way out": (route("0.0.0.0/0", "169.254.1.1"), WORKLOADS, MARK, WORKLOADS),
    "another way out": (route("0.0.0.0/0", "192.0.2.1"), WORKLOADS, MARK, ""),
    "our protocol": (route("10.9.0.0/24", protocol=112), "", "", OBJECTS),
    "another protocol": (route("10.9.0.0/24", protocol=STATIC), "", "", ""),
    "the route of the node to the gateway": (GATEWAY_ROUTE, "", "", WORKLOADS),
    "the same where it stood once": (FORMER_GATEWAY_ROUTE, "", "", WORKLOADS),
    "the same with a metric": (GATEWAY_ROUTE._replace(metric=5), "", "", OBJECTS),
}


@pytest.mark.parametrize("case", ROUTES)
def test_whose_a_route_is(case: str) -> None:
    subject, device_owner, alias, owner = ROUTES[case]
    assert route_owner(subject, device_owner, alias) == owner


def test_whose_an_interface_is() -> None:
    groups = (28723, 28724, 28725, 28726, 0, 1)
    assert [ownership.link_owner(group) for group in groups] == [WORKLOADS, OBJECTS, WORKLOADS, TUNNELS, "", ""]


def test_whose_a_namespace_is() -> None:
    for owner, group in ((WORKLOADS, 28723), (OBJECTS, 28724)):
        alias = namespace.namespace_mark(owner)
        assert namespace.namespace_from("a", loopback(alias, group)) == namespace.Namespace("a", owner)
        assert namespace.namespace_from("a", loopback(alias, 0)).owner == owner
        assert namespace.namespace_from("a", loopback("", group)).owner == owner
    for alias in ("", "purel3", "purel3 ", "purel3 others", "lo"):
        assert namespace.namespace_from("a", loopback(alias, 0)).owner == ""


def loopback(alias: str, group: int) -> LinkRecord:
    return LinkRecord(1, "lo", "", 65536, True, group, alias, "", 0, None, None)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177])
def test_whose_a_placeholder_is_whatever_the_umask(umask: int) -> None:
    for owner in (WORKLOADS, OBJECTS):
        assert namespace.placeholder_owner(namespace.placeholder_mode(owner) & ~umask) == owner
    for mode in (0, 0o444, 0o644, 0o100600):
        assert namespace.placeholder_owner(mode & ~umask) == ""


def test_what_an_interface_records() -> None:
    mark = ownership.link_mark("web1", ["10.244.1.2/32", "10.244.1.1/32"])
    assert mark == "purel3 web1 10.244.1.1/32,10.244.1.2/32"
    assert ownership.title_of(mark) == "web1"
    assert ownership.recorded_addresses(mark) == {"10.244.1.1/32", "10.244.1.2/32"}
    bare = ownership.link_mark("veth", [])
    assert (bare, ownership.title_of(bare), ownership.recorded_addresses(bare)) == ("purel3 veth", "veth", frozenset())
    for alias in ("", "web1 10.244.1.1/32", "purel3"):
        assert (ownership.title_of(alias), ownership.recorded_addresses(alias)) == ("", frozenset())
