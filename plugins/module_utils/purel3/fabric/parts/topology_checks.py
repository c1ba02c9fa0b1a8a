# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of a topology: reflectors that exist and agree, and a mesh that is not too large."""

from __future__ import annotations

import typing as t

from ...values.bgp import MOST_REFLECTORS
from ..file.document import Path
from ..file.report import Report
from ..file.section import nearest_remedy, show
from .intent import FULL_MESH, ROUTE_REFLECTOR, Fabric, Node
from .schema import Draft

LARGEST_MESH = 100


def check(draft: Draft, report: Report) -> None:
    """Find what cannot be true of the sessions between nodes, and what is not wise.

    Args:
        draft: what the file declares, as far as it could be read.
        report: knows the lines, takes the faults and warnings.
    """
    _topology(draft, report)
    if draft.fabric.topology == ROUTE_REFLECTOR:
        _as_numbers_of_reflection(draft.fabric, report)
    _cluster_ids(draft.fabric, report)
    _rule(draft.fabric, report)


def as_number_at(report: Report, node: Node) -> Path:
    """Where a node's AS number stands.

    Args:
        report: knows the lines.
        node: the node.

    Returns:
        The path of its own, or of that of all nodes.
    """
    own = ("nodes", node.name, "as_number")
    return own if report.places.holds(own) else ("as_number",)


def _topology(draft: Draft, report: Report) -> None:
    fabric = draft.fabric
    reflectors = fabric.route_reflectors
    if fabric.topology == ROUTE_REFLECTOR and not reflectors:
        remedy = f"list 2 to {MOST_REFLECTORS} nodes in route_reflectors"
        report.fault(("topology",), "topology route_reflector has no route_reflectors", remedy)
    if fabric.topology != ROUTE_REFLECTOR and reflectors:
        problem = f"route_reflectors does not go with topology {fabric.topology}"
        report.fault(("route_reflectors",), problem, "remove it, or set topology: route_reflector")
    if len(reflectors) > MOST_REFLECTORS:
        problem = f"route_reflectors has {len(reflectors)} nodes, and each has a session with every node"
        report.fault(("route_reflectors",), problem, f"use 2 to {MOST_REFLECTORS}")
    if fabric.topology == ROUTE_REFLECTOR and len(reflectors) == 1:
        problem = f"{reflectors[0]} is the only route reflector: while it is away, no node learns of any change"
        report.warn(("route_reflectors",), problem, "add a second one")
    for name in reflectors:
        if name not in draft.node_names:
            problem = f"route_reflectors: {show(name)} is not a node of this file"
            report.fault((f"route_reflectors {name}",), problem, nearest_remedy(name, draft.node_names))
    count = len(fabric.nodes)
    if fabric.topology == FULL_MESH and count > LARGEST_MESH:
        problem = (
            f"topology full_mesh gives {count} nodes {count * (count - 1) // 2} sessions, {count - 1} on each; "
            "their number grows with the square of the nodes'"
        )
        report.warn(("topology",), problem, "above 100 nodes use topology: route_reflector")


def _as_numbers_of_reflection(fabric: Fabric, report: Report) -> None:
    first = next((node for node in fabric.nodes if node.name in fabric.route_reflectors), None)
    if fabric.has_as_number_rule and len(fabric.nodes) > 1:
        problem = "as_number gives each node one of its own, and routes are reflected within one only"
        report.fault(("as_number",), problem, "write one number for all nodes, or use topology: full_mesh")
        return
    for node in fabric.nodes:
        if first is not None and node.as_number != first.as_number:
            problem = (
                f"{node.name}: as_number {node.as_number} is not {first.name}'s {first.as_number}"
                f"{report.seen(as_number_at(report, first))}, and routes are reflected within one only"
            )
            report.fault(
                as_number_at(report, node), problem, "give all nodes one as_number, or use topology: full_mesh"
            )


def _cluster_ids(fabric: Fabric, report: Report) -> None:
    uses: t.List[t.Tuple[Path, str, str]] = []
    for node in fabric.nodes:
        path: Path = ("nodes", node.name, "route_reflector_cluster_id")
        if node.name in fabric.route_reflectors:
            uses.append((path, str(node.cluster_id or node.router_id), node.name))
        elif node.cluster_id is not None:
            problem = f"{node.name}: route_reflector_cluster_id {node.cluster_id} is for route reflectors only"
            report.fault(path, problem, "remove it, or list the node in route_reflectors")
    if not fabric.allows_shared_cluster_id:
        first: t.Dict[str, t.Tuple[Path, str]] = {}
        for path, value, name in sorted(uses, key=lambda use: (report.places.line(*use[0]), use[2])):
            if value in first:
                other_path, other = first[value]
                problem = f"{name}: route_reflector_cluster_id {value} is also {other}'s{report.seen(other_path)}"
                problem += ", and reflectors of one cluster drop what they have from each other"
                report.fault(path, problem, "give each its own, or set allow_shared_cluster_id: true")
            first.setdefault(value, (path, name))


def _rule(fabric: Fabric, report: Report) -> None:
    if len({node.as_number for node in fabric.nodes}) == 1:
        return
    first: t.Dict[int, str] = {}
    for node in fabric.nodes:
        other = first.setdefault(node.as_number, node.name)
        if fabric.has_as_number_rule and other != node.name and as_number_at(report, node) == ("as_number",):
            problem = f"{node.name}: as_number {node.as_number} is also {other}'s by the rule of as_number"
            report.warn(("nodes", node.name), problem, "give it an as_number of its own if that is not meant")
