# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with policies that are written correctly: rules that can never match, and what is seldom meant."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Network

from .model import (
    ALLOW,
    DIRECTIONS,
    EGRESS,
    INGRESS,
    LOG,
    PASS,
    PROTOCOL_NAMES,
    WITH_PORTS,
    Endpoint,
    Policy,
    PolicyRule,
    Ports,
    Rulebook,
    Side,
    Tier,
)
from .verdict import Attempt, Sender, decide, selecting

_EPHEMERAL = 40000


class Advice(t.NamedTuple):
    """Where something is, what is wrong with it, and what to do.

    is_fault: it cannot have been meant.
    """

    where: str
    problem: str
    remedy: str
    is_fault: bool = False


def advise(book: Rulebook, endpoints: t.Sequence[Endpoint]) -> t.Iterator[Advice]:
    """Look at all policies; `endpoints` are all workloads, whose addresses need not be known yet."""
    kinds = _kinds(endpoints)
    for tier in book.tiers:
        for policy in tier.policies:
            yield from _shadowed(policy)
            yield from _of_selectors(policy, kinds)
            yield from _passing_from_the_last(book, tier, policy)
        yield from _after_all(tier, kinds)
    yield from _halves(book, kinds)


def _kinds(endpoints: t.Sequence[Endpoint]) -> t.List[Endpoint]:
    """One workload of each kind, by labels and ports: which it is makes no difference to a selector."""
    found: t.Dict[t.Any, Endpoint] = {}
    for one in endpoints:
        found.setdefault((frozenset(one.labels.items()), frozenset(one.ports.items())), one)
    return list(found.values())


def _rules(policy: Policy) -> t.Iterator[t.Tuple[str, PolicyRule]]:
    for direction in DIRECTIONS:
        for number, rule in enumerate(policy.rules(direction)):
            yield _where(policy, direction, number), rule


def _where(policy: Policy, direction: str, number: int) -> str:
    return f"policy {policy.name}: {direction}[{number}]"


def _shadowed(policy: Policy) -> t.Iterator[Advice]:
    for direction in DIRECTIONS:
        rules = policy.rules(direction)
        for number, rule in enumerate(rules):
            for earlier, other in enumerate(rules[:number]):
                if other.action != LOG and covers(other, rule):
                    problem = f"can never match, because {direction}[{earlier}] decides on all that it is about"
                    where = _where(policy, direction, number)
                    yield Advice(where, problem, "remove it, or put it first", is_fault=True)
                    break


def covers(one: PolicyRule, other: PolicyRule) -> bool:
    """Whether all that another rule fits is also fitted by this one, whatever the workloads are."""
    if one.protocol not in (None, other.protocol):
        return False
    is_apart = one.not_protocol is None or other.not_protocol == one.not_protocol
    if not is_apart and other.protocol in (None, one.not_protocol):
        return False
    if one.icmp_type not in (None, other.icmp_type) or one.icmp_code not in (None, other.icmp_code):
        return False
    return _covers_side(one.source, other.source) and _covers_side(one.destination, other.destination)


def _covers_side(one: Side, other: Side) -> bool:
    if one.selector is not None and (other.selector is None or one.selector.text not in ("all()", other.selector.text)):
        return False
    if one.not_selector is not None and one.not_selector != other.not_selector:
        return False
    if one.nets is not None and (other.nets is None or not all(_is_inside(net, one.nets) for net in other.nets)):
        return False
    if not all(_is_inside(net, other.not_nets) for net in one.not_nets):
        return False
    if one.ports is not None and (other.ports is None or not _covers_ports(one.ports, other.ports)):
        return False
    return one.not_ports is None or one.not_ports == other.not_ports


def _is_inside(net: IPv4Network, others: t.Iterable[IPv4Network]) -> bool:
    return any(net.subnet_of(other) for other in others)


def _covers_ports(one: Ports, other: Ports) -> bool:
    return set(other.names) <= set(one.names) and all(
        any(first <= each.first and each.last <= last for first, last in one.ranges) for each in other.ranges
    )


