# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies as users write them: what they mean, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from box import request_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.policy.model import Rulebook
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.policy.reading import endpoints_from, rulebook_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.checker import Checker

Options = t.Dict[str, t.Any]
ENDPOINTS: Options = {
    "web1": {"address": "10.1.0.1", "labels": {"app": "web"}, "ports": {"http": "tcp/80"}},
    "db1": {"address": "10.1.0.2", "labels": {"app": "db"}},
}


def read(**options: t.Any) -> Rulebook:
    checker = Checker()
    book = rulebook_from(checker, options, endpoints_from(checker, ENDPOINTS))
    assert checker.faults == []
    return book


def names(book: Rulebook) -> t.List[t.Tuple[str, t.List[str]]]:
    return [(tier.name, [policy.name for policy in tier.policies]) for tier in book.tiers]


def test_what_has_no_order_comes_last_and_then_the_name_decides() -> None:
    policies: t.List[Options] = [
        {"name": "b"},
        {"name": "a"},
        {"name": "late", "order": 9},
        {"name": "early", "order": -1.5},
        {"name": "x", "tier": "security"},
    ]
    tiers: t.List[Options] = [{"name": "zone"}, {"name": "security", "order": 100, "default_action": "pass"}]
    book = read(policies=policies, tiers=tiers)
    assert names(book) == [("security", ["x"]), ("default", ["early", "late", "a", "b"]), ("zone", [])]
    assert [tier.is_passing for tier in book.tiers] == [True, False, False]


RULE = [{"action": "allow"}]
TYPES: t.Dict[str, t.Tuple[Options, t.Set[str]]] = {
    "no rules": ({}, {"ingress"}),
    "rules for ingress": ({"ingress": RULE}, {"ingress"}),
    "rules for egress": ({"egress": RULE}, {"egress"}),
    "rules for both": ({"ingress": RULE, "egress": RULE}, {"ingress", "egress"}),
    "types that are given": ({"ingress": RULE, "types": ["ingress", "egress"]}, {"ingress", "egress"}),
}


@pytest.mark.parametrize("case", TYPES)
def test_types_that_are_not_given_follow_from_the_rules(case: str) -> None:
    options, types = TYPES[case]
    ((_tier, _names),) = names(read(policies=[{"name": "p", **options}]))
    assert read(policies=[{"name": "p", **options}]).tiers[0].policies[0].types == types


def test_a_network_set_narrows_the_networks_that_are_given_beside_it() -> None:
    source = {"network_set": "office", "nets": ["198.51.100.0/28", "192.0.2.0/24"]}
    book = read(
        network_sets={"office": {"nets": ["198.51.100.0/24", "192.0.2.1/32"]}},
        policies=[{"name": "p", "ingress": [{"action": "allow", "source": source}]}],
    )
    assert list(map(str, book.tiers[0].policies[0].ingress[0].source.nets or ())) == ["192.0.2.1/32", "198.51.100.0/28"]


def rule(**options: t.Any) -> Options:
    return {"policies": [{"name": "p", "ingress": [{"action": "allow", **options}]}]}


