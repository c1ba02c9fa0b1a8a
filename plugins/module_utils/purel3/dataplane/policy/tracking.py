# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that makes the kernel know the connections that are under way, before the first policies are enforced."""

from __future__ import annotations

from ...kernel.nf_tables import Chain, Set, TableContent, TableRule
from ...state.kinds.expressions import ACCEPT, is_in_state
from ...state.kinds.table import MARK, Table, table_of

FAMILY = "ip"
NAME = "purel3_tracking"


def tracking() -> Table:
    """Make a table that decides nothing: whoever asks for the state of connections has them tracked."""
    chain = Chain("cali-tracking", "forward", 0, "filter")
    rule = TableRule(chain.name, (*is_in_state("established"), ACCEPT))
    mark = Set("tracked", ("ipv4_addr",), MARK)
    return table_of(FAMILY, NAME, TableContent((mark,), (chain,), (rule,), {mark.name: frozenset()}))
