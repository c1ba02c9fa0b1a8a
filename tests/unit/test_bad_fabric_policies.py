# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in their policies: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import typing as t

import pytest
from bad_fabric import Case, check_report, problems, warnings

POLICIES = """\
plugin: purel3.fabric.fabric
pools:
  - cidr: 10.244.0.0/16
nodes:
  node1: {address: 192.168.50.10/24, interface: ens33}
workloads:
  web1: {node: node1, labels: {app: web, env: prod}, ports: {http: tcp/80, dns: udp/53}}
  db1: {node: node1, labels: {app: db, env: prod}}
policy: {default: allow}
network_sets:
  office: {nets: [198.51.100.0/24]}
tiers:
  - {name: security, order: 100, default_action: pass}
policies:
  - name: db
    selector: app == 'db'
    ingress:
      - action: allow
        protocol: tcp
        source: {selector: app == 'web'}
        destination: {ports: [5432]}
      - action: log
"""
POLICY = """\
  - name: db
    selector: app == 'db'
    ingress:
      - action: allow
        protocol: tcp
        source: {selector: app == 'web'}
        destination: {ports: [5432]}
      - action: log
"""
SELECTOR = "    selector: app == 'db'"
LAST_RULE = "      - action: log\n"


def case(name: str, old: str, new: str, *faults: str) -> Case:
    return Case(name, old, new, faults, base=POLICIES)


def rule(name: str, text: str, *faults: str) -> Case:
    return case(name, LAST_RULE, f"      - {text}\n", *faults)


