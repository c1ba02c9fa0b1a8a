# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an attempt succeeds or does not: each stage with what decides it, and what decides for other ports."""

from __future__ import annotations

import typing as t
from ipaddress import AddressValueError, IPv4Address

from ..values.names import nearest
from ..values.scalars import BadValue
from .model import (
    EGRESS,
    ICMP,
    INGRESS,
    PROTOCOL_NAMES,
    PROTOCOLS,
    WITH_PORTS,
    Endpoint,
    PortRange,
    Rulebook,
)
from .verdict import Attempt, Decision, Sender, decide, selecting
from .words import put_in_words

_SOURCE_PORT = 40000
_ECHO_REQUEST = 8
_FIRST_PORT, _LAST_PORT = 1, 65535


class Stage(t.NamedTuple):
    """What is asked in one direction.

    asked: for each tier that has any, the names of the policies that select the workload, in their order.
    """

    decision: Decision
    workload: str
    asked: t.Tuple[t.Tuple[str, t.Tuple[str, ...]], ...]


class Explanation(t.NamedTuple):
    """Why an attempt succeeds or does not.

    stages: those that are asked; none where neither end is a workload.
    others: for ranges of ports that are decided alike, whether they are allowed, and by what; in order.
    """

    attempt: Attempt
    stages: t.Tuple[Stage, ...]
    others: t.Tuple[t.Tuple[PortRange, bool, str], ...]

    @property
    def is_allowed(self) -> bool:
        """Whether it succeeds."""
        return all(stage.decision.is_allowed for stage in self.stages)


def end_from(text: str, endpoints: t.Sequence[Endpoint]) -> Sender:
    """Read one end: the name of a workload, or any address; raises BadValue."""
    known = {one.name: one for one in endpoints}
    if text in known:
        return Sender(known[text].address, known[text])
    try:
        address = IPv4Address(text)
    except AddressValueError:
        near = nearest(text, known)
        raise BadValue(
            "is neither a workload nor an address", f"did you mean {near}?" if near else "name one of the two"
        ) from None
    return Sender(address, next((one for one in endpoints if one.address == address), None))


def way_from(text: str) -> t.Tuple[int, int]:
    """Read a protocol and port, such as tcp/80, or a protocol without ports, such as icmp; raises BadValue."""
    name, _slash, port = text.partition("/")
    remedy = "write one such as tcp/80, udp/53 or icmp"
    if name not in PROTOCOLS:
        raise BadValue("is no protocol and port", remedy)
    if PROTOCOLS[name] not in WITH_PORTS:
        if port:
            raise BadValue("has a port, which this protocol has not", f"write {name}")
        return PROTOCOLS[name], 0
    if not port.isdecimal() or not _FIRST_PORT <= int(port) <= _LAST_PORT:
        raise BadValue("is no protocol and port", remedy)
    return PROTOCOLS[name], int(port)


def explain(book: Rulebook, source: Sender, destination: Sender, protocol: int, port: int) -> Explanation:
    """Explain the first packet of a connection."""
    attempt = _attempt(source, destination, protocol, port)
    ends = {EGRESS: source.endpoint, INGRESS: destination.endpoint}
    stages = tuple(
        Stage(decision, endpoint.name, _asked(book, decision.direction, endpoint))
        for decision in decide(book, attempt)
        for endpoint in [ends[decision.direction]]
        if endpoint is not None
    )
    return Explanation(attempt, stages, tuple(_others(book, attempt)) if protocol in WITH_PORTS else ())


def _attempt(source: Sender, destination: Sender, protocol: int, port: int) -> Attempt:
    icmp = (_ECHO_REQUEST, 0) if protocol == ICMP else (0, 0)
    return Attempt(source, destination, protocol, (_SOURCE_PORT, port), icmp)


def _asked(book: Rulebook, direction: str, endpoint: Endpoint) -> t.Tuple[t.Tuple[str, t.Tuple[str, ...]], ...]:
    chosen = ((tier.name, selecting(tier, direction, endpoint)) for tier in book.tiers)
    return tuple((name, tuple(policy.name for policy in policies)) for name, policies in chosen if policies)


def _others(book: Rulebook, attempt: Attempt) -> t.Iterator[t.Tuple[PortRange, bool, str]]:
    """Decide on one port of each range within which no rule begins or ends."""
    starts = sorted({_FIRST_PORT, *(port for port in _bounds(book, attempt) if _FIRST_PORT <= port <= _LAST_PORT)})
    last: t.Optional[t.Tuple[PortRange, bool, str]] = None
    for first, following in zip(starts, [*starts[1:], _LAST_PORT + 1]):
        decisions = decide(book, _attempt(attempt.source, attempt.destination, attempt.protocol, first))
        is_allowed = all(decision.is_allowed for decision in decisions)
        by = put_in_words(decisions[-1]) if decisions else "no policy, since neither end is a workload"
        if last is not None and last[1:] == (is_allowed, by):
            last = (PortRange(last[0].first, following - 1), is_allowed, by)
            continue
        if last is not None:
            yield last
        last = (PortRange(first, following - 1), is_allowed, by)
    if last is not None:
        yield last


def _bounds(book: Rulebook, attempt: Attempt) -> t.Iterator[int]:
    known = attempt.destination.endpoint.ports if attempt.destination.endpoint else {}
    for tier in book.tiers:
        for policy in tier.policies:
            for rule in (*policy.ingress, *policy.egress):
                for ports in filter(None, (rule.destination.ports, rule.destination.not_ports)):
                    ranges = [
                        *ports.ranges,
                        *(PortRange(known[name].number, known[name].number) for name in ports.names if name in known),
                    ]
                    for first, last in ranges:
                        yield from (first, last + 1)


def lines_of(explanation: Explanation) -> t.List[str]:
    """Put an explanation in lines, for people."""
    attempt = explanation.attempt
    protocol = PROTOCOL_NAMES[attempt.protocol]
    way = f"{protocol}/{attempt.ports[1]}" if attempt.protocol in WITH_PORTS else protocol
    lines = [f"{_end(attempt.source)} -> {_end(attempt.destination)}  {way}"]
    for stage in explanation.stages:
        decision = stage.decision
        asked = "; ".join(f"tier {name}: {', '.join(policies)}" for name, policies in stage.asked)
        verdict = "allowed" if decision.is_allowed else "denied"
        lines.append(f"{decision.direction} of {stage.workload}: {verdict} by {put_in_words(decision)}")
        lines.append(f"  asked: {asked or 'no policy selects it'}")
    if not explanation.stages:
        lines.append("neither end is a workload, so no policy is asked")
    lines.append("=> " + ("allowed" if explanation.is_allowed else "denied"))
    for (first, last), is_allowed, by in explanation.others if len(explanation.others) > 1 else ():
        ports = str(first) if first == last else f"{first}-{last}"
        lines.append(f"{protocol}/{ports}: {'allowed' if is_allowed else 'denied'} by {by}")
    return lines


def _end(end: Sender) -> str:
    return f"{end.endpoint.name} {end.address}" if end.endpoint else str(end.address)
