# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the first packet of a connection, and which rule decides it: the meaning of policy, in one place."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address

from .model import (
    ALLOW,
    EGRESS,
    INGRESS,
    LOG,
    PASS,
    Endpoint,
    Policy,
    PolicyRule,
    Ports,
    Rulebook,
    Side,
    Tier,
)


class Sender(t.NamedTuple):
    """One end of a connection; `endpoint` is None for whoever is no workload."""

    address: IPv4Address
    endpoint: t.Optional[Endpoint] = None


class Attempt(t.NamedTuple):
    """The first packet of a connection.

    ports: of its source and its destination, for a protocol that has them.
    icmp: type and code, for ICMP.
    """

    source: Sender
    destination: Sender
    protocol: int
    ports: t.Tuple[int, int] = (0, 0)
    icmp: t.Tuple[int, int] = (0, 0)


class Decision(t.NamedTuple):
    """What decides about an attempt in one direction.

    tier, policy, rule: what it is by; rule is the number from 0, None for the end of the tier. All are None where the
    default of the fabric decides.
    """

    is_allowed: bool
    direction: str
    tier: t.Optional[Tier] = None
    policy: t.Optional[Policy] = None
    rule: t.Optional[int] = None


def decide(book: Rulebook, attempt: Attempt) -> t.List[Decision]:
    """Decide on an attempt: first where it leaves a workload, and if that allows it, where it reaches one.

    Empty where neither end is a workload. It is allowed if each decision allows it.
    """
    decisions = []
    for direction, end in ((EGRESS, attempt.source), (INGRESS, attempt.destination)):
        if end.endpoint is not None:
            decisions.append(decide_for(book, attempt, direction, end.endpoint))
            if not decisions[-1].is_allowed:
                break
    return decisions


def is_allowed(book: Rulebook, attempt: Attempt) -> bool:
    """Whether an attempt succeeds."""
    return all(decision.is_allowed for decision in decide(book, attempt))


def decide_for(book: Rulebook, attempt: Attempt, direction: str, endpoint: Endpoint) -> Decision:
    """Decide on what leaves, or reaches, one workload."""
    for tier in book.tiers:
        decision = _decide_in_tier(tier, selecting(tier, direction, endpoint), attempt, direction)
        if decision is not None:
            return decision
    return Decision(book.is_allowed_by_default, direction)


def selecting(tier: Tier, direction: str, endpoint: Endpoint, *, with_staged: bool = False) -> t.List[Policy]:
    """The policies of a tier that are enforced on a workload in a direction, or would be."""
    return [
        policy
        for policy in tier.policies
        if direction in policy.types
        and (with_staged or not policy.is_staged)
        and policy.selector.matches(endpoint.labels)
    ]


def _decide_in_tier(tier: Tier, policies: t.Sequence[Policy], attempt: Attempt, direction: str) -> t.Optional[Decision]:
    """None for going on to the next tier."""
    for policy in policies:
        for number, rule in enumerate(policy.rules(direction)):
            if rule.action == LOG or not fits(rule, attempt):
                continue
            return None if rule.action == PASS else Decision(rule.action == ALLOW, direction, tier, policy, number)
    return Decision(False, direction, tier, policies[-1]) if policies and not tier.is_passing else None


def fits(rule: PolicyRule, attempt: Attempt) -> bool:
    """Whether a rule is about an attempt."""
    if rule.protocol is not None and attempt.protocol != rule.protocol:
        return False
    if rule.not_protocol is not None and attempt.protocol == rule.not_protocol:
        return False
    if rule.icmp_type is not None and attempt.icmp[0] != rule.icmp_type:
        return False
    if rule.icmp_code is not None and attempt.icmp[1] != rule.icmp_code:
        return False
    sides = zip((rule.source, rule.destination), (attempt.source, attempt.destination), attempt.ports)
    return all(_fits_side(side, end, attempt.protocol, port) for side, end, port in sides)


def _fits_side(side: Side, end: Sender, protocol: int, port: int) -> bool:
    labels = None if end.endpoint is None else end.endpoint.labels
    if side.selector is not None and (labels is None or not side.selector.matches(labels)):
        return False
    if side.not_selector is not None and labels is not None and side.not_selector.matches(labels):
        return False
    if side.nets is not None and not any(end.address in net for net in side.nets):
        return False
    if any(end.address in net for net in side.not_nets):
        return False
    if side.ports is not None and not _fits_ports(side.ports, end, protocol, port):
        return False
    return side.not_ports is None or not _fits_ports(side.not_ports, end, protocol, port)


def _fits_ports(ports: Ports, end: Sender, protocol: int, port: int) -> bool:
    if any(first <= port <= last for first, last in ports.ranges):
        return True
    known = {} if end.endpoint is None else end.endpoint.ports
    return any(known.get(name) == (protocol, port) for name in ports.names)
