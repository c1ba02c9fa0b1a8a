# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From policies as users write them to policies as data, with all faults in one report.

What is not given follows as in Calico: the order (last, then by name), and the types (ingress where there are no rules
for egress, egress where there are).
"""

from __future__ import annotations

import math
import typing as t
from ipaddress import IPv4Network

from ..values import scalars
from ..values.checker import Checker
from ..values.names import nearest
from ..values.scalars import BadValue
from ..values.selector import Selector, parse
from .form import DEFAULT_TIER
from .model import (
    ACTIONS,
    DENY,
    DIRECTIONS,
    EGRESS,
    ICMP,
    INGRESS,
    PASS,
    PROTOCOLS,
    WITH_PORTS,
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

_LARGEST_PORT = 65535
_NETWORK = "a network"
_EVERYTHING = IPv4Network("0.0.0.0/0")
_PORT_NAME_REMEDY = "use lower-case letters, digits and '-', with a letter in it"

Options = t.Mapping[str, t.Any]
Networks = t.Tuple[IPv4Network, ...]


def endpoints_from(checker: Checker, items: Options) -> t.Tuple[Endpoint, ...]:
    """Read all workloads of the fabric, by name: address, labels and ports of each."""
    found: t.List[Endpoint] = []
    addresses: t.Dict[t.Any, str] = {}
    for key, item in items.items():
        where = f"endpoints.{key}"
        name = checker.parse_text(where, key, scalars.name)
        if not isinstance(item, t.Mapping) or "address" not in item:
            checker.complain(where, item, "has no address", "give one such as {address: 10.244.166.128}")
            continue
        checker.keys(where, item, ("address", "labels", "ports"))
        address = checker.parse_text(f"{where}.address", item["address"], scalars.address)
        labels, ports = (_mapping(checker, f"{where}.{key}", item.get(key)) for key in ("labels", "ports"))
        if name is None or address is None:
            continue
        if address in addresses:
            problem = f"is also workload {addresses[address]}'s"
            checker.complain(f"{where}.address", str(address), problem, "give each its own")
            continue
        addresses[address] = name
        texts = {str(label): str(value) for label, value in labels.items()}
        found.append(Endpoint(name, address, texts, _named_ports(checker, f"{where}.ports", ports)))
    return tuple(found)


def _mapping(checker: Checker, where: str, value: t.Any) -> Options:
    if value is None or isinstance(value, t.Mapping):
        return value or {}
    checker.complain(where, value, "is no mapping", "write keys and values below it")
    return {}


def _named_ports(checker: Checker, where: str, items: Options) -> t.Dict[str, ProtocolPort]:
    ports = {}
    for name, value in items.items():
        at = f"{where}.{name}"
        if checker.parse_text(at, name, port_name) is not None:
            port = checker.parse_text(at, value, named_port)
            if port is not None:
                ports[name] = port
    return ports


def port_name(text: str) -> str:
    """The name of a workload's port."""
    plain = text.replace("-", "")
    if not (plain.isascii() and plain.isalnum() and plain == plain.lower()) or plain.isdecimal():
        raise BadValue("is not a usable name of a port", _PORT_NAME_REMEDY)
    return text


def named_port(text: str) -> ProtocolPort:
    """A port of a workload, such as tcp/80."""
    protocol, slash, number = text.partition("/")
    if not slash or protocol not in PROTOCOLS or PROTOCOLS[protocol] not in WITH_PORTS or not number.isdecimal():
        raise BadValue("is not a port", "write its protocol and number, such as tcp/80")
    return ProtocolPort(PROTOCOLS[protocol], _port(int(number)))


def _port(number: int) -> int:
    if not 1 <= number <= _LARGEST_PORT:
        raise BadValue("is not the number of a port", f"use 1 to {_LARGEST_PORT}")
    return number


