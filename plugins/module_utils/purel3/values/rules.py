# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a peer's import and export filters: read, and checked against what a route can be there."""

from __future__ import annotations

import dataclasses
import typing as t

from .filters import BLOCKS, PEERS, STATIC, Rule, RuleFault, parse_rules, unreachable_on_import

Found = t.Tuple[t.Tuple[Rule, ...], t.Tuple[RuleFault, ...]]


def read_import_rules(value: t.Any) -> Found:
    """Read rules for what a peer announces; after the last one, a route is rejected."""
    rules, faults = parse_rules(value)
    index = None if faults else unreachable_on_import(rules)
    if index is not None:
        problem = f"source {rules[index].source} can never match what a peer sends"
        faults = (RuleFault((index,), problem, "use peers, or none"),)
    return tuple(dataclasses.replace(rule, source=None) for rule in rules), faults


def read_export_rules(value: t.Any, *, is_external: bool) -> Found:
    """Read rules for what is announced to a peer, as parse_rules does; after the last one, a route is rejected.

    is_external: whether the peer is a router outside the fabric, to which only blocks go unless a rule says more.
    """
    read, faults = parse_rules(value)
    if faults:
        return (), faults
    rules = tuple(
        dataclasses.replace(rule, source=BLOCKS) if is_external and rule.source is None else rule for rule in read
    )
    return rules, tuple(_faults(rules, is_external=is_external))


def _faults(rules: t.Sequence[Rule], *, is_external: bool) -> t.Iterator[RuleFault]:
    for index, rule in enumerate(rules):
        if rule.source == STATIC and not is_external:
            problem = "source static can never match, because a node announces blocks only to another"
            yield RuleFault((index, "match"), problem, "remove the rule, or use the filter for routers only")
        if rule.source == BLOCKS and (rule.community or rule.as_path):
            problem = "a block of the node itself has neither community nor AS path, so that this can never match"
            yield RuleFault((index, "match"), problem, f"use source: {PEERS}")
        if rule.preference is not None:
            remedy = "use prepend or communities on the way out"
            yield RuleFault((index, "set", "preference"), "peers never see it", remedy)
