# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches whom: the question, the judgement, and what people see of it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.denials import denials_of
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.matrix import matrix_lines
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.reachability import (
    Place,
    ProbeResult,
    Question,
    SizeResult,
    Unreachable,
    demand,
    judge,
    narrow_lines,
    pairs_of_nodes,
    question_from_params,
    unreachable_lines,
)

WEB1, WEB2, WEB3 = Place("web1", "10.244.1.1"), Place("web2", "10.244.1.2"), Place("web3", "10.244.2.1")


def question(*sources: Place) -> Question:
    return Question(sources, tuple(place.name for place in sources), (WEB1, WEB2, WEB3), ("icmp", "tcp"), 9, 2.0)


def trials(asked: Question, *silent: t.Tuple[str, str, str]) -> t.List[ProbeResult]:
    return [
        ProbeResult(position, destination, protocol, None, 3, "no answer")
        if (asked.sources[position].name, destination.name, protocol) in silent
        else ProbeResult(position, destination, protocol, 0.5, 1)
        for position, destination in asked.pairs()
        for protocol in asked.protocols
    ]


def test_a_workload_is_not_tested_against_itself() -> None:
    assert question(WEB1, WEB3).pairs() == [(0, WEB2), (0, WEB3), (1, WEB1), (1, WEB2)]


def test_a_pair_that_is_excluded_is_not_tested_the_way_back_is() -> None:
    options = {
        "workloads": [{"name": "web1", "address": WEB1.address}, {"name": "web2", "address": WEB2.address}],
        "destinations": [{"name": place.name, "address": place.address} for place in (WEB1, WEB2, WEB3)],
        "excluded": [{"source": "web1", "destination": "web2", "protocol": "icmp", "reason": "no answer"}],
        "protocols": ["icmp"],
        "port": 9,
        "timeout": 2.0,
    }
    asked = question_from_params(options)
    assert asked.pairs() == [(0, WEB3), (1, WEB1), (1, WEB3)]
    assert judge(asked, trials(asked))["summary"] == "3/3 workload pairs reachable (ICMP)"
    with pytest.raises(InvalidInput, match=r"excluded\[0\]: {'source': 'web1'} is no pair; give each with source and"):
        question_from_params({**options, "excluded": [{"source": "web1"}]})


def test_all_is_well() -> None:
    asked = question(WEB1, WEB2)
    values = judge(asked, trials(asked))
    assert values["summary"] == "4/4 workload pairs reachable (ICMP and TCP)"
    assert values["unreachable_pairs"] == []
    assert values["retried_count"] == 0
    assert values["first_packet_ms"]["icmp"] == {"min": 0.5, "median": 0.5, "max": 0.5}
    demand(values)


def test_a_pair_counts_as_reachable_only_with_every_protocol() -> None:
    asked = question(WEB1)
    values = judge(asked, trials(asked, ("web1", "web3", "tcp")))
    assert values["summary"] == "1/2 workload pairs reachable (ICMP and TCP)"
    assert values["retried_count"] == 1
    with pytest.raises(Unreachable) as refused:
        demand(values)
    assert str(refused.value).splitlines() == [
        "1/2 workload pairs reachable (ICMP and TCP)",
        "web1 -> web3 10.244.2.1: no answer (3 tries)",
    ]
    assert refused.value.values == values


def test_nothing_answers() -> None:
    asked = question(WEB1)
    silent = [("web1", place, protocol) for place in ("web2", "web3") for protocol in ("icmp", "tcp")]
    values = judge(asked, trials(asked, *silent))
    assert values["reachable_count"] == 0
    assert values["first_packet_ms"] == {"icmp": None, "tcp": None}
    assert [(item["destination"], item["protocol"]) for item in values["unreachable_pairs"]] == [
        ("web2", "icmp"),
        ("web2", "tcp"),
        ("web3", "icmp"),
        ("web3", "tcp"),
    ]


def test_what_holds_for_several_pairs_of_a_source_is_said_once() -> None:
    gone = "network namespace /run/netns/web5: No such file or directory"
    items = [
        {"source": "web5", "destination": f"web{n}", "address": f"10.0.0.{n}", "protocol": protocol, "reason": gone}
        for n in (1, 2, 3, 4, 6)
        for protocol in ("icmp", "tcp")
    ]
    other = {"source": "web1", "destination": "web5", "address": "10.0.0.5", "protocol": "icmp", "reason": "no answer"}
    assert unreachable_lines([other, *items]) == [
        "web1 -> web5 10.0.0.5: no answer",
        f"web5 -> web1 10.0.0.1, web2 10.0.0.2, web3 10.0.0.3 and 2 more: {gone}",
    ]