def rulebook_from(checker: Checker, options: Options, endpoints: t.Sequence[Endpoint]) -> Rulebook:
    """Read tiers and policies, in the order in which they are asked; one that is empty is passed over."""
    reader = _Reader(checker, endpoints, options.get("network_sets") or {})
    policies: t.Dict[str, t.List[t.Tuple[float, str, Policy]]] = {DEFAULT_TIER: []}
    tiers: t.List[t.Tuple[float, str, bool]] = []
    for index, item in enumerate(options.get("tiers") or ()):
        if not item:
            continue
        where = f"tiers[{index}]"
        name = checker.parse_text(f"{where}.name", item["name"], scalars.word)
        if name is None:
            continue
        if any(name == known for _order, known, _passing in tiers):
            checker.complain(f"{where}.name", name, "is given twice", "give it once")
            continue
        policies.setdefault(name, [])
        tiers.append((_order(item), name, (item.get("default_action") or DENY) == PASS))
    if not any(name == DEFAULT_TIER for _order, name, _passing in tiers):
        tiers.append((math.inf, DEFAULT_TIER, False))
    names: t.Set[str] = set()
    for index, item in enumerate(options.get("policies") or ()):
        if not item:
            continue
        where = f"policies[{index}]"
        policy = reader.policy(where, item)
        tier = item.get("tier") or DEFAULT_TIER
        if tier not in policies:
            where = f"policy {policy.name}: tier" if policy else f"{where}.tier"
            checker.complain(where, tier, "is no tier", remedy_for(tier, policies, "add it to 'tiers'"))
        elif policy is not None and policy.name in names:
            checker.complain(f"{where}.name", policy.name, "is given twice", "give each policy its own")
        elif policy is not None:
            names.add(policy.name)
            policies[tier].append((_order(item), policy.name, policy))
    ordered = {name: sorted(found, key=lambda one: one[:2]) for name, found in policies.items()}
    return Rulebook(
        tuple(
            Tier(name, tuple(policy for _order, _name, policy in ordered[name]), is_passing)
            for _order, name, is_passing in sorted(tiers)
        ),
        (options.get("default") or "allow") == "allow",
    )


def _order(item: Options) -> float:
    return math.inf if item.get("order") is None else float(item["order"])


def remedy_for(word: str, known: t.Iterable[str], otherwise: str) -> str:
    """What to do about a word that is not known: take the nearest, or otherwise."""
    near = nearest(word, known)
    return f"did you mean {near}?" if near else otherwise


