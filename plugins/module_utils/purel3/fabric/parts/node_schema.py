# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric file's nodes: their keys, and the types of these."""

from __future__ import annotations

import re
import typing as t
from ipaddress import IPv4Address, IPv4Network

from ...values import bgp, scalars
from ..file.document import plain
from ..file.section import Section, show
from .intent import Interface, Node

NODE_KEYS = (
    "address",
    "interface",
    "as_number",
    "router_id",
    "blocks",
    "route_reflector_cluster_id",
    "interfaces",
    "labels",
    "vars",
)
COMPUTED_VARIABLES = (
    "bird_address",
    "bird_as_number",
    "bird_blocks",
    "bird_encapsulation",
    "bird_kernel_metric",
    "bird_owners",
    "bird_password",
    "bird_passwords",
    "bird_peers",
    "bird_reflected",
    "bird_route_reflector_cluster_id",
    "bird_router_id",
    "bird_subnets",
    "bird_transit",
    "fabric_allocation_store",
    "fabric_blocks",
    "fabric_file",
    "fabric_labels",
    "fabric_topology",
    "lab_backend",
    "lab_machines",
    "lab_name",
    "lab_networks",
    "lab_node",
    "lab_nodes",
    "lab_routers",
    "lab_ssh_port",
    "lab_workload_count",
    "node_tunnel",
    "node_tunnel_endpoints",
    "node_tunnel_module",
    "node_workloads",
    "verify_destinations",
)


# From a node's address to its AS number.
AsNumbers = t.Callable[[IPv4Address], int]

# These stand for values that were refused, so that the rest of the file can be checked as well.
REFUSED_NUMBER = 64512
_REFUSED_INTERFACE = "eth0"

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_nodes(file: Section, default_as_number: t.Optional[AsNumbers]) -> t.Iterator[Node]:
    """The nodes.

    Args:
        file: the whole file.
        default_as_number: of nodes that have none of their own; None where all must have one.

    Returns:
        Those that could be read.
    """
    if "nodes" not in file:
        file.missing("nodes", "give at least one, by its name")
    nodes = file.section("nodes", "nodes")
    if nodes.is_mapping and not nodes.items():
        nodes.fault(nodes.line, "no node is given", "give at least one, by its name")
    for name, item in nodes.items():
        nodes.check_name("node", name, item, scalars.node_name)
        node = _node(name, nodes.entry(name, item, show(name), NODE_KEYS), default_as_number)
        if node is not None:
            yield node


def _node(name: str, section: Section, default_as_number: t.Optional[AsNumbers]) -> t.Optional[Node]:
    if not section.is_mapping:
        return None
    if "address" not in section:
        section.missing("address", "write the host's own, with its prefix length, such as 192.168.50.10/24")
    if "interface" not in section:
        section.missing("interface", "name the interface that carries the address, such as ens33")
    if "as_number" not in section and default_as_number is None:
        section.missing("as_number", "give this node one, or write one at the top of the file for all nodes")
    address = section.text("address", scalars.interface_address)
    router_id = section.text("router_id", scalars.router_id)
    blocks = tuple(_blocks(section))
    interface = section.text("interface", scalars.interface_name)
    as_number = section.number("as_number", scalars.as_number)
    cluster_id = section.text("route_reflector_cluster_id", bgp.cluster_id)
    interfaces = tuple(sorted(_interfaces(section), key=lambda interface: interface.name))
    labels = read_labels(section)
    variables = _variables(section)
    if address is None:
        return None
    return Node(
        name=name,
        address=address,
        interface=interface or _REFUSED_INTERFACE,
        as_number=as_number or (default_as_number(address.ip) if default_as_number else REFUSED_NUMBER),
        router_id=router_id or address.ip,
        blocks=blocks,
        is_dedicated=section.value("blocks") == [],
        cluster_id=cluster_id,
        interfaces=interfaces,
        labels=labels,
        variables=variables,
    )


def _interfaces(section: Section) -> t.Iterator[Interface]:
    interfaces = section.section("interfaces", f"{section.title}: interfaces")
    for name, item in interfaces.items():
        interfaces.check_name("interface", name, item, scalars.interface_name)
        entry = interfaces.entry(name, item, f"{interfaces.title}: {show(name)}", ("address",))
        if entry.is_mapping and "address" not in entry:
            entry.missing("address", "write it with its prefix length, such as 10.0.13.1/24")
        address = entry.text("address", scalars.interface_address)
        if address is not None:
            yield Interface(name, address)


def _blocks(section: Section) -> t.Iterator[IPv4Network]:
    seen: t.Dict[IPv4Network, int] = {}
    for index, entry in enumerate(section.sequence("blocks")):
        block = section.parse_text(f"blocks[{index}]", entry, scalars.network)
        if block is not None and block in seen:
            section.fault(entry.line, f"block {block} is listed twice (first on line {seen[block]})", "list it once")
        elif block is not None:
            seen[block] = entry.line
            section.note(str(block), entry.line)
            yield block


def read_labels(section: Section) -> t.Mapping[str, str]:
    """The labels of a node or workload.

    Args:
        section: the object.

    Returns:
        Its labels; an unusable value is empty.
    """
    labels = section.section("labels", f"{section.title}: labels")
    found: t.Dict[str, str] = {}
    for key, item in labels.items():
        labels.check_name("key", key, item, scalars.label)
        found[key] = labels.parse_text(key, item, scalars.label) or ""
    return found


def _variables(section: Section) -> t.Mapping[str, t.Any]:
    variables = section.section("vars", f"{section.title}: vars")
    for key, item in variables.items():
        if not _VARIABLE.fullmatch(key):
            variables.fault(item.line, f"{show(key)} is not a variable's name", "use letters, digits and '_'")
        elif key in COMPUTED_VARIABLES:
            variables.fault(item.line, f"{key} is computed from this file", "remove it here; host_vars can override it")
    return {key: plain(item) for key, item in variables.items()}