def test_full_packets_go_to_one_workload_of_each_other_node_that_answered() -> None:
    places = (
        Place("web1", "10.0.0.1", "node1"),
        Place("web2", "10.0.0.2", "node1"),
        *(Place(f"web{number}", f"10.0.1.{number}", "node2") for number in (3, 4, 5)),
        *(Place(f"web{number}", f"10.0.2.{number}") for number in (6, 7)),
        Place("web8", "10.0.3.8", "node3"),
    )
    asked = Question((WEB1,), ("web1",), places, ("icmp", "tcp"), 9, 2.0)
    silent = [("web1", "web3", "icmp"), ("web1", "web8", "icmp")]
    assert pairs_of_nodes(asked, trials(asked, *silent)) == [(0, places[3]), (0, places[5]), (0, places[6])]


def test_paths_that_full_packets_do_not_pass_fail_the_proof_with_the_remedy() -> None:
    places = tuple(Place(f"web{number}", f"10.0.0.{number}", f"node{number}") for number in (1, 2, 3, 4))
    asked = Question((places[0],), ("web1",), places, ("icmp",), 9, 2.0, network_mtu=1500)
    sizes = [
        SizeResult(0, places[1], 1480, 1380, "no ICMP echo reply"),
        SizeResult(0, places[2], 1480, 1480),
        SizeResult(0, places[3], 1480, 1380, "no ICMP echo reply"),
    ]
    values = judge(asked, trials(asked), sizes)
    assert [(path["to_node"], path["passing"], path["mtu"]) for path in values["narrow_paths"]] == [
        ("node2", 1380, 1400),
        ("node4", 1380, 1400),
    ]
    words = (
        "packets of 1480 bytes do not pass from node1 to node2, node4, those of 1380 do (no ICMP echo reply); a link "
        "between carries less than the fabric sends; set mtu: 1400 in the fabric file, or raise that of the link"
    )
    with pytest.raises(Unreachable) as refused:
        demand(values)
    assert str(refused.value).splitlines() == ["3/3 workload pairs reachable (ICMP)", words]
    assert matrix_lines([values])[-2] == words
    demand(judge(asked, trials(asked), sizes[1:2]))


def test_a_path_between_nodes_that_nobody_knows_is_told_by_its_workloads() -> None:
    asked = question(WEB1)
    (path,) = judge(asked, trials(asked), [SizeResult(0, WEB3, 9000, 1500, "no")])["narrow_paths"]
    assert narrow_lines([path])[0].startswith("packets of 9000 bytes do not pass from web1 to web3, those of 1500 do")
    assert path["mtu"] == 1500


def test_a_long_list_is_cut() -> None:
    sources = tuple(Place(f"web{number}", f"10.0.0.{number}") for number in range(10, 41))
    asked = Question(sources, tuple(place.name for place in sources), (WEB1,), ("icmp",), 9, 2.0)
    silent = [(place.name, "web1", "icmp") for place in sources]
    with pytest.raises(Unreachable) as refused:
        demand(judge(asked, trials(asked, *silent)))
    lines = str(refused.value).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "... and 11 more"


GOOD: t.Dict[str, t.Any] = {
    "workloads": [{"name": "web1", "address": "10.244.1.1", "netns": None}],
    "destinations": [{"name": "web3", "address": "10.244.2.1"}],
    "protocols": ["tcp", "icmp"],
    "port": 9,
    "timeout": 30.0,
}

BAD: t.Dict[str, t.Tuple[t.Dict[str, t.Any], str]] = {
    "an address with a prefix length": (
        {"destinations": [{"name": "web3", "address": "10.244.2.1/32"}]},
        "destination web3: address 10.244.2.1/32",
    ),
    "a name that is none": ({"destinations": [{"name": "", "address": "10.244.2.1"}]}, "destination : name ''"),
    "a namespace that leads elsewhere": (
        {"workloads": [{"name": "web1", "address": "10.244.1.1", "netns": "../web1"}]},
        "workload web1: netns '../web1'",
    ),
    "a port beyond the last": ({"port": 65536}, "port: 65536"),
    "a timeout that never ends": ({"timeout": 86400.0}, "timeout: 86400 s"),
    "no protocol": ({"protocols": []}, "protocols: none is listed"),
}