class _Reader:
    def __init__(self, checker: Checker, endpoints: t.Sequence[Endpoint], network_sets: Options) -> None:
        self.checker = checker
        self.labels = {key for one in endpoints for key in one.labels}
        self.port_names = {name for one in endpoints for name in one.ports}
        self.network_sets = {
            name: checker.networks(f"network_sets.{name}.nets", (item or {}).get("nets", ()), _NETWORK)
            for name, item in network_sets.items()
        }

    def policy(self, where: str, item: Options) -> t.Optional[Policy]:
        name = self.checker.parse_text(f"{where}.name", item["name"], scalars.word)
        where = f"policy {name}" if name else where
        selector = self.selector(f"{where}: selector", item.get("selector") or "all()")
        rules = {
            direction: tuple(
                rule
                for index, one in enumerate(item.get(direction) or ())
                for rule in [self.rule(f"{where}: {direction}[{index}]", one)]
                if rule is not None
            )
            for direction in DIRECTIONS
        }
        if name is None or selector is None:
            return None
        types = item.get("types") or [
            *([INGRESS] if item.get(INGRESS) or not item.get(EGRESS) else []),
            *([EGRESS] if item.get(EGRESS) else []),
        ]
        for direction in DIRECTIONS:
            if rules[direction] and direction not in types:
                remedy = f"add {direction} to its types, or remove them"
                self.checker.complain(f"{where}: types", types, f"leaves out its rules for {direction}", remedy)
        return Policy(name, selector, frozenset(types), rules[INGRESS], rules[EGRESS], bool(item.get("staged")))

    def selector(self, where: str, text: str) -> t.Optional[Selector]:
        found = self.checker.parse_text(where, text, parse)
        for key in sorted(found.keys if found else ()):
            if key not in self.labels:
                problem = f"speaks of the label {key}, which no workload has"
                self.checker.complain(where, text, problem, remedy_for(key, self.labels, "give a workload this label"))
        return found

    def rule(self, where: str, item: Options) -> t.Optional[PolicyRule]:
        action = self.checker.choice(f"{where}.action", item.get("action"), ACTIONS)
        protocol = self.protocol(f"{where}.protocol", item.get("protocol"))
        not_protocol = self.protocol(f"{where}.not_protocol", item.get("not_protocol"))
        icmp = item.get("icmp") or {}
        icmp_type, icmp_code = (self.octet(f"{where}.icmp.{key}", icmp.get(key)) for key in ("type", "code"))
        if icmp_code is not None and icmp_type is None:
            self.checker.complain(f"{where}.icmp.code", icmp_code, "stands without a type", "add the type")
        if icmp and protocol != ICMP:
            given = "none" if item.get("protocol") is None else item["protocol"]
            self.checker.complain(f"{where}.protocol", given, "does not go with icmp", "write protocol: icmp")
        source, destination = (
            self.side(f"{where}.{end}", item.get(end) or {}, protocol) for end in ("source", "destination")
        )
        return PolicyRule(action, protocol, not_protocol, icmp_type, icmp_code, source, destination)

    def protocol(self, where: str, value: t.Any) -> t.Optional[int]:
        if value is None:
            return None
        if str(value) in PROTOCOLS:
            return PROTOCOLS[str(value)]
        if str(value).isdecimal() and 1 <= int(value) <= 255:
            return int(value)
        remedy = f"use one of {', '.join(PROTOCOLS)}, or a number from 1 to 255"
        self.checker.complain(where, value, "is not a protocol", remedy)
        return None

    def octet(self, where: str, value: t.Any) -> t.Optional[int]:
        if value is None:
            return None
        if not isinstance(value, int) or not 0 <= value <= 255:
            self.checker.complain(where, value, "is out of range", "use 0 to 255")
            return None
        return value

    def side(self, where: str, item: Options, protocol: t.Optional[int]) -> Side:
        selector, not_selector = (
            self.selector(f"{where}.{key}", item[key]) if item.get(key) is not None else None
            for key in ("selector", "not_selector")
        )
        nets = self.checker.networks(f"{where}.nets", item["nets"], _NETWORK) if item.get("nets") is not None else None
        not_nets = self.checker.networks(f"{where}.not_nets", item.get("not_nets") or (), _NETWORK)
        if _EVERYTHING in not_nets:
            remedy = "remove it, or the rule"
            self.checker.complain(
                f"{where}.not_nets", str(_EVERYTHING), "leaves nobody to whom the rule applies", remedy
            )
        name = item.get("network_set")
        if name is not None and name not in self.network_sets:
            remedy = remedy_for(name, self.network_sets, "add it to 'network_sets'")
            self.checker.complain(f"{where}.network_set", name, "is no network set", remedy)
        elif name is not None:
            nets = self.network_sets[name] if nets is None else _in_both(nets, self.network_sets[name])
        ports, not_ports = (
            self.ports(f"{where}.{key}", item[key], protocol) if item.get(key) is not None else None
            for key in ("ports", "not_ports")
        )
        return Side(selector, not_selector, nets, not_nets, ports, not_ports)

    def ports(self, where: str, items: t.Sequence[t.Any], protocol: t.Optional[int]) -> Ports:
        if protocol not in WITH_PORTS:
            remedy = "add protocol: tcp, udp, sctp or udplite to the rule"
            self.checker.complain(where, items, "are ports without a protocol that has them", remedy)
        ranges, names = [], []
        for index, item in enumerate(items):
            at, text = f"{where}[{index}]", str(item)
            first, colon, last = text.partition(":")
            if first.isdecimal() and (last.isdecimal() or not colon):
                one = self.checker.parse_text(at, text, _range)
                ranges += [one] if one is not None else []
            elif text in self.port_names:
                names.append(text)
            else:
                remedy = remedy_for(text, self.port_names, "give a number, or a range such as 8000:8999")
                self.checker.complain(at, item, "is the name of no workload's port", remedy)
        return Ports(tuple(ranges), tuple(names))


def _range(text: str) -> PortRange:
    first, colon, last = text.partition(":")
    found = PortRange(_port(int(first)), _port(int(last if colon else first)))
    if found.first > found.last:
        raise BadValue("goes down", f"write {found.last}:{found.first}")
    return found


def _in_both(some: Networks, others: Networks) -> Networks:
    return tuple(one if one.subnet_of(other) else other for one in some for other in others if one.overlaps(other))
