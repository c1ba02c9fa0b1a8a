# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`kernel_metric` and `ecmp_paths`: how BIRD's routes stand in the kernel, and how that forwards by them."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...values import bgp, scalars
from .part import ByNode, Draft, Part, Variables
from .session_checks import effective
from .topology import peering_nodes

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric
    from .nodes import Node


def _read(draft: Draft) -> Fabric:
    return replace(
        draft.fabric,
        ecmp_paths=draft.file.number("ecmp_paths", bgp.ecmp_paths),
        kernel_metric=draft.file.number("kernel_metric", scalars.kernel_metric) or 0,
    )


def _by_node(checked: CheckedFabric) -> ByNode:
    fabric = checked.fabric
    routers = [
        peer for peer in fabric.peers if peer.peer_node is None and effective(fabric, peer.options, "aggregates")
    ]
    told = {node.name for peer in routers for node in peering_nodes(fabric, peer)}
    found: t.Dict[str, Variables] = {}
    for node in fabric.nodes:
        found[node.name] = {"bird_kernel_metric": fabric.kernel_metric}
        settings = {} if (fabric.ecmp_paths or 1) == 1 else {"net.ipv4.fib_multipath_hash_policy": 1}
        if node.name in told:
            settings.update(_without_redirects(node))
        if settings:
            found[node.name]["node_forwarding_sysctls"] = settings
    return found


def _without_redirects(node: Node) -> t.Dict[str, int]:
    # Whom a node has told of an aggregate sends it what is for another's block: that is no mistake of the router's, and
    # what it would be told is true only until the block moves. The kernel asks for both settings, and wants both off.
    interfaces = ("all", node.interface, *(interface.name for interface in node.interfaces))
    return {f"net/ipv4/conf/{name}/send_redirects": 0 for name in interfaces}


def _of_nodes(checked: CheckedFabric) -> Variables:
    paths = checked.fabric.ecmp_paths
    return {} if paths is None else {"bird_ecmp_paths": paths}


PART = Part(
    keys=("kernel_metric", "ecmp_paths"),
    read=_read,
    by_node=_by_node,
    of_nodes=_of_nodes,
    variables=("bird_kernel_metric", "node_forwarding_sysctls"),
)
