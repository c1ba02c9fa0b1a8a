# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a peer's import and export filters: read, and checked against what a route can be there."""

from __future__ import annotations

import dataclasses
import typing as t

from .checker import Checker
from .filters import BLOCKS, PEERS, Rule, parse_rules, unreachable_on_import


def _read(check: Checker, where: str, value: t.Any) -> t.Optional[t.Tuple[Rule, ...]]:
    rules, faults = parse_rules(value)
    for fault in faults:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault.path)
        check.faults.append(f"{where}{place}: {fault.problem}; {fault.remedy}")
    return None if faults else rules


def read_import_rules(check: Checker, where: str, value: t.Any) -> t.Tuple[Rule, ...]:
    """Make rules for what a peer announces.

    Args:
        check: collects the faults.
        where: the variable, for example bird_peers[0].import_filter.
        value: a list of mappings with match, action and set.

    Returns:
        The rules in their order; after the last one, a route is rejected.
    """
    rules = _read(check, where, value) or ()
    index = unreachable_on_import(rules)
    if index is not None:
        source = rules[index].source
        check.faults.append(f"{where}[{index}]: source {source} can never match what a peer sends; use peers, or none")
    return tuple(dataclasses.replace(rule, source=None) for rule in rules)


def read_export_rules(check: Checker, where: str, value: t.Any, *, is_external: bool) -> t.Tuple[Rule, ...]:
    """Make rules for what is announced to a peer.

    Args:
        check: collects the faults.
        where: the variable, for example bird_peers[0].export_filter.
        value: a list of mappings with match, action and set.
        is_external: whether the peer is a router outside the fabric, to which only blocks go unless a rule says more.

    Returns:
        The rules in their order; after the last one, a route is rejected.
    """
    read = _read(check, where, value) or ()
    rules = tuple(
        dataclasses.replace(rule, source=BLOCKS) if is_external and rule.source is None else rule for rule in read
    )
    for index, rule in enumerate(rules):
        if rule.source == BLOCKS and (rule.community or rule.as_path):
            check.faults.append(
                f"{where}[{index}].match: a block of the node itself has neither community nor AS path, "
                f"so that this can never match; use source: {PEERS}"
            )
        if rule.preference is not None:
            check.faults.append(
                f"{where}[{index}].set.preference: peers never see it; use prepend or communities on the way out"
            )
    return rules
