# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the policies of a tier to the rules of its chain, those that can fit a protocol and port apart."""

from __future__ import annotations

import typing as t

from ...kernel.nf_tables import Element, Expression, Set, TableRule, key_of
from ...policy.model import (
    DENY,
    EGRESS,
    INGRESS,
    LOG,
    PASS,
    Policy,
    PolicyRule,
    PortRange,
    Ports,
    ProtocolPort,
    Side,
    Tier,
)
from ...state.kinds.expressions import (
    ACCEPT,
    COUNT,
    RETURN,
    Expressions,
    PacketField,
    field,
    follow,
    goto,
    is_between,
    is_different,
    is_equal,
    is_in_network,
    is_inside,
    is_outside,
    log,
    meta,
)
from .draft import TableDraft
from .names import ALLOWED, digest

# Ranges of more ports are asked for one by one.
_FEW_PORTS = 16
_WAYS = ("inet_proto", "inet_service")
_PREFIXES = {INGRESS: "cali-pi-", EGRESS: "cali-po-"}
_TRIAL_PREFIXES = {INGRESS: "cali-si-", EGRESS: "cali-so-"}


class TierChain(t.NamedTuple):
    """The policies of a tier that some workloads have in a direction.

    is_trial: decides nothing, and counts what those among them would do that are staged.
    """

    direction: str
    tier: Tier
    policies: t.Tuple[Policy, ...]
    is_trial: bool = False


class _Line(t.NamedTuple):
    """A rule of a policy, what becomes of a packet that it fits, and what nft shows beside it."""

    rule: PolicyRule
    done: Expressions
    comment: str


def chain_of_tier(one: TierChain) -> str:
    """Name the chain."""
    names = (policy.name for policy in one.policies)
    return (_TRIAL_PREFIXES if one.is_trial else _PREFIXES)[one.direction] + digest(one.tier.name, *names)


def rules_of_tier(draft: TableDraft, one: TierChain, chain: str) -> t.List[TableRule]:
    """Make the rules of the chain and of those to which it leads."""
    lines = list(_lines(draft, one))
    last = _last(draft, one)
    rules: t.List[TableRule] = []
    ways = Set(f"w-{chain}", _WAYS, is_map=True)
    variants: t.Dict[t.Tuple[int, ...], str] = {}
    for way in sorted({port for line in lines for port in _few_ports(draft, line.rule)}):
        fitting = tuple(number for number, line in enumerate(lines) if _can_fit(draft, line.rule, way))
        if fitting not in variants or _asks_names(lines, fitting):
            name = variants[fitting] = f"{chain}-{way.protocol}-{way.number}"
            draft.opens(name)
            rules += (
                TableRule(name, (*matches, *lines[number].done), lines[number].comment)
                for number in fitting
                for matches in _matches_on_way(draft, lines[number].rule, way)
            )
            rules.append(last._replace(chain=name))
        draft.add_set(ways)
        key = key_of(_WAYS, str(way.protocol), str(way.number))
        draft.elements[ways.name].add(Element(key, chain=variants[fitting]))
    if variants:
        rules.append(TableRule(chain, follow(ways.name, meta("l4proto"), field("th", "dport"))))
    rules += (
        TableRule(chain, (*matches, *line.done), line.comment)
        for line in lines
        for matches in _matches(draft, line.rule)
    )
    return [*rules, last._replace(chain=chain)]


def _lines(draft: TableDraft, one: TierChain) -> t.Iterator[_Line]:
    for policy in one.policies:
        for number, rule in enumerate(policy.rules(one.direction)):
            comment = f"{policy.name} {one.direction} {number}"
            if not one.is_trial:
                yield _Line(rule, _done(draft, one.direction, rule, comment), comment)
            elif rule.action != LOG:
                comment = f"staged {comment} {rule.action}" if policy.is_staged else ""
                yield _Line(rule, (COUNT, RETURN) if policy.is_staged else (RETURN,), comment)


def _last(draft: TableDraft, one: TierChain) -> TableRule:
    """What becomes of a packet that no rule fits; that a trial would drop what is dropped anyway is not counted."""
    name = f"{one.policies[-1].name} {one.direction} end of tier {one.tier.name}"
    if one.tier.is_passing or (one.is_trial and not all(policy.is_staged for policy in one.policies)):
        return TableRule("", (RETURN,))
    if one.is_trial:
        return TableRule("", (COUNT, RETURN), f"staged {name} deny")
    return TableRule("", draft.denial, name)


def _done(draft: TableDraft, direction: str, rule: PolicyRule, comment: str) -> Expressions:
    """What becomes of a packet that a rule fits."""
    if rule.action == LOG:
        return log(f"{comment}: ")
    if rule.action == DENY:
        return draft.denial
    if rule.action == PASS:
        return COUNT, RETURN
    return COUNT, goto(ALLOWED) if direction == EGRESS else ACCEPT


def _is_few(one: PortRange) -> bool:
    return one.last - one.first < _FEW_PORTS


def _few_ports(draft: TableDraft, rule: PolicyRule) -> t.Iterator[ProtocolPort]:
    """The ports that a rule asks for one by one."""
    ports = rule.destination.ports
    if ports is None or rule.protocol is None:
        return
    for one in filter(_is_few, ports.ranges):
        yield from (ProtocolPort(rule.protocol, number) for number in range(one.first, one.last + 1))
    for _name, port in draft.ports_named(ports.names):
        if port.protocol == rule.protocol:
            yield port