CASES = [
    case(
        "policy is a word",
        "policy: {default: allow}",
        "policy: on",
        "9: policy is on, which YAML reads as true, not a mapping of keys to values; write its keys below it",
    ),
    case(
        "policy has an unknown key",
        "policy: {default: allow}",
        "policy: {defaults: allow}",
        "9: policy: unknown key defaults; did you mean 'default'?",
    ),
    case(
        "policy.default is none of its words",
        "policy: {default: allow}",
        "policy: {default: alow}",
        "9: policy: default alow is not known; did you mean 'allow'?",
    ),
    case(
        "policy.endpoint_to_host is a boolean",
        "policy: {default: allow}",
        "policy: {endpoint_to_host: no}",
        '9: policy: endpoint_to_host is no, which YAML reads as false, not text; write it in quotes: "no"',
    ),
    case(
        "policy.denied is none of its words",
        "policy: {default: allow}",
        "policy: {denied: refuse}",
        "9: policy: denied refuse is not known; choose from drop, reject",
    ),
    case(
        "a network set is a list",
        "{nets: [198.51.100.0/24]}",
        "[198.51.100.0/24]",
        "11: network_sets.office is a list, not a mapping of keys to values; write its keys below it",
    ),
    case(
        "a network set has no nets",
        "{nets: [198.51.100.0/24]}",
        "{}",
        "11: network_sets.office: nets is missing; add it",
    ),
    case(
        "a network set has an unknown key",
        "{nets: [198.51.100.0/24]}",
        "{nets: [198.51.100.0/24], net: x}",
        "11: network_sets.office: unknown key net; did you mean 'nets'?",
    ),
    case(
        "a network of a set has host bits",
        "198.51.100.0/24",
        "198.51.100.1/24",
        "11: network_sets.office.nets[0]: 198.51.100.1/24 has host bits set; write 198.51.100.0/24",
    ),
    case(
        "a network of a set is an address",
        "198.51.100.0/24",
        "198.51.100.1",
        "11: network_sets.office.nets[0]: 198.51.100.1 is not a network; give one with prefix length, like "
        "10.244.104.0/26",
    ),
    case(
        "a network of a set is of IPv6",
        "198.51.100.0/24",
        '"2001:db8::/32"',
        "11: network_sets.office.nets[0]: 2001:db8::/32 is not a network (Expected 4 octets in '2001:db8::'); "
        "give one like 10.244.104.0/26",
    ),
    case(
        "the name of a network set would add a command",
        "office:",
        '"office; flush ruleset":',
        "11: network_sets: network set 'office; flush ruleset' is not a usable name; use letters, digits, '-', "
        "'_' and '.', with a letter or digit at both ends",
    ),
    case(
        "a tier without a name",
        "{name: security, order: 100, default_action: pass}",
        "{order: 100}",
        "13: tiers[0]: name is missing; add it",
    ),
    case(
        "a tier has an order that is a word",
        "order: 100",
        "order: first",
        "13: tier security: order is the text 'first', not a number; write it in digits, without quotes",
    ),
    case(
        "a tier has a default action that is none",
        "default_action: pass",
        "default_action: allow",
        "13: tier security: default_action allow is not known; choose from deny, pass",
    ),
    case(
        "a tier twice",
        "policies:\n",
        "  - {name: security}\npolicies:\n",
        "14: tiers[1].name: security is given twice; give it once",
    ),
    case(
        "a tier is a word",
        "{name: security, order: 100, default_action: pass}",
        "security",
        "13: tiers[0] is the text 'security', not a mapping of keys to values; write its keys below it",
    ),
    case(
        "tiers are a mapping",
        "  - {name: security, order: 100, default_action: pass}",
        "  security: {order: 100}",
        "12: tiers is a mapping, not a list; write each item on a line that begins with '- '",
    ),
    case(
        "a policy without a name",
        "- name: db\n    selector: app == 'db'",
        "- selector: app == 'db'",
        "15: policies[0]: name is missing; add it",
    ),
    case(
        "a policy twice",
        POLICY,
        POLICY + "  - name: db\n",
        "23: policies[1].name: db is given twice; give each policy its own",
    ),
    case(
        "the name of a policy would add a rule",
        "name: db",
        'name: "db\\n add rule"',
        "15: policies[0].name: 'db\\n add rule' is not a usable name; use letters, digits, '-', '_' and '.', "
        "with a letter or digit at both ends",
    ),
    case(
        "a policy is of no tier",
        SELECTOR,
        "    tier: securty\n" + SELECTOR,
        "16: policy db: tier: securty is no tier; did you mean security?",
    ),
    case(
        "an order is a boolean",
        SELECTOR,
        "    order: yes\n" + SELECTOR,
        "16: policy db: order is yes, which YAML reads as true, not a number; write it in digits, without quotes",
    ),
    case(
        "staged is a number",
        SELECTOR,
        "    staged: 1\n" + SELECTOR,
        "16: policy db: staged is the number 1, not a boolean; write true or false, without quotes",
    ),
    case(
        "a selector does not parse",
        "selector: app == 'db'",
        "selector: app = 'db'",
        "16: policy db: selector: \"app = 'db'\" is not a selector: character 5 fits nowhere; write one such "
        "as rack == 'a' && has(tor); values stand in quotes",
    ),
    case(
        "a selector is a mapping",
        "selector: app == 'db'",
        "selector: {app: db}",
        "16: policy db: selector is a mapping, not text; write one text",
    ),
    case(
        "a selector speaks of a label that nobody has",
        "selector: app == 'db'",
        "selector: ap == 'db'",
        "16: policy db: selector: \"ap == 'db'\" speaks of the label ap, which no workload has; did you mean app?",
    ),
    case(
        "a selector without quotes",
        "selector: app == 'db'",
        "selector: app == db",
        "16: policy db: selector: 'app == db' is not a selector: at character 8 there is 'db' instead of a "
        "value in quotes; write one such as rack == 'a' && has(tor); values stand in quotes",
    ),
    case(
        "a selector with one sign",
        "selector: app == 'db'",
        "selector: app == 'db' & has(env)",
        "16: policy db: selector: \"app == 'db' & has(env)\" is not a selector: character 13 fits nowhere; "
        "write one such as rack == 'a' && has(tor); values stand in quotes",
    ),
    case(
        "a selector that is nested too deeply",
        "selector: app == 'db'",
        'selector: "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!has(app)"',
        "16: policy db: selector: !!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!has(app) is "
        "nested more than 50 levels deep; write it with fewer '!' and parentheses",
    ),
    case(
        "types are a word",
        SELECTOR,
        "    types: ingress\n" + SELECTOR,
        "16: policy db: types is the text 'ingress', not a list; write each item on a line that begins with '- '",
    ),
    case(
        "a type is none",
        SELECTOR,
        "    types: [ingres]\n" + SELECTOR,
        "16: policy db: types[0] ingres is not known; did you mean 'ingress'?",
    ),
    case(
        "types leave out rules",
        SELECTOR,
        "    types: [egress]\n" + SELECTOR,
        "16: policy db: types: ['egress'] leaves out its rules for ingress; add ingress to its types, or remove them",
    ),
    case(
        "rules are a mapping",
        POLICY,
        "  - {name: db, ingress: {action: allow}}\n",
        "15: policy db: ingress is a mapping, not a list; write each item on a line that begins with '- '",
    ),
    rule(
        "a rule is a word",
        "allow",
        "22: policy db: ingress[1] is the text 'allow', not a mapping of keys to values; write its keys below it",
    ),
    rule(
        "a rule without an action",
        "{protocol: tcp}",
        "22: policy db: ingress[1]: action is missing; use one of allow, deny, pass, log",
    ),
    rule(
        "an action is none",
        "{action: accept}",
        "22: policy db: ingress[1]: action accept is not known; choose from allow, deny, log, pass",
    ),
    rule(
        "an action in capitals",
        "{action: Allow}",
        "22: policy db: ingress[1]: action Allow is not known; did you mean 'allow'?",
    ),
    rule(
        "a rule has an unknown key",
        "{action: deny, from: web1}",
        "22: policy db: ingress[1]: unknown key from; choose from action, destination, icmp, not_protocol, "
        "protocol, source",
    ),
    rule(
        "a protocol is none",
        "{action: deny, protocol: tpc}",
        "22: policy db: ingress[1].protocol: tpc is not a protocol; use one of icmp, tcp, udp, sctp, udplite, "
        "or a number from 1 to 255",
    ),
    rule(
        "a protocol out of range",
        "{action: deny, protocol: 256}",
        "22: policy db: ingress[1].protocol: 256 is not a protocol; use one of icmp, tcp, udp, sctp, udplite, "
        "or a number from 1 to 255",
    ),
    rule(
        "a protocol of 0",
        "{action: deny, protocol: 0}",
        "22: policy db: ingress[1].protocol: 0 is not a protocol; use one of icmp, tcp, udp, sctp, udplite, or "
        "a number from 1 to 255",
    ),
    rule(
        "a protocol that is excluded is none",
        "{action: deny, not_protocol: gre}",
        "22: policy db: ingress[1].not_protocol: gre is not a protocol; use one of icmp, tcp, udp, sctp, "
        "udplite, or a number from 1 to 255",
    ),
    rule(
        "a protocol is a list",
        "{action: deny, protocol: [tcp, udp]}",
        "22: policy db: ingress[1]: protocol is a list, not text; write one text",
    ),
    rule(
        "a type of ICMP out of range",
        "{action: deny, protocol: icmp, icmp: {type: 256}}",
        "22: policy db: ingress[1].icmp.type: 256 is out of range; use 0 to 255",
    ),
    rule(
        "a type of ICMP is a word",
        "{action: deny, protocol: icmp, icmp: {type: echo}}",
        "22: policy db: ingress[1].icmp: type is the text 'echo', not a whole number; write it in digits, "
        "without quotes",
    ),
    rule(
        "a code of ICMP without its type",
        "{action: deny, protocol: icmp, icmp: {code: 1}}",
        "22: policy db: ingress[1].icmp.code: 1 stands without a type; add the type",
    ),
    rule(
        "ICMP without its protocol",
        "{action: deny, protocol: tcp, icmp: {type: 8}}",
        "22: policy db: ingress[1].protocol: tcp does not go with icmp; write protocol: icmp",
    ),
    rule(
        "an end of a rule is a word",
        "{action: deny, source: web1}",
        "22: policy db: ingress[1].source is the text 'web1', not a mapping of keys to values; write its keys below it",
    ),
    rule(
        "an end of a rule has an unknown key",
        "{action: deny, source: {label: app}}",
        "22: policy db: ingress[1].source: unknown key label; choose from nets, network_set, not_nets, "
        "not_ports, not_selector, ports, selector",
    ),
    rule(
        "a selector of a rule does not parse",
        "{action: deny, source: {selector: has(}}",
        "22: policy db: ingress[1].source.selector: has( is not a selector: at character 5 it ends instead of "
        "a label; write one such as rack == 'a' && has(tor); values stand in quotes",
    ),
    rule(
        "a selector of a rule speaks of a label that nobody has",
        "{action: deny, source: {not_selector: has(apps)}}",
        "22: policy db: ingress[1].source.not_selector: has(apps) speaks of the label apps, which no workload "
        "has; did you mean app?",
    ),
    rule(
        "a network of a rule has host bits",
        "{action: deny, source: {nets: [10.0.0.1/8]}}",
        "22: policy db: ingress[1].source.nets[0]: 10.0.0.1/8 has host bits set; write 10.0.0.0/8",
    ),
    rule(
        "networks of a rule are a text",
        "{action: deny, source: {nets: 10.0.0.0/8}}",
        "22: policy db: ingress[1].source: nets is the text '10.0.0.0/8', not a list; write each item on a "
        "line that begins with '- '",
    ),
    rule(
        "a rule is about nobody",
        "{action: deny, source: {not_nets: [0.0.0.0/0]}}",
        "22: policy db: ingress[1].source.not_nets: 0.0.0.0/0 leaves nobody to whom the rule applies; remove "
        "it, or the rule",
    ),
    rule(
        "a network set of a rule is none",
        "{action: deny, source: {network_set: ofice}}",
        "22: policy db: ingress[1].source.network_set: ofice is no network set; did you mean office?",
    ),
    rule(
        "ports without a protocol",
        "{action: deny, destination: {ports: [80]}}",
        "22: policy db: ingress[1].destination.ports: ['80'] are ports without a protocol that has them; add "
        "protocol: tcp, udp, sctp or udplite to the rule",
    ),
    rule(
        "ports of a protocol that has none",
        "{action: deny, protocol: icmp, destination: {not_ports: [80]}}",
        "22: policy db: ingress[1].destination.not_ports: ['80'] are ports without a protocol that has them; "
        "add protocol: tcp, udp, sctp or udplite to the rule",
    ),
    rule(
        "ports of 0, 65536, downwards, and of no name",
        "{action: deny, protocol: tcp, destination: {ports: [0, 65536, '90:80', htpp]}}",
        "22: policy db: ingress[1].destination.ports[0]: 0 is not the number of a port; use 1 to 65535",
        "22: policy db: ingress[1].destination.ports[1]: 65536 is not the number of a port; use 1 to 65535",
        "22: policy db: ingress[1].destination.ports[2]: 90:80 goes down; write 80:90",
        "22: policy db: ingress[1].destination.ports[3]: htpp is the name of no workload's port; did you mean http?",
    ),
    rule(
        "a port is a boolean",
        "{action: deny, protocol: tcp, destination: {ports: [true]}}",
        '22: policy db: ingress[1].destination: ports[0] is the boolean true, not text; write it in quotes: "true"',
    ),
    rule(
        "a port is read by YAML as something else",
        "{action: deny, protocol: tcp, destination: {ports: [22:30]}}",
        '22: policy db: ingress[1].destination: ports[0] 22:30 is read as 1350 by YAML; write it in quotes: "22:30"',
    ),
    rule(
        "a port with a leading zero",
        "{action: deny, protocol: tcp, destination: {ports: [022]}}",
        '22: policy db: ingress[1].destination: ports[0] 022 is read as 18 by YAML; write it in quotes: "022"',
    ),
    rule(
        "a rule that can never match",
        "{action: deny, protocol: tcp, source: {selector: app == 'web'}, destination: {ports: ['5432']}}",
        "22: policy db: ingress[1]: can never match, because ingress[0] decides on all that it is about; "
        "remove it, or put it first",
    ),
    case(
        "a rule after one that decides on everything",
        LAST_RULE,
        "      - {action: deny}\n      - {action: allow, protocol: udp}\n",
        "23: policy db: ingress[2]: can never match, because ingress[1] decides on all that it is about; "
        "remove it, or put it first",
    ),
    case(
        "a named port of a workload without a protocol",
        "http: tcp/80",
        "http: 80",
        "7: web1: ports: http is the number 80, not text; write its protocol and number, such as tcp/80",
    ),
    case(
        "a named port of a workload out of range",
        "http: tcp/80",
        "http: tcp/0",
        "7: web1: ports: http tcp/0 is not the number of a port; use 1 to 65535",
    ),
    case(
        "a named port of a workload with a protocol that has none",
        "http: tcp/80",
        "http: icmp/8",
        "7: web1: ports: http icmp/8 is not a port; write its protocol and number, such as tcp/80",
    ),
    case(
        "the name of a workload's port reads as a number",
        "http: tcp/80",
        '"80": tcp/80',
        "7: web1: ports: port 80 is not a usable name of a port; use lower-case letters, digits and '-', with "
        "a letter in it",
    ),
    case(
        "ports of a workload are a list",
        "ports: {http: tcp/80, dns: udp/53}",
        "ports: [80]",
        "7: web1: ports is a list, not a mapping of keys to values; write its keys below it",
    ),
    case(
        "faults of all kinds at once",
        POLICY,
        "  - {name: a, selector: b}\n  - {name: c, tier: d, ingress: [{action: e}]}\n",
        "15: policy a: selector: b is not a selector: at character 2 it ends instead of '==', '!=', 'in', 'not "
        "in', 'contains', 'starts with' or 'ends with'; write one such as rack == 'a' && has(tor); values "
        "stand in quotes",
        "16: policy c: ingress[0]: action e is not known; choose from allow, deny, log, pass",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    assert case.faults, "a case without a fault"
    check_report(case)


def test_the_file_that_all_cases_change_is_good() -> None:
    assert problems(POLICIES) == []
    assert warnings(POLICIES) == []


def test_the_fault_of_a_tier_is_told_once_and_not_again_by_its_policies() -> None:
    text = POLICIES.replace("order: 100", "order: x").replace(SELECTOR, f"    tier: security\n{SELECTOR}")
    assert problems(text) == [
        "lab.fabric.yml:13: tier security: order is the text 'x', not a number; write it in digits, without quotes"
    ]


def test_labels_of_workloads_that_could_not_be_read_are_not_missed() -> None:
    (fault,) = problems(POLICIES.replace("web1: {node: node1,", "web1: {"))
    assert fault.startswith("lab.fabric.yml:7: web1: node is missing")


WARNINGS: t.Mapping[str, t.Tuple[str, str, t.Sequence[str]]] = {
    "nothing is enforced": (
        "policy: {default: allow}\n",
        "",
        ["13: policies are given, and nothing is enforced; add 'policy: {}', or remove them"],
    ),
    "a selector that selects nobody": (
        SELECTOR,
        "    selector: app == 'dbs'",
        ["16: policy db: selector: app == 'dbs' selects no workload; correct it, or leave it for those to come"],
    ),
    "a selector that leaves the world out": (
        LAST_RULE,
        "      - {action: deny, source: {selector: '!has(app)'}}\n",
        [
            "22: policy db: ingress[1].source.selector: !has(app) selects no workload; correct it, or leave it for "
            "those to come",
            "22: policy db: ingress[1].source.selector: !has(app) selects workloads only, and not the rest of the "
            "world; write it as not_selector, without '!', if you mean everybody else",
        ],
    ),
    "passing on from the last tier": (
        LAST_RULE,
        "      - {action: pass}\n",
        [
            "22: policy db: ingress[1].action: passes on from the last tier, so that policy.default decides, which "
            "allows; write allow or deny"
        ],
    ),
    "a policy that is never asked": (
        LAST_RULE,
        LAST_RULE + "  - {name: first, order: 1, ingress: [{action: allow}]}\n",
        [
            "15: policy db: is never asked for ingress, because policy first decides on everything before it; give it "
            "a lower order, or remove it"
        ],
    ),
    "one half of what two have to allow": (
        LAST_RULE,
        LAST_RULE
        + "  - {name: web, selector: app == 'web', egress: [{action: allow, protocol: tcp, "
        + "destination: {selector: app == 'db', ports: [22]}}]}\n",
        [
            "23: policy web: egress[0]: lets web1 reach db1 by tcp/22, which does not take it (policy db); allow it "
            "there as well, or remove it here"
        ],
    ),
    "both halves": (
        LAST_RULE,
        LAST_RULE
        + "  - {name: web, selector: app == 'web', egress: [{action: allow, protocol: tcp, "
        + "destination: {selector: app == 'db', ports: [5432]}}]}\n",
        [],
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_is_seldom_meant_is_warned_of(name: str) -> None:
    old, new, expected = WARNINGS[name]
    assert old in POLICIES
    assert warnings(POLICIES.replace(old, new, 1)) == [f"lab.fabric.yml:{text}" for text in expected]
