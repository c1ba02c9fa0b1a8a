# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of filters: what they become, and which of them can never match."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Network

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.filters import (
    Prefixes,
    Rule,
    parse_rules,
    unreachable_on_import,
)

Data = t.Sequence[t.Mapping[str, t.Any]]
ACCEPT: t.Mapping[str, t.Any] = {"action": "accept"}


def rules(data: Data) -> t.Tuple[Rule, ...]:
    """The rules of good data."""
    found, faults = parse_rules(data)
    assert faults == ()
    return found


def prefixes(network: str, shortest: int, longest: int) -> Prefixes:
    return Prefixes(IPv4Network(network), shortest, longest)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, None),
        ({"prefix": "0.0.0.0/0"}, prefixes("0.0.0.0/0", 0, 0)),
        ({"prefix": "10.1.0.0/16"}, prefixes("10.1.0.0/16", 16, 16)),
        ({"prefix": "10.1.0.0/16", "length": "20-24"}, prefixes("10.1.0.0/16", 20, 24)),
        ({"prefix": "10.1.0.0/16", "length": "8-24"}, prefixes("10.1.0.0/16", 16, 24)),
        ({"prefix": "10.1.0.0/16", "length": 32}, prefixes("10.1.0.0/16", 32, 32)),
        ({"length": "24-32"}, prefixes("0.0.0.0/0", 24, 32)),
    ],
)
def test_a_prefix_alone_is_meant_exactly_and_with_a_length_what_is_inside(
    match: t.Mapping[str, t.Any], expected: t.Optional[Prefixes]
) -> None:
    assert rules([{"match": match, **ACCEPT}])[0].prefixes == expected


def test_everything_of_a_rule_is_kept() -> None:
    rule = {
        "match": {"community": "64512:100", "as_path": "* 100 ?", "source": "peers"},
        "action": "accept",
        "set": {"communities": ["1:2", "3:4"], "prepend": 2, "preference": 90, "local_preference": 200},
    }
    assert rules([rule])[0] == Rule(
        community="64512:100",
        as_path=("*", "100", "?"),
        source="peers",
        action="accept",
        communities=("1:2", "3:4"),
        prepend=2,
        preference=90,
        local_preference=200,
    )


def test_a_rule_without_an_action_goes_on_with_the_next() -> None:
    assert [rule.action for rule in rules([{"set": {"prepend": 1}}, ACCEPT])] == [None, "accept"]


def test_numbers_may_come_as_text_from_templates() -> None:
    assert rules([{"set": {"prepend": "2"}, **ACCEPT}])[0].prepend == 2


NET = {"prefix": "10.0.0.0/8", "length": "8-24"}


@pytest.mark.parametrize(
    ("first", "second", "is_reached"),
    [
        ({"match": NET, **ACCEPT}, {"match": {"prefix": "10.1.0.0/16"}, "action": "reject"}, False),
        ({"match": NET, **ACCEPT}, {"match": {"prefix": "10.1.0.0/16", "length": "16-32"}, "action": "reject"}, True),
        ({"match": NET, **ACCEPT}, {"match": {"prefix": "11.1.0.0/16"}, "action": "reject"}, True),
        ({"match": NET, **ACCEPT}, {"match": {**NET, "community": "1:2"}, "action": "reject"}, False),
        ({"match": {**NET, "community": "1:2"}, **ACCEPT}, {"match": NET, "action": "reject"}, True),
        ({"match": {**NET, "as_path": "100"}, **ACCEPT}, {"match": NET, "action": "reject"}, True),
        ({"match": {**NET, "source": "peers"}, **ACCEPT}, {"match": NET, "action": "reject"}, True),
        ({"match": NET, "set": {"prepend": 1}}, {"match": NET, "action": "reject"}, True),
        (ACCEPT, {"match": {"community": "1:2"}, "action": "reject"}, False),
        ({"match": {"length": "0-32"}, **ACCEPT}, ACCEPT, False),
    ],
)
def test_a_rule_is_a_fault_when_an_earlier_one_takes_all_of_it(
    first: t.Mapping[str, t.Any], second: t.Mapping[str, t.Any], *, is_reached: bool
) -> None:
    faults = parse_rules([first, second])[1]
    assert (not faults) == is_reached
    assert [(fault.path, fault.problem.partition(",")[0]) for fault in faults] in ([], [((1,), "can never match")])


@pytest.mark.parametrize(("source", "index"), [("blocks", 1), ("static", 1), ("peers", None)])
def test_what_a_peer_sends_has_the_source_peers(source: str, index: t.Optional[int]) -> None:
    found = rules([{"match": {"prefix": "0.0.0.0/0"}, **ACCEPT}, {"match": {"source": source}, **ACCEPT}])
    assert unreachable_on_import(found) == index


@pytest.mark.parametrize("data", [None, "accept", {"action": "accept"}, [], [None], [{"match": []}], [{"set": 1}]])
def test_what_is_no_list_of_rules_is_refused(data: t.Any) -> None:
    assert parse_rules(data)[1]