BAD: t.Dict[str, t.Tuple[Options, t.List[str]]] = {
    "a selector that is none": (
        {"policies": [{"name": "p", "selector": "app = 'web'"}]},
        [
            "policy p: selector: \"app = 'web'\" is not a selector: character 5 fits nowhere; write one such as "
            "rack == 'a' && has(tor); values stand in quotes"
        ],
    ),
    "a label that nobody has": (
        {"policies": [{"name": "p", "selector": "ap == 'web'"}]},
        ["policy p: selector: \"ap == 'web'\" speaks of the label ap, which no workload has; did you mean app?"],
    ),
    "a tier that is none": (
        {"tiers": [{"name": "security"}], "policies": [{"name": "p", "tier": "securty"}]},
        ["policy p: tier: 'securty' is no tier; did you mean security?"],
    ),
    "a tier twice": (
        {"tiers": [{"name": "a"}, {"name": "a"}]},
        ["tiers[1].name: 'a' is given twice; give it once"],
    ),
    "a policy twice": (
        {"policies": [{"name": "p"}, {"name": "p"}]},
        ["policies[1].name: 'p' is given twice; give each policy its own"],
    ),
    "a name that would add a command": (
        {"policies": [{"name": "p }; flush ruleset"}]},
        [
            "policies[0].name: 'p }; flush ruleset' is not a usable name; use letters, digits, '-', '_' and '.', with "
            "a letter or digit at both ends"
        ],
    ),
    "types that leave out rules": (
        {"policies": [{"name": "p", "ingress": RULE, "types": ["egress"]}]},
        ["policy p: types: ['egress'] leaves out its rules for ingress; add ingress to its types, or remove them"],
    ),
    "ports without a protocol": (
        rule(destination={"ports": ["80"]}),
        [
            "policy p: ingress[0].destination.ports: ['80'] are ports without a protocol that has them; add protocol: "
            "tcp, udp, sctp or udplite to the rule"
        ],
    ),
    "a protocol that is none": (
        rule(protocol="tpc"),
        [
            "policy p: ingress[0].protocol: 'tpc' is not a protocol; use one of icmp, tcp, udp, sctp, udplite, or a "
            "number from 1 to 255"
        ],
    ),
    "a port of 0": (
        rule(protocol="tcp", destination={"ports": ["0"]}),
        ["policy p: ingress[0].destination.ports[0]: '0' is not the number of a port; use 1 to 65535"],
    ),
    "a port of 65536": (
        rule(protocol="tcp", source={"not_ports": ["65536"]}),
        ["policy p: ingress[0].source.not_ports[0]: '65536' is not the number of a port; use 1 to 65535"],
    ),
    "a range that goes down": (
        rule(protocol="tcp", destination={"ports": ["90:80"]}),
        ["policy p: ingress[0].destination.ports[0]: '90:80' goes down; write 80:90"],
    ),
    "the name of nobody's port": (
        rule(protocol="tcp", destination={"ports": ["htp"]}),
        ["policy p: ingress[0].destination.ports[0]: 'htp' is the name of no workload's port; did you mean http?"],
    ),
    "a network with host bits": (
        rule(source={"nets": ["10.0.0.1/8"]}),
        ["policy p: ingress[0].source.nets[0]: '10.0.0.1/8' has host bits set; write 10.0.0.0/8"],
    ),
    "nobody left": (
        rule(source={"not_nets": ["0.0.0.0/0"]}),
        [
            "policy p: ingress[0].source.not_nets: '0.0.0.0/0' leaves nobody to whom the rule applies; remove it, or "
            "the rule"
        ],
    ),
    "a network set that is none": (
        rule(source={"network_set": "ofice"}),
        ["policy p: ingress[0].source.network_set: 'ofice' is no network set; add it to 'network_sets'"],
    ),
    "a code of ICMP without a type": (
        rule(protocol="icmp", icmp={"code": 1}),
        ["policy p: ingress[0].icmp.code: 1 stands without a type; add the type"],
    ),
    "a type of ICMP with another protocol": (
        rule(protocol="tcp", icmp={"type": 8}),
        ["policy p: ingress[0].protocol: 'tcp' does not go with icmp; write protocol: icmp"],
    ),
    "a type of ICMP out of range": (
        rule(protocol="icmp", icmp={"type": 256}),
        ["policy p: ingress[0].icmp.type: 256 is out of range; use 0 to 255"],
    ),
    "an address twice": (
        {"endpoints": {**ENDPOINTS, "web2": {"address": "10.1.0.1"}}},
        ["endpoints.web2.address: '10.1.0.1' is also workload web1's; give each its own"],
    ),
    "a workload without an address": (
        {"endpoints": {"web1": {"labels": {"app": "web"}}}},
        ["endpoints.web1: {'labels': {'app': 'web'}} has no address; give one such as {address: 10.244.166.128}"],
    ),
    "a key of a workload that is none": (
        {"endpoints": {"web1": {"address": "10.1.0.1", "label": {"app": "web"}}}},
        ["endpoints.web1: 'label' is not known; did you mean labels?"],
    ),
    "labels that are no mapping": (
        {"endpoints": {"web1": {"address": "10.1.0.1", "labels": "web"}}},
        ["endpoints.web1.labels: 'web' is no mapping; write keys and values below it"],
    ),
    "a port that is none": (
        {"endpoints": {"web1": {"address": "10.1.0.1", "ports": {"http": "80"}}}},
        ["endpoints.web1.ports.http: '80' is not a port; write its protocol and number, such as tcp/80"],
    ),
    "a port whose name reads as a number": (
        {"endpoints": {"web1": {"address": "10.1.0.1", "ports": {"80": "tcp/80"}}}},
        [
            "endpoints.web1.ports.80: '80' is not a usable name of a port; use lower-case letters, digits and '-', "
            "with a letter in it"
        ],
    ),
    "a workload that is no endpoint": (
        {"workloads": ["wbe1"]},
        ["workloads[0]: 'wbe1' is not among the endpoints; did you mean web1?"],
    ),
    "two faults at once": (
        {"workloads": ["other"], "policies": [{"name": "p", "tier": "none"}]},
        [
            "policy p: tier: 'none' is no tier; add it to 'tiers'",
            "workloads[0]: 'other' is not among the endpoints; add it there, with its address",
        ],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused(case: str) -> None:
    options, faults = BAD[case]
    with pytest.raises(InvalidInput) as caught:
        request_of("policy", {"endpoints": ENDPOINTS, **options})
    assert list(caught.value.faults) == faults
