# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of nftables that guards tunnels.

What is for this host passes the hook `input` before any tunnel opens it; what others send each other through this host
is none of our business. A workload could give its packets the address of a node, or have it given to them on their way
out; so none of theirs passes, wherever it is for. Nothing here asks for connection tracking.
"""

from __future__ import annotations

import typing as t

from ...kernel.nf_tables import Chain, Element, Expression, Set, TableContent, TableRule, key_of, packets_by_comment
from ...state.kinds import expressions
from ...state.kinds.ownership import WORKLOAD_GROUP
from ...state.kinds.table import MARK, Table, elements_of, table_of
from ...values.modes import Match

FAMILY = "ip"
TABLE = "purel3_tunnel"
FROM_WORKLOADS = "from workloads"
FROM_OTHERS = "from others than nodes"

_SET = Set("endpoints", ("ipv4_addr",), MARK)
# Before connection tracking (-200), where there is one.
_PRIORITY = -300


def _chain(hook: str) -> Chain:
    return Chain(hook, hook, _PRIORITY, "filter")


def _rule(match: Match, chain: str, counts: str, matches: t.Sequence[Expression]) -> TableRule:
    """Drop encapsulated packets of which something holds, and count them."""
    is_encapsulated = expressions.is_equal(expressions.field(match.header, match.field), match.value)
    return TableRule(chain, (*is_encapsulated, *matches, expressions.COUNT, expressions.DROP), counts)


def guard(endpoints: t.Iterable[str], match: Match) -> Table:
    """Make the guard that lets packets of these hosts (IPv4 addresses) alone out of the tunnels of a mode."""
    from_workloads = expressions.is_equal(expressions.meta("iifgroup"), WORKLOAD_GROUP)
    from_others = expressions.is_outside(_SET.name, expressions.field("ip", "saddr"))
    content = TableContent(
        (_SET,),
        (_chain("prerouting"), _chain("input")),
        (
            _rule(match, "prerouting", FROM_WORKLOADS, from_workloads),
            _rule(match, "input", FROM_OTHERS, from_others),
        ),
        {_SET.name: frozenset(Element(key_of(_SET.types, endpoint)) for endpoint in endpoints)},
    )
    return table_of(FAMILY, TABLE, content)


def endpoints_of(table: Table) -> t.Tuple[str, ...]:
    """The hosts whose packets a guard lets out of tunnels."""
    return elements_of(table).get(_SET.name, ())


def dropped(content: t.Optional[TableContent]) -> t.Dict[str, int]:
    """How many packets the guard has dropped, by FROM_WORKLOADS and FROM_OTHERS, given what stands in its table."""
    packets = packets_by_comment(content)
    return {source: packets.get(source, 0) for source in (FROM_WORKLOADS, FROM_OTHERS)}
