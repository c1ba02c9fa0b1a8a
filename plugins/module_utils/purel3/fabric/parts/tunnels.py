# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The encapsulated part of what every node should be: its tunnel, and which routes lead into it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...values.modes import IPIP
from ..file.report import Report
from . import pools
from .encapsulation import check, modes_of, read_mtu, tunnel_mtu, tunnelled_nodes
from .nodes import addresses_of, sources_of
from .part import Draft, Part, Variables

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric
    from .nodes import Node


def workload_mtu(fabric: Fabric) -> int:
    """How large the packets of workloads may be, in bytes; 0 leaves it to the kernel."""
    return tunnel_mtu(fabric) if fabric.encapsulated_pools else fabric.mtu or 0


def tunnel_variables(checked: CheckedFabric) -> t.Dict[str, Variables]:
    """Each node's tunnel, and what its BIRD leads into it; by node, of those that have a tunnel."""
    fabric, modes = checked.fabric, modes_of(checked.fabric)
    addresses = {node: str(address) for address, node in checked.allocations.tunnels.items()}
    pools = [{"prefix": str(pool.cidr), "mode": pool.encapsulation.name} for pool in fabric.pools if pool.encapsulation]
    needs_subnets = any(mode.is_across_subnets_only for mode in modes)
    # What the role takes for granted is not said.
    names = {"device": modes[0].device} if modes and modes[0].device != IPIP.device else {}
    module = {"node_tunnel_module": modes[0].module} if names else {}
    return {
        node.name: {
            "node_tunnel": {"address": addresses[node.name], "mtu": tunnel_mtu(fabric), **names},
            **module,
            "bird_encapsulation": pools,
            **({"bird_subnets": _subnets(node)} if needs_subnets else {}),
        }
        for node in tunnelled_nodes(fabric)
    }


def endpoint_variables(fabric: Fabric) -> Variables:
    """Where packets in tunnels come from: variables of the group fabric; none where there is no tunnel."""
    if not tunnelled_nodes(fabric):
        return {}
    addresses = sorted(address.ip for node in fabric.nodes for address in sources_of(node))
    # One text, which an option takes as a list: Ansible looks through each item of a list on each host.
    return {"node_tunnel_endpoints": ",".join(str(address) for address in addresses)}


def _subnets(node: Node) -> t.List[str]:
    return [str(network) for network in sorted({address.network for address in addresses_of(node)})]


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, mtu=read_mtu(draft.file))


def _check(draft: Draft, report: Report) -> None:
    check(draft.fabric, report, knows_all_pools=pools.are_all_read(draft))


PART = Part(
    keys=("mtu",),
    read=_read,
    check=_check,
    by_node=tunnel_variables,
    of_nodes=lambda checked: endpoint_variables(checked.fabric),
    variables=("bird_encapsulation", "bird_subnets", "node_tunnel", "node_tunnel_module"),
    large=("node_tunnel_endpoints",),
)