def test_options_become_a_question() -> None:
    assert question_from_params(GOOD) == Question((WEB1,), ("web1",), (WEB3,), ("icmp", "tcp"), 9, 30.0)


@pytest.mark.parametrize("case", BAD)
def test_it_is_refused(case: str) -> None:
    wrong, complaint = BAD[case]
    with pytest.raises(InvalidInput) as refused:
        question_from_params({**GOOD, **wrong})
    assert len(refused.value.faults) == 1
    assert complaint in refused.value.faults[0]


def test_the_matrix_of_all_nodes() -> None:
    first, second = question(WEB1, WEB2), question(WEB3)
    found = [judge(first, trials(first)), judge(second, trials(second))]
    assert matrix_lines(found) == [
        "from \\ to  web1  web2  web3",
        "web1       .     ok    ok",
        "web2       ok    .     ok",
        "web3       ok    ok    .",
        "6/6 workload pairs reachable (ICMP and TCP)",
    ]


def test_the_matrix_shows_what_fails_and_who_was_not_asked() -> None:
    asked = question(WEB1, WEB2)
    silent = [("web1", "web2", "tcp"), ("web1", "web3", "icmp"), ("web1", "web3", "tcp")]
    assert matrix_lines([judge(asked, trials(asked, *silent))]) == [
        "from \\ to  web1  web2    web3",
        "web1       .     no TCP  FAIL",
        "web2       ok    .       ok",
        "web1 -> web2 10.244.1.2, web3 10.244.2.1: no answer (3 tries)",
        "2/6 workload pairs reachable (ICMP and TCP); not tested from web3",
    ]


POLICY: t.Dict[str, t.Any] = {
    "endpoints": {
        "web1": {"address": WEB1.address, "labels": {"app": "web"}},
        "web2": {"address": WEB2.address, "labels": {"app": "web"}},
        "web3": {"address": WEB3.address, "labels": {"app": "db"}},
    },
    "policies": [
        {"name": "db", "selector": "app == 'db'"},
        {"name": "web", "selector": "app == 'web'", "ingress": [{"action": "allow", "protocol": "icmp"}]},
    ],
}


def test_what_policies_deny_must_not_arrive_and_is_said_apart() -> None:
    asked = question(WEB1, WEB2)
    asked = replace(asked, denials=denials_of(asked, POLICY))
    silent = [(source, "web3", protocol) for source in ("web1", "web2") for protocol in ("icmp", "tcp")]
    silent += [("web1", "web2", "tcp"), ("web2", "web1", "tcp")]
    values = judge(asked, trials(asked, *silent))
    demand(values)
    assert values["denied_pairs"] == {"web1": ["web3"], "web2": ["web3"]}
    assert matrix_lines([values])[1:] == [
        "web1       .     ok    -",
        "web2       ok    .     -",
        "2/4 workload pairs reachable (ICMP and TCP), 2 denied as declared; not tested from web3",
    ]


def test_what_arrives_although_it_is_denied_fails_the_proof_with_the_policy_that_denies_it() -> None:
    asked = question(WEB1)
    asked = replace(asked, denials=denials_of(asked, POLICY))
    values = judge(asked, trials(asked, ("web1", "web3", "icmp"), ("web1", "web2", "tcp")))
    lines = [
        "web1 -> web3 10.244.2.1: answers TCP, which is denied by policy db, end of tier default for ingress",
        "1/1 workload pairs reachable (ICMP and TCP)",
    ]
    assert matrix_lines([values])[1:3] == ["web1       .     ok    OPEN", lines[0]]
    with pytest.raises(Unreachable) as refused:
        demand(values)
    assert str(refused.value).splitlines() == lines[::-1]


def test_a_matrix_that_is_too_wide_is_left_out() -> None:
    many = tuple(Place(f"workload{number}", f"10.0.0.{number}") for number in range(1, 32))
    asked = Question((many[0],), ("workload1",), many, ("icmp",), 9, 2.0)
    assert len(matrix_lines([judge(asked, trials(asked))])) == 1
