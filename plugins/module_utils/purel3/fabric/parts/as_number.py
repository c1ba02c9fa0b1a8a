# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`as_number`: the autonomous system of nodes that have none of their own."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from ipaddress import IPv4Address

from ...values import bgp, scalars
from ..file.document import Path
from ..file.report import Report
from ..file.section import Section
from .part import Draft, Part

if t.TYPE_CHECKING:
    from .fabric import Fabric
    from .nodes import Node

# From a node's address to its AS number.
AsNumbers = t.Callable[[IPv4Address], int]
# Calico's.
DEFAULT_AS_NUMBER = 64512
# It stands for a number that was refused, so that the rest of the file can be checked as well.
REFUSED_NUMBER = 64512


def default_as_number(file: Section) -> t.Optional[AsNumbers]:
    """The number of nodes that have none of their own; None where all must have one."""
    item = file.get("as_number")
    if item is not None and isinstance(item.value, str) and not item.value.isdigit():
        return _rule(file)
    number = file.number("as_number", scalars.as_number)
    nodes = file.mapping("nodes").values()
    if "as_number" not in file and any(
        isinstance(node.value, t.Mapping) and "as_number" in node.value for node in nodes
    ):
        return None
    if "as_number" not in file:
        return lambda address: DEFAULT_AS_NUMBER
    return lambda address: number or REFUSED_NUMBER


def as_number_at(report: Report, node: Node) -> Path:
    """Where a node's AS number stands: its own, or that of all nodes."""
    own = ("nodes", node.name, "as_number")
    return own if report.places.holds(own) else ("as_number",)


def _rule(file: Section) -> AsNumbers:
    base = file.text("as_number", bgp.as_number_rule)

    def apply(address: IPv4Address) -> int:
        if base is None:
            return REFUSED_NUMBER
        number = base + address.packed[-1]
        try:
            return scalars.as_number(number)
        except scalars.BadValue as bad:
            file.fault(
                file.line_of("as_number"),
                f"as_number {base} + last_octet of {address}, {number}, {bad.problem}",
                bad.remedy,
            )
            return REFUSED_NUMBER

    return apply


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, has_as_number_rule=isinstance(draft.file.value("as_number"), str))


def _check(draft: Draft, report: Report) -> None:
    nodes = draft.fabric.nodes
    if len({node.as_number for node in nodes}) == 1:
        return
    first: t.Dict[int, str] = {}
    for node in nodes:
        other = first.setdefault(node.as_number, node.name)
        if draft.fabric.has_as_number_rule and other != node.name and as_number_at(report, node) == ("as_number",):
            problem = f"{node.name}: as_number {node.as_number} is also {other}'s by the rule of as_number"
            report.warn(("nodes", node.name), problem, "give it an as_number of its own if that is not meant")


PART = Part(keys=("as_number",), read=_read, check=_check)
