# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be there again after a change, and what of it is missing."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.impact import Impact, import_changes
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.verify import (
    LONGEST_REFILTER,
    Expected,
    NodeView,
    expectations,
    is_settled,
    received_updates,
    what_is_missing,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.reply import Line
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.status import (
    BirdRoute,
    ProtocolStatus,
    SessionStatus,
)

NETWORK = "10.2.0.0/24"


def session(number: int, state: str = "Established", error: str = "") -> ProtocolStatus:
    up = "up" if state == "Established" else "start"
    details = SessionStatus(f"10.0.0.{number}", state, last_error=error)
    return ProtocolStatus(f"peer_{number}", "BGP", "", up, "", state, session=details)


def route(network: str, number: int) -> BirdRoute:
    return BirdRoute("master4", network, "unicast", f"peer_{number}", "", True, 100)


def impact(number: int, effect: str) -> Impact:
    return Impact(f"node{number}", f"10.0.0.{number}", f"peer_{number}", effect)


BEFORE = NodeView(
    (session(2), session(3), session(4, "Active")),
    (route(NETWORK, 2), route("10.3.0.0/24", 3)),
    frozenset({NETWORK}),
    {"peer_2": 1, "peer_3": 1},
)


@pytest.mark.parametrize(
    ("expect", "effects", "changes", "networks"),
    [
        ("kept", {2: "none", 3: "restart", 4: "none"}, {}, {"peer_2": ()}),
        ("peers", {2: "none", 3: "restart"}, {}, {"peer_2": (), "peer_3": ("10.3.0.0/24",)}),
        ("peers", {2: "removed", 3: "added"}, {}, {}),
        ("none", {2: "none", 3: "restart"}, {}, {}),
        ("kept", {2: "refilter"}, {"peer_2": frozenset({NETWORK, "10.9.0.0/24"})}, {"peer_2": (NETWORK,)}),
        ("kept", {2: "refilter"}, {"peer_2": frozenset()}, {"peer_2": ()}),
    ],
    ids=[
        "a session that restarts need not be there at once",
        "a session that restarts must be there with its routes",
        "a session that goes or comes is not waited for",
        "nothing is expected",
        "what a new list still names must be there",
        "what a new filter keeps out is not missed",
    ],
)
def test_what_was_there_and_should_stay_is_expected(
    expect: str,
    effects: t.Mapping[int, str],
    changes: t.Mapping[str, t.FrozenSet[str]],
    networks: t.Mapping[str, t.Tuple[str, ...]],
) -> None:
    impacts = [impact(number, effect) for number, effect in effects.items()]
    found = expectations(BEFORE, impacts, changes, expect)
    assert {one.protocol: one.networks for one in found} == networks


EXPECTED = Expected("node2", "10.0.0.2", "peer_2", (NETWORK,), (NETWORK,))


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (BEFORE, None),
        (replace(BEFORE, protocols=()), "node2 10.0.0.2: no session"),
        (
            replace(BEFORE, protocols=(session(2, "Active", "Socket: Connection refused"),)),
            "node2 10.0.0.2: Active, Connection refused",
        ),
        (replace(BEFORE, routes=()), f"node2 10.0.0.2: no route to {NETWORK}"),
        (replace(BEFORE, routes=(route(NETWORK, 3),)), f"node2 10.0.0.2: no route to {NETWORK}"),
        (replace(BEFORE, kernel=frozenset()), f"node2 10.0.0.2: {NETWORK} not in the kernel"),
    ],
    ids=["nothing", "no protocol", "no session", "no route", "a route from another only", "not in the kernel"],
)
def test_what_is_missing_is_named(now: NodeView, missing: t.Optional[str]) -> None:
    assert what_is_missing([EXPECTED], now) == missing


def test_many_missing_networks_are_counted() -> None:
    networks = tuple(f"10.{number}.0.0/24" for number in range(9))
    said = what_is_missing([replace(EXPECTED, networks=networks)], replace(BEFORE, routes=()))
    assert said is not None
    assert said.endswith("10.4.0.0/24 and 4 more")


@pytest.mark.parametrize(
    ("expected", "received", "elapsed", "settled"),
    [
        (EXPECTED, 1, 0.0, True),
        (replace(EXPECTED, is_refiltered=True, received=1), 1, 0.0, False),
        (replace(EXPECTED, is_refiltered=True, received=1), 2, 0.0, True),
        (replace(EXPECTED, is_refiltered=True, received=0), 0, 0.0, True),
        (replace(EXPECTED, is_refiltered=True, received=1), 1, LONGEST_REFILTER, True),
    ],
    ids=["nothing is evaluated again", "not yet sent again", "sent again", "nothing to send", "long enough"],
)
def test_a_verdict_waits_until_routes_are_evaluated_again(
    expected: Expected, received: int, elapsed: float, settled: bool
) -> None:
    assert is_settled([expected], replace(BEFORE, received={"peer_2": received}), elapsed) is settled


def test_updates_are_counted_by_protocol() -> None:
    lines = [
        Line(1002, "peer_2    BGP        ---        up     10:00:00.000  Established"),
        Line(1006, "  Channel ipv4"),
        Line(1006, "    Import updates:              3          0          0          0          1"),
        Line(1006, "  Channel ipv6"),
        Line(1006, "    Import updates:              4          0          0          0          1"),
        Line(1002, "peer_3    BGP        ---        start  10:00:00.000  Active"),
    ]
    assert received_updates(lines) == {"peer_2": 7}


TEXT = "protocol bgp peer_2 {{ ipv4 {{ {} export none; }}; }}\n{}"


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (("import none;", ""), ("import none;", "# no change"), {}),
        (
            ("import none;", ""),
            (f"import where net ~ [ {NETWORK}, 10.9.0.0/24+ ];", ""),
            {"peer_2": frozenset({NETWORK})},
        ),
        ((f"import where net ~ [ {NETWORK} ];", ""), ("import none;", ""), {"peer_2": frozenset()}),
        (
            ("import filter x;", f"filter x {{ if net ~ [ {NETWORK} ] then accept; reject; }}"),
            ("import filter x;", f"filter x {{ if net ~ [ {NETWORK} ] then reject; accept; }}"),
            {"peer_2": frozenset()},
        ),
    ],
    ids=["no change", "a list", "nothing any more", "a filter of somebody's own"],
)
def test_only_a_plain_list_promises_what_is_accepted(
    old: t.Tuple[str, str], new: t.Tuple[str, str], changes: t.Mapping[str, t.FrozenSet[str]]
) -> None:
    def text(parts: t.Tuple[str, str]) -> str:
        # What is defined stands first.
        return parts[1] + "\n" + TEXT.format(parts[0], "")

    assert import_changes(text(old), text(new)) == changes
