# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`workloads`: the network namespaces that are attached to nodes."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from ...policy.model import ProtocolPort
from ...policy.reading import named_port, port_name
from ...values import scalars
from ...values.workload import DEFAULT_INTERFACE_NAME, WORKLOAD_OPTIONS, WorkloadOption, host_device
from ..file.document import Path
from ..file.report import Report
from ..file.section import Section, nearest_remedy, show
from . import pools
from .nodes import read_labels
from .part import ByNode, Draft, Part, Variables, as_one_value
from .tunnels import workload_mtu

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric


def _as_in_the_module(option: WorkloadOption) -> t.Callable[[Section, str], t.Any]:
    def parse(text: str) -> t.Any:
        value = option.read(text)
        problem = option.problem(value) if option.problem else None
        if problem:
            raise scalars.BadValue(*problem)
        return value

    return lambda section, key: section.text(key, parse)


# What a workload's node is told as it stands; a value of None is not told.
OPTIONS: t.Mapping[str, t.Callable[[Section, str], t.Any]] = {
    "interface_name": lambda section, key: section.text(key, scalars.interface_name) or DEFAULT_INTERFACE_NAME,
    **{option.name: _as_in_the_module(option) for option in WORKLOAD_OPTIONS if option.problem is not None},
}
WORKLOAD_KEYS = ("node", "address", "netns", "labels", "ports", "was", *OPTIONS)


@dataclass(frozen=True)
class DeclaredWorkload:
    """A network namespace that is attached to a node.

    netns: name or absolute path of its namespace.
    address: None to have one allocated.
    labels: free words to select workloads by.
    ports: those that have a name, for policies.
    was: the name by which it was known before; None for the one that it has.
    options: what its node is told as it stands.
    """

    name: str
    node: str
    netns: str
    address: t.Optional[IPv4Address] = None
    labels: t.Mapping[str, str] = field(default_factory=dict)
    ports: t.Mapping[str, ProtocolPort] = field(default_factory=dict)
    was: t.Optional[str] = None
    options: t.Mapping[str, t.Any] = field(default_factory=dict)


def _read(draft: Draft) -> Fabric:
    workloads = sorted(_workloads(draft.file), key=lambda workload: workload.name)
    return replace(draft.fabric, workloads=tuple(workloads))


def _workloads(file: Section) -> t.Iterator[DeclaredWorkload]:
    if file.value("workloads") is None:
        return
    workloads = file.section("workloads", "workloads")
    for name, item in workloads.items():
        workloads.check_name("workload", name, item, scalars.name)
        workload = _workload(name, workloads.entry(name, item, show(name), WORKLOAD_KEYS))
        if workload is not None:
            yield workload


def _workload(name: str, section: Section) -> t.Optional[DeclaredWorkload]:
    if section.is_mapping and "node" not in section:
        section.missing("node", "name the node that it runs on")
    node = section.text("node", str)
    address = section.text("address", scalars.address)
    netns = _netns(section)
    labels = read_labels(section)
    ports = _ports(section)
    was = section.text("was", scalars.name)
    options = {key: read(section, key) for key, read in OPTIONS.items()}
    if node is None:
        return None
    return DeclaredWorkload(name, node, netns or name, address, labels, ports, was, options)


def _ports(section: Section) -> t.Dict[str, ProtocolPort]:
    ports = section.section("ports", f"{section.title}: ports")
    found = {}
    for name, item in ports.items():
        ports.check_name("port", name, item, port_name)
        port = ports.parse_text(name, item, named_port)
        if port is not None:
            found[name] = port
    return found


def _netns(section: Section) -> t.Optional[str]:
    value = section.value("netns")
    if isinstance(value, int) and not isinstance(value, bool):
        return section.number("netns", scalars.pid)
    return section.text("netns", scalars.netns)


def _check(draft: Draft, report: Report) -> None:
    nodes = {node.name: node for node in draft.fabric.nodes}
    knows_all_pools = pools.are_all_read(draft)
    addresses = []
    namespaces = []
    devices = []
    names = {workload.name for workload in draft.fabric.workloads}
    for workload in draft.fabric.workloads:
        node = nodes.get(workload.node)
        if workload.node not in draft.node_names:
            problem = f"{workload.name}: node {show(workload.node)} is not a node of this file"
            report.fault(_of(workload, "node"), problem, nearest_remedy(workload.node, draft.node_names))
        if node is not None and node.is_dedicated:
            problem = f"{workload.name}: node {node.name} has no blocks{report.seen(('nodes', node.name, 'blocks'))}"
            remedy = "put the workload on another node, or remove 'blocks' there to have one allocated"
            report.fault(_of(workload, "node"), problem, remedy)
        namespaces.append((_of(workload, "netns"), f"{workload.netns} on {workload.node}", workload.name))
        if workload.was in names:
            at = report.seen(("workloads", str(workload.was)))
            problem = f"{workload.name}: was {workload.was}, which is a workload of this file{at}"
            report.fault(_of(workload, "was"), problem, "remove 'was', or that workload")
        devices.append((_of(workload), f"{host_device(workload.name)} on {workload.node}", workload.name))
        if workload.address is None:
            continue
        addresses.append((_of(workload, "address"), str(workload.address), workload.name))
        # Outside of its node's blocks it is a single address, which the node announces as a /32.
        if knows_all_pools and draft.fabric.pool_of(workload.address) is None:
            cidrs = " and ".join(str(pool.cidr) for pool in draft.fabric.pools)
            problem = f"{workload.name}: address {workload.address} is outside of every pool"
            report.fault(_of(workload, "address"), problem, f"use an address of a pool ({cidrs})")
    was = [(_of(one, "was"), one.was, one.name) for one in draft.fabric.workloads if one.was is not None]
    report.unique("former name", was, "remove one of them")
    report.unique("address", addresses)
    report.unique("netns", namespaces)
    report.unique("host interface", devices, "rename one of them: it is made from the name")


def _of(workload: DeclaredWorkload, *keys: str) -> Path:
    return ("workloads", workload.name, *keys)


def _with_addresses(checked: CheckedFabric) -> t.Iterator[t.Tuple[DeclaredWorkload, str]]:
    by_workload = {workload: str(address) for address, workload in checked.allocations.addresses.items()}
    return ((workload, by_workload[workload.name]) for workload in checked.fabric.workloads)


def _by_node(checked: CheckedFabric) -> ByNode:
    found: t.Dict[str, t.List[Variables]] = {node.name: [] for node in checked.fabric.nodes}
    mtu = workload_mtu(checked.fabric)
    for workload, address in _with_addresses(checked):
        own = {"name": workload.name, "address": address, "netns": workload.netns, "mtu": mtu or None}
        own["source_spoofing"] = checked.fabric.workload_source_spoofing
        own.update({key: value for key, value in workload.options.items() if value is not None})
        found[workload.node].append({key: value for key, value in own.items() if value is not None})
    return {node: {"node_workloads": workloads} for node, workloads in found.items()}


def _of_all(checked: CheckedFabric) -> Variables:
    destinations = (
        {"name": workload.name, "node": workload.node, "address": address}
        for workload, address in _with_addresses(checked)
    )
    return {"verify_destinations": as_one_value(destinations)}


PART = Part(
    keys=("workloads",),
    read=_read,
    check=_check,
    by_node=_by_node,
    of_all=_of_all,
    variables=("node_workloads",),
    large=("verify_destinations",),
    is_allocated=True,
)