def _can_fit(draft: TableDraft, rule: PolicyRule, way: ProtocolPort) -> bool:
    if rule.icmp_type is not None or rule.protocol not in (None, way.protocol) or rule.not_protocol == way.protocol:
        return False
    ports, not_ports = rule.destination.ports, rule.destination.not_ports
    if not_ports is not None and _has(not_ports.ranges, way.number):
        return False
    if ports is None or _has(ports.ranges, way.number):
        return True
    return any(port == way for _name, port in draft.ports_named(ports.names))


def _has(ranges: t.Iterable[PortRange], number: int) -> bool:
    return any(first <= number <= last for first, last in ranges)


def _asks_names(lines: t.Sequence[_Line], fitting: t.Iterable[int]) -> bool:
    """Whether rules of some ports ask who has them, so that those of another port are others."""
    return any(
        ports is not None and ports.names
        for number in fitting
        for ports in (lines[number].rule.destination.ports, lines[number].rule.destination.not_ports)
    )


def _matches_on_way(draft: TableDraft, rule: PolicyRule, way: ProtocolPort) -> t.Iterator[Expressions]:
    """What a rule asks of packets whose protocol and destination port are known."""
    ports, not_ports = rule.destination.ports, rule.destination.not_ports
    owners = field("ip", "daddr")
    others: Expressions = ()
    for name in not_ports.names if not_ports else ():
        others += is_outside(draft.named(name, way), owners)
    if ports is None or _has(ports.ranges, way.number):
        alternatives: t.List[Expressions] = [()]
    else:
        alternatives = [is_inside(draft.named(name, way), owners) for name in ports.names]
    for alternative in alternatives:
        for sources in _source_ports(draft, rule):
            yield (*_ends(draft, rule), *others, *sources, *alternative)


def _matches(draft: TableDraft, rule: PolicyRule) -> t.Iterator[Expressions]:
    """What a rule asks of packets whose protocol and port no rule has asked for by themselves."""
    ports, not_ports = rule.destination.ports, rule.destination.not_ports
    many = None if ports is None else [one for one in ports.ranges if not _is_few(one)]
    if many == []:
        return
    steps: Expressions = ()
    if rule.protocol is not None:
        steps += is_equal(meta("l4proto"), rule.protocol)
    if rule.not_protocol is not None:
        steps += is_different(meta("l4proto"), rule.not_protocol)
    for name, value in (("type", rule.icmp_type), ("code", rule.icmp_code)):
        if value is not None:
            steps += is_equal(field("icmp", name), value)
    if many:
        steps += _in_ranges(draft, field("th", "dport"), many)
    if not_ports is not None and not_ports.ranges:
        steps += is_outside(draft.ports(not_ports.ranges), field("th", "dport"))
    if not_ports is not None:
        steps += _not_named(draft, not_ports, "daddr", "dport")
    for sources in _source_ports(draft, rule):
        yield (*steps, *_ends(draft, rule), *sources)


def _source_ports(draft: TableDraft, rule: PolicyRule) -> t.List[Expressions]:
    """What a rule asks of the source port: one of these."""
    ports, not_ports = rule.source.ports, rule.source.not_ports
    others: Expressions = ()
    if not_ports is not None:
        if not_ports.ranges:
            others += is_outside(draft.ports(not_ports.ranges), field("th", "sport"))
        others += _not_named(draft, not_ports, "saddr", "sport")
    if ports is None:
        return [others]
    found = [_in_ranges(draft, field("th", "sport"), ports.ranges)] if ports.ranges else []
    for name, port in draft.ports_named(ports.names):
        if port.protocol == rule.protocol:
            owners = is_inside(draft.named(name, port), field("ip", "saddr"))
            found.append((*is_equal(field("th", "sport"), port.number), *owners))
    return [(*others, *one) for one in found]


def _not_named(draft: TableDraft, ports: Ports, address: str, port_field: str) -> Expressions:
    if not ports.names:
        return ()
    return is_outside(draft.owners(ports.names), meta("l4proto"), field("ip", address), field("th", port_field))


def _in_ranges(draft: TableDraft, asked: PacketField, ranges: t.Sequence[PortRange]) -> Expressions:
    if len(ranges) > 1:
        return is_inside(draft.ports(ranges), asked)
    ((first, last),) = ranges
    return is_equal(asked, first) if first == last else is_between(asked, first, last)


def _ends(draft: TableDraft, rule: PolicyRule) -> Expressions:
    """What a rule asks of the addresses of both ends."""
    ends = ((rule.source, field("ip", "saddr")), (rule.destination, field("ip", "daddr")))
    return tuple(step for side, address in ends for step in _of_side(draft, side, address))


def _of_side(draft: TableDraft, side: Side, address: PacketField) -> t.Iterator[Expression]:
    if side.selector is not None:
        yield from is_inside(draft.selected(side.selector), address)
    if side.not_selector is not None:
        yield from is_outside(draft.selected(side.not_selector), address)
    for nets, is_inverted in ((side.nets, False), (side.not_nets, True)):
        if nets is not None and len(nets) == 1:
            (net,) = nets
            yield from is_in_network(address, int(net.network_address), net.prefixlen, is_inverted=is_inverted)
        elif nets or (nets is not None and not is_inverted):
            yield from (is_outside if is_inverted else is_inside)(draft.networks(nets), address)
