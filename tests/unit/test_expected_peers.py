# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node may rely on to hear from its peers, from the variable bird_peers."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.expected import (
    ExpectedPeer,
    expected_peers,
    is_surely_accepted,
)

BLOCK = "10.244.104.0/26"
PEER: t.Dict[str, t.Any] = {"name": "node2", "address": "192.168.50.11", "as_number": 64512, "blocks": [BLOCK]}

Rules = t.List[t.Dict[str, t.Any]]

FILTERS: t.Dict[str, t.Tuple[Rules, bool]] = {
    "no rule at all": ([], False),
    "everything": ([{"action": "accept"}], True),
    "the pool's blocks": ([{"match": {"prefix": "10.244.0.0/16", "length": "16-26"}, "action": "accept"}], True),
    "longer ones only": ([{"match": {"prefix": "10.244.0.0/16", "length": "27-32"}, "action": "accept"}], False),
    "one length": ([{"match": {"length": 26}, "action": "accept"}], True),
    "the block itself": ([{"match": {"prefix": BLOCK}, "action": "accept"}], True),
    "another prefix": ([{"match": {"prefix": "0.0.0.0/0", "length": 0}, "action": "accept"}], False),
    "all but this": ([{"match": {"prefix": BLOCK}, "action": "reject"}, {"action": "accept"}], False),
    "all but some communities": (
        [{"match": {"community": "64512:666"}, "action": "reject"}, {"action": "accept"}],
        False,
    ),
    "communities first, then all": (
        [{"match": {"community": "64512:1"}, "set": {"preference": 200}}, {"action": "accept"}],
        True,
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_lets_a_block_pass_for_sure(name: str) -> None:
    rules, passes = FILTERS[name]
    assert is_surely_accepted(rules, BLOCK) is passes


EXPECTED: t.Dict[str, t.Tuple[t.Dict[str, t.Any], t.Tuple[str, ...]]] = {
    "a plain peer announces its blocks": ({}, (BLOCK,)),
    "an import filter may keep them back": ({"import_filter": []}, ()),
    "so may an export filter, which the other side has, too": ({"export_filter": []}, ()),
    "an aggregate stands in for the blocks inside it": ({"aggregates": ["10.244.0.0/16"]}, ()),
    "an aggregate elsewhere does not": ({"aggregates": ["10.245.0.0/16"]}, (BLOCK,)),
    "options that say nothing about routes are passed over": ({"bfd": True, "hold_time": 9}, (BLOCK,)),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_peer_is_sure_to_announce(name: str) -> None:
    changes, blocks = EXPECTED[name]
    (peer,) = expected_peers([{**PEER, **changes}])
    assert replace(peer, may_announce=(), keeps_back=False) == ExpectedPeer(
        "node2", "192.168.50.11", "node-to-node mesh", blocks, (), False, 64512
    )
    assert peer.may_announce == (BLOCK, *changes.get("aggregates", ()))


def test_a_router_outside_the_fabric_may_try_anything() -> None:
    (peer,) = expected_peers([{"name": "tor1", "address": "192.168.50.1", "type": "global", "blocks": None}])
    assert (peer.blocks, peer.may_announce, peer.type) == ((), None, "global")


def test_all_peers_that_cannot_be_understood_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        expected_peers([{"name": "node2"}, PEER, {**PEER, "address": "node2"}])
    assert [fault.partition(";")[0] for fault in refused.value.faults] == [
        "peers[0]: 'address' is missing",
        "peers[2]: 'node2' does not appear to be an IPv4 or IPv6 address",
    ]
