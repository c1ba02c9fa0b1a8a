# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases of tests/golden/policy/cases.json: policies for nine workloads, and what they deny."""

from __future__ import annotations

import json
import typing as t
from ipaddress import IPv4Address, IPv4Network
from itertools import product
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.policy.model import (
    PROTOCOLS,
    Endpoint,
    Policy,
    PolicyRule,
    PortRange,
    Ports,
    ProtocolPort,
    Rulebook,
    Side,
    Tier,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.policy.verdict import Attempt, Sender
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.selector import parse

_FILE = json.loads((Path(__file__).parent / "golden/policy/cases.json").read_text())
Options = t.Mapping[str, t.Any]


class PolicyCase(t.NamedTuple):
    """Policies, and what they deny: `x/a>y/b tcp/80`."""

    name: str
    book: Rulebook
    denied: t.Set[str]
    number: int


def _port(text: str) -> ProtocolPort:
    protocol, number = text.split("/")
    return ProtocolPort(PROTOCOLS[protocol], int(number))


_NAMED = {name: _port(text) for name, text in _FILE["named_ports"].items()}


def _endpoint(name: str, address: str) -> Endpoint:
    namespace, pod = name.split("/")
    return Endpoint(name, IPv4Address(address), {"ns": namespace, "pod": pod}, _NAMED)


ENDPOINTS: t.Mapping[str, Endpoint] = {name: _endpoint(name, one) for name, one in _FILE["workloads"].items()}


def _ports(given: t.Sequence[t.Union[int, str]]) -> Ports:
    ranges, names = [], []
    for one in given:
        first, colon, last = str(one).partition(":")
        if first.isdecimal():
            ranges.append(PortRange(int(first), int(last if colon else first)))
        else:
            names.append(str(one))
    return Ports(tuple(ranges), tuple(names))


def _rules(options: Options) -> t.Iterator[PolicyRule]:
    for peer, port in product(options["peers"] or [{}], options["ports"] or [{}]):
        protocol = PROTOCOLS[port["protocol"]] if "protocol" in port else None
        side = Side(
            selector=parse(peer["selector"]) if "selector" in peer else None,
            nets=tuple(map(IPv4Network, peer["nets"])) if "nets" in peer else None,
            not_nets=tuple(map(IPv4Network, peer.get("not_nets", ()))),
        )
        to = Side(ports=_ports(port["ports"])) if "ports" in port else Side()
        if options["side"] == "source":
            yield PolicyRule(options["action"], protocol, source=side, destination=to)
        else:
            yield PolicyRule(options["action"], protocol, destination=side._replace(ports=to.ports))


def _policy(options: Options) -> Policy:
    ingress, egress = (
        tuple(rule for one in options.get(direction) or () for rule in _rules(one))
        for direction in ("ingress", "egress")
    )
    return Policy(options["name"], parse(options["selector"]), frozenset(options["types"]), ingress, egress)


def _case(options: Options) -> PolicyCase:
    denied = {
        f"{source}>{destination} {port}"
        for source, groups in options["denials"].items()
        for ports, destinations in groups
        for port, destination in product(ports.split(), destinations.split())
    }
    tier = Tier("default", tuple(map(_policy, options["policies"])))
    return PolicyCase(options["name"], Rulebook((tier,)), denied, options["denied"])


CASES: t.Sequence[PolicyCase] = tuple(map(_case, _FILE["cases"]))


def attempts(endpoints: t.Mapping[str, Endpoint] = ENDPOINTS) -> t.Iterator[t.Tuple[str, Attempt]]:
    """All attempts of one workload to reach another, with the words for each."""
    for source, destination in product(endpoints.values(), repeat=2):
        for protocol, port in product(_FILE["protocols"], _FILE["ports"]):
            if source is not destination:
                ends = Sender(source.address, source), Sender(destination.address, destination)
                words = f"{source.name}>{destination.name} {protocol}/{port}"
                yield words, Attempt(*ends, PROTOCOLS[protocol], (40000, port))
