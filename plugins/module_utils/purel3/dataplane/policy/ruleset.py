# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From policies to the table of nftables that enforces them on a node.

An interface leads by one look-up to the chain of its group: all workloads with the same policies in the same order.
That asks one chain for each tier, which again leads by one look-up, of protocol and port, to the rules that can fit.
What may leave a workload is asked at once whether it may reach another on this node, so no mark is needed.
"""

from __future__ import annotations

import typing as t

from ...kernel.nf_tables import Chain, Element, Set, TableContent, TableRule, key_of
from ...policy.model import EGRESS, INGRESS, Endpoint, Rulebook
from ...policy.verdict import selecting
from ...state.kinds.expressions import (
    ACCEPT,
    COUNT,
    DROP,
    REJECT,
    Expressions,
    field,
    follow,
    goto,
    is_different,
    is_equal,
    is_in_state,
    jump,
    meta,
)
from ...state.kinds.ownership import WORKLOAD_GROUP
from ...state.kinds.table import MARK, Table, table_of
from .draft import TableDraft
from .names import ALLOWED, digest
from .tier import TierChain, chain_of_tier, rules_of_tier

FAMILY = "ip"
TABLE = "purel3_policy"
TO_HOST = "cali-wl-to-host"
UNKNOWN = "of an unknown interface"
INVALID = "of no connection"

_DISPATCHES = {
    EGRESS: Set("cali-from-wl-dispatch", ("ifname",), MARK, is_map=True),
    INGRESS: Set("cali-to-wl-dispatch", ("ifname",), MARK, is_map=True),
}
_ENDS = {EGRESS: ("iifname", "iifgroup", "cali-fw-"), INGRESS: ("oifname", "oifgroup", "cali-tw-")}
# As iptables of others, so that none of ours is asked before what conntrack and NAT have found out.
_PRIORITY = 0
_ECHO_REQUEST = 8


class LocalEndpoint(t.NamedTuple):
    """A workload of this node, and the host's end of its veth."""

    endpoint: Endpoint
    interface: str


def ruleset(
    book: Rulebook,
    endpoints: t.Sequence[Endpoint],
    local: t.Sequence[LocalEndpoint],
    *,
    reaches_host: bool = True,
    is_rejecting: bool = False,
) -> Table:
    """Make the table of a node.

    endpoints: all workloads of the fabric, for what selectors select.
    local: those of this node.
    reaches_host: whether they may send to the node itself more than ping.
    is_rejecting: whether who is denied is told.
    """
    draft = TableDraft(endpoints, (COUNT, REJECT if is_rejecting else DROP))
    for hook, chain in (("input", "cali-INPUT"), ("forward", "cali-FORWARD")):
        draft.chains.append(Chain(chain, hook, _PRIORITY, "filter"))
    for direction, dispatch in _DISPATCHES.items():
        draft.add_set(dispatch)
        for one in local:
            chain = _group(draft, book, direction, one.endpoint)
            draft.elements[dispatch.name].add(Element(key_of(dispatch.types, one.interface), chain=chain))
    draft.rules += _base_rules()
    for chain, rules in ((ALLOWED, _allowed()), (TO_HOST, _to_host(reaches_host=reaches_host))):
        draft.chains.append(Chain(chain))
        draft.rules += (TableRule(chain, steps, comment) for steps, comment in rules)
    elements = {name: frozenset(members) for name, members in draft.elements.items()}
    content = TableContent(tuple(draft.sets.values()), tuple(draft.chains), tuple(draft.rules), elements)
    return table_of(FAMILY, TABLE, content)


def describe_policies(content: t.Optional[TableContent]) -> t.Dict[str, t.Any]:
    """What the module policy_info returns, given what stands in the table."""
    packets: t.Dict[str, int] = {}
    for rule, number in zip(content.rules, content.packets) if content else ():
        if rule.comment:
            packets[rule.comment] = packets.get(rule.comment, 0) + number
    workloads = content.elements.get(_DISPATCHES[EGRESS].name, ()) if content else ()
    return {"is_enforced": content is not None, "workloads": len(workloads), "packets": packets}


def _base_rules() -> t.Iterator[TableRule]:
    of_workloads = {direction: is_equal(meta(ends[1]), WORKLOAD_GROUP) for direction, ends in _ENDS.items()}
    known, invalid = (*is_in_state("established", "related"), ACCEPT), is_in_state("invalid")
    from_workloads = (*follow(_DISPATCHES[EGRESS].name, meta("iifname")),)
    drop_from, drop_to = ((*of_workloads[direction], COUNT, DROP) for direction in (EGRESS, INGRESS))
    yield TableRule("cali-FORWARD", known)
    yield TableRule("cali-FORWARD", (*invalid, *drop_from), INVALID)
    yield TableRule("cali-FORWARD", (*invalid, *drop_to), INVALID)
    yield TableRule("cali-FORWARD", from_workloads)
    yield TableRule("cali-FORWARD", drop_from, UNKNOWN)
    yield TableRule("cali-FORWARD", follow(_DISPATCHES[INGRESS].name, meta("oifname")))
    yield TableRule("cali-FORWARD", drop_to, UNKNOWN)
    yield TableRule("cali-INPUT", known)
    yield TableRule("cali-INPUT", (*is_different(meta("iifgroup"), WORKLOAD_GROUP), ACCEPT))
    yield TableRule("cali-INPUT", (*invalid, COUNT, DROP), INVALID)
    yield TableRule("cali-INPUT", from_workloads)
    yield TableRule("cali-INPUT", (COUNT, DROP), UNKNOWN)


def _allowed() -> t.Iterator[t.Tuple[Expressions, str]]:
    """Of what may leave its workload: whether it may reach another here, or the node; it may leave the node."""
    yield follow(_DISPATCHES[INGRESS].name, meta("oifname")), ""
    yield (*is_equal(meta("oifgroup"), WORKLOAD_GROUP), COUNT, DROP), UNKNOWN
    yield (*is_different(meta("oif"), 0), ACCEPT), ""
    yield (goto(TO_HOST),), ""


def _to_host(*, reaches_host: bool) -> t.Iterator[t.Tuple[Expressions, str]]:
    yield (*is_equal(field("icmp", "type"), _ECHO_REQUEST), ACCEPT), ""
    yield (ACCEPT,) if reaches_host else (COUNT, DROP), "from workloads to the host"


def _group(draft: TableDraft, book: Rulebook, direction: str, endpoint: Endpoint) -> str:
    """The chain of all workloads with the same policies in a direction."""
    chosen: t.List[TierChain] = []
    for tier in book.tiers:
        enforced, tried = (
            tuple(selecting(tier, direction, endpoint, with_staged=with_staged)) for with_staged in (False, True)
        )
        if tried != enforced:
            chosen.append(TierChain(direction, tier, tried, is_trial=True))
        if enforced:
            chosen.append(TierChain(direction, tier, enforced))
    names = [chain_of_tier(one) for one in chosen]
    group = _ENDS[direction][2] + digest(*names)
    if draft.opens(group):
        for one, name in zip(chosen, names):
            if draft.opens(name):
                draft.rules += rules_of_tier(draft, one, name)
            draft.rules.append(TableRule(group, (jump(name),)))
        if book.is_allowed_by_default:
            draft.rules.append(TableRule(group, (goto(ALLOWED) if direction == EGRESS else ACCEPT,)))
        else:
            draft.rules.append(TableRule(group, draft.denial, "by default"))
    return group
