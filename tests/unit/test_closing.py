# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of a run: every difference with its node, and the verdict on the whole fabric."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.closing import closing_lines, is_conforming

Values = t.Dict[str, t.Any]


def compared(node: str, *texts: str, up: int = 2, remarks: t.Sequence[str] = ()) -> Values:
    differences = [{"node": node, "text": text} for text in texts]
    remarked = [{"node": node, "text": text} for text in remarks]
    return {"node": node, "session_count": 2, "established_count": up, "differences": differences, "remarks": remarked}


def reached(number: int, *unreachable: str) -> Values:
    return {
        "sources": [f"web{number}"],
        "destinations": ["web1", "web2", "web3"],
        "pair_count": 2,
        "reachable_count": 2 - len(unreachable),
        "unreachable_pairs": [{"destination": name} for name in unreachable],
        "open_pairs": [],
        "denied_count": 0,
        "narrow_paths": [],
    }


NODES = [compared("node1"), compared("node2"), compared("node3")]
PAIRS = [reached(1), reached(2), reached(3)]

CLOSINGS: t.Dict[str, t.Tuple[t.List[Values], t.List[Values], t.Dict[str, str], t.List[str]]] = {
    "all is well": (NODES, PAIRS, {}, ["fabric conforms: 3 nodes, 6 sessions, 6/6 pairs"]),
    "nobody has workloads": (NODES, [], {}, ["fabric conforms: 3 nodes, 6 sessions"]),
    "one node is looked at": (
        NODES[:1],
        PAIRS[:1],
        {},
        ["what was looked at conforms: 1 node, 2 sessions, 2/6 pairs"],
    ),
    "two nodes differ": (
        [compared("node1", "session with node3: Active", up=1), NODES[1], compared("node3", "no blackhole", "no veth")],
        PAIRS,
        {},
        [
            "node1: session with node3: Active",
            "node3: no blackhole",
            "node3: no veth",
            "fabric does not conform: 3 differences on 2 of 3 nodes, 5/6 sessions up, 6/6 pairs",
        ],
    ),
    "a node cannot be reached": (
        NODES[:2],
        PAIRS[:2],
        {"node3": "Failed to connect"},
        [
            "node3: Failed to connect",
            "fabric does not conform: 1 difference on 1 of 3 nodes, 4/4 sessions up, 4/6 pairs",
        ],
    ),
    "something foreign is there": (
        [compared("node1", remarks=["route 10.244.99.0/26 is not of this fabric"]), *NODES[1:]],
        PAIRS,
        {},
        [
            "node1: remark: route 10.244.99.0/26 is not of this fabric",
            "fabric conforms: 3 nodes, 6 sessions, 6/6 pairs",
        ],
    ),
    "packets are lost, and a remark is the only cause that is known": (
        [compared("node1"), compared("node2", remarks=["table ip filter drops"]), compared("node3")],
        [PAIRS[0], PAIRS[1], reached(3, "web2")],
        {},
        [
            "node2: table ip filter drops",
            "fabric does not conform: 1 difference on 1 of 3 nodes, 6/6 sessions up, 5/6 pairs",
        ],
    ),
    "packets are lost, and a difference is a better cause than a remark": (
        [compared("node1", "no blackhole"), compared("node2", remarks=["table ip filter drops"]), compared("node3")],
        [PAIRS[0], PAIRS[1], reached(3, "web2")],
        {},
        [
            "node1: no blackhole",
            "node2: remark: table ip filter drops",
            "fabric does not conform: 1 difference on 1 of 3 nodes, 6/6 sessions up, 5/6 pairs",
        ],
    ),
    "some are denied": (
        NODES,
        [{**PAIRS[0], "pair_count": 0, "reachable_count": 0, "denied_count": 2}, *PAIRS[1:]],
        {},
        ["fabric conforms: 3 nodes, 6 sessions, 4/4 pairs, 2 denied"],
    ),
    "one that is denied is open": (
        NODES,
        [{**PAIRS[0], "open_pairs": [{"source": "web1", "destination": "web2"}]}, *PAIRS[1:]],
        {},
        [
            "fabric does not conform: 0 differences on 0 of 3 nodes, 6/6 sessions up, 6/6 pairs, 1 pair open against "
            "the policies"
        ],
    ),
    "only packets of full size are lost": (
        NODES,
        [{**PAIRS[0], "narrow_paths": [{}, {}]}, *PAIRS[1:]],
        {},
        [
            "fabric does not conform: 0 differences on 0 of 3 nodes, 6/6 sessions up, 6/6 pairs, 2 paths too narrow "
            "for full packets"
        ],
    ),
    "only packets of full size are lost, and an interface takes less": (
        [compared("node1", remarks=["interface ens33 takes packets of 1500 bytes"]), *NODES[1:]],
        [{**PAIRS[0], "narrow_paths": [{}]}, *PAIRS[1:]],
        {},
        [
            "node1: interface ens33 takes packets of 1500 bytes",
            "fabric does not conform: 1 difference on 1 of 3 nodes, 6/6 sessions up, 6/6 pairs, 1 path too narrow "
            "for full packets",
        ],
    ),
    "only packets are lost": (
        NODES,
        [reached(1, "web3"), *PAIRS[1:]],
        {},
        ["fabric does not conform: 0 differences on 0 of 3 nodes, 6/6 sessions up, 5/6 pairs"],
    ),
}


@pytest.mark.parametrize("name", CLOSINGS)
def test_the_run_closes_with(name: str) -> None:
    nodes, pairs, failures, lines = CLOSINGS[name]
    assert closing_lines(nodes, pairs, failures) == lines
    assert is_conforming(nodes, pairs, failures) is ("does not" not in lines[-1])