def _of_selectors(policy: Policy, kinds: t.Sequence[Endpoint]) -> t.Iterator[Advice]:
    selectors = [(f"policy {policy.name}: selector", policy.selector)]
    for where, rule in _rules(policy):
        for end, side in (("source", rule.source), ("destination", rule.destination)):
            for key, selector in (("selector", side.selector), ("not_selector", side.not_selector)):
                if selector is not None:
                    selectors.append((f"{where}.{end}.{key}", selector))
            if side.selector is not None and side.selector.text.lstrip().startswith("!"):
                problem = f"{side.selector.text} selects workloads only, and not the rest of the world"
                remedy = "write it as not_selector, without '!', if you mean everybody else"
                yield Advice(f"{where}.{end}.selector", problem, remedy)
    for where, selector in selectors:
        if not any(selector.matches(one.labels) for one in kinds):
            yield Advice(where, f"{selector.text} selects no workload", "correct it, or leave it for those to come")


def _passing_from_the_last(book: Rulebook, tier: Tier, policy: Policy) -> t.Iterator[Advice]:
    if tier is not book.tiers[-1]:
        return
    default = "allows" if book.is_allowed_by_default else "denies"
    for where, rule in _rules(policy):
        if rule.action == PASS:
            problem = f"passes on from the last tier, so that policy.default decides, which {default}"
            yield Advice(f"{where}.action", problem, "write allow or deny")


def _after_all(tier: Tier, kinds: t.Sequence[Endpoint]) -> t.Iterator[Advice]:
    """Policies that are never asked, since an earlier one decides on everything."""
    for direction in DIRECTIONS:
        chosen = [selecting(tier, direction, one) for one in kinds]
        for policy in tier.policies:
            before = [policies[: policies.index(policy)] for policies in chosen if policy in policies]
            deciding = [_decides_all(policies, direction) for policies in before]
            if deciding and all(deciding):
                names = ", ".join(sorted({one.name for one in deciding if one}))
                problem = f"is never asked for {direction}, because policy {names} decides on everything before it"
                yield Advice(f"policy {policy.name}", problem, "give it a lower order, or remove it")


def _decides_all(policies: t.Sequence[Policy], direction: str) -> t.Optional[Policy]:
    for policy in policies:
        for rule in policy.rules(direction):
            if rule.action != LOG and covers(rule, PolicyRule(rule.action)):
                return policy
    return None


def _halves(book: Rulebook, kinds: t.Sequence[Endpoint]) -> t.Iterator[Advice]:
    """Rules that let workloads reach others which do not take it."""
    for tier in book.tiers:
        for policy in tier.policies:
            for number, rule in enumerate(policy.egress):
                if policy.is_staged or rule.action != ALLOW or rule.destination.selector is None:
                    continue
                refused = _refused(book, kinds, policy, number)
                if refused is not None:
                    attempt, decision = refused
                    source, destination = attempt.source.endpoint, attempt.destination.endpoint
                    by = f"policy {decision.policy.name}" if decision.policy else "policy.default"
                    problem = (
                        f"lets {source.name if source else ''} reach {destination.name if destination else ''} by "
                        f"{_way(attempt)}, which does not take it ({by})"
                    )
                    yield Advice(_where(policy, EGRESS, number), problem, "allow it there as well, or remove it here")


def _refused(book: Rulebook, kinds: t.Sequence[Endpoint], policy: Policy, number: int) -> t.Optional[t.Any]:
    """The first attempt that a rule allows, where none of them is taken at the other end."""
    first = None
    for source in (one for one in kinds if policy.selector.matches(one.labels)):
        for attempt in _attempts(source, kinds, policy.egress[number]):
            decisions = decide(book, attempt)
            if (decisions[0].policy, decisions[0].rule) != (policy, number):
                continue
            if decisions[-1].is_allowed:
                return None
            if decisions[-1].direction == INGRESS:
                first = first or (attempt, decisions[-1])
    return first


def _attempts(source: Endpoint, kinds: t.Sequence[Endpoint], rule: PolicyRule) -> t.Iterator[Attempt]:
    """One attempt for each kind of workload that a rule is about, where it names a protocol and a port."""
    selector, ports = rule.destination.selector, rule.destination.ports
    if rule.protocol not in WITH_PORTS or ports is None or selector is None:
        return
    for one in kinds:
        if selector.matches(one.labels):
            named = [one.ports[name].number for name in ports.names if name in one.ports]
            for port in [*(each.first for each in ports.ranges[:1]), *named[:1]]:
                ends = Sender(source.address, source), Sender(one.address, one)
                yield Attempt(*ends, rule.protocol or 0, (_EPHEMERAL, port))


def _way(attempt: Attempt) -> str:
    return f"{PROTOCOL_NAMES[attempt.protocol]}/{attempt.ports[1]}"
