# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric file's form: which keys it has, of which types; makes the intent of a document."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from ...values import bgp, scalars
from ...values.workload import WORKLOAD_OPTIONS, Option
from ..file.document import Located
from ..file.extending import EXTENDS
from ..file.report import Report
from ..file.section import Section, describe, show
from . import bgp_schema, encapsulation
from .intent import FULL_MESH, NO_TOPOLOGY, ROUTE_REFLECTOR, Fabric, Pool, Workload
from .lab_schema import read_lab
from .node_schema import REFUSED_NUMBER, AsNumbers, read_labels, read_nodes

PLUGIN = "purel3.fabric.fabric"
CONSTRUCTED_KEYS: t.Tuple[t.Tuple[str, type, str], ...] = (
    ("compose", dict, "a mapping"),
    ("groups", dict, "a mapping"),
    ("keyed_groups", list, "a list"),
    ("leading_separator", bool, "a boolean"),
    ("strict", bool, "a boolean"),
    ("use_extra_vars", bool, "a boolean"),
)
KEYS = (
    "plugin",
    EXTENDS,
    "as_number",
    "pools",
    "nodes",
    "workloads",
    "topology",
    "route_reflectors",
    "allow_shared_cluster_id",
    "transit",
    "ecmp_paths",
    "bgp",
    "filters",
    "peers",
    "kernel_metric",
    "mtu",
    "lab",
    *(key for key, _kind, _wanted in CONSTRUCTED_KEYS),
)
POOL_KEYS = ("cidr", "block_size", "name", "encapsulation")
# Options of the module workloads that mean here what they mean there.
PLAIN_OPTIONS = tuple(option for option in WORKLOAD_OPTIONS if option.problem is not None)
WORKLOAD_KEYS = ("node", "address", "netns", "interface_name", *(option.name for option in PLAIN_OPTIONS), "labels")
# Calico's.
DEFAULT_AS_NUMBER = 64512
DEFAULT_BLOCK_SIZE = 26
DEFAULT_INTERFACE_NAME = "eth0"


@dataclass(frozen=True)
class Draft:
    """A fabric file as far as it could be read.

    Args:
        fabric: what the file declares, without the objects that could not be read.
        node_names: all nodes, also those that could not be read.
        knows_all_pools: whether every pool could be read.
        knows_all_peers: whether every entry of peers could be read.
    """

    fabric: Fabric = field(default_factory=lambda: Fabric((), (), ()))
    node_names: t.FrozenSet[str] = frozenset()
    knows_all_pools: bool = False
    knows_all_peers: bool = False


def read(root: Located, lab_name: str, report: Report) -> Draft:
    """Make the intent of a fabric file.

    Args:
        root: the whole file.
        lab_name: the lab's name where the file gives none.
        report: takes lines and faults.

    Returns:
        What the file declares; a fabric to be used only if there was no fault.
    """
    file = Section(report, "", (), root, KEYS)
    if not file.is_mapping:
        return Draft()
    if "plugin" not in file:
        file.missing("plugin", f"write 'plugin: {PLUGIN}' at the top")
    file.text("plugin", scalars.one_of([PLUGIN]))
    file.text(EXTENDS, str)
    _constructed(file)
    pools = tuple(_pools(file))
    nodes = tuple(read_nodes(file, _default_as_number(file)))
    fabric = Fabric(
        pools=pools,
        nodes=tuple(sorted(nodes, key=lambda node: node.name)),
        workloads=tuple(sorted(_workloads(file), key=lambda workload: workload.name)),
        has_as_number_rule=isinstance(file.value("as_number"), str),
        topology=file.text("topology", scalars.one_of([FULL_MESH, ROUTE_REFLECTOR, NO_TOPOLOGY])) or FULL_MESH,
        route_reflectors=tuple(sorted(_route_reflectors(file))),
        allows_shared_cluster_id=file.boolean("allow_shared_cluster_id") or False,
        transit=file.boolean("transit") or False,
        ecmp_paths=file.number("ecmp_paths", bgp.within(1, 255)),
        session=bgp_schema.read_session(file),
        filters=bgp_schema.read_filters(file),
        peers=tuple(sorted(bgp_schema.read_peers(file), key=lambda peer: peer.name)),
        kernel_metric=file.number("kernel_metric", scalars.kernel_metric) or 0,
        mtu=encapsulation.read_mtu(file),
        lab=read_lab(file, lab_name),
    )
    pool_entries = file.value("pools")
    return Draft(
        fabric=fabric,
        node_names=frozenset(file.mapping("nodes")),
        knows_all_pools=isinstance(pool_entries, list) and len(pools) == len(pool_entries) > 0,
        knows_all_peers="peers" not in file or len(fabric.peers) == len(file.mapping("peers")) > 0,
    )


def _constructed(file: Section) -> None:
    for key, kind, wanted in CONSTRUCTED_KEYS:
        item = file.get(key)
        if item is not None and not item.is_refused and not isinstance(item.value, kind):
            file.fault(item.line, f"{key} {describe(item, wanted)}", "see 'ansible-doc -t inventory constructed'")


def _default_as_number(file: Section) -> t.Optional[AsNumbers]:
    item = file.get("as_number")
    if item is not None and isinstance(item.value, str) and not item.value.isdigit():
        return _as_number_rule(file)
    number = file.number("as_number", scalars.as_number)
    nodes = file.mapping("nodes").values()
    if "as_number" not in file and any(
        isinstance(node.value, t.Mapping) and "as_number" in node.value for node in nodes
    ):
        return None
    if "as_number" not in file:
        return lambda address: DEFAULT_AS_NUMBER
    return lambda address: number or REFUSED_NUMBER


def _as_number_rule(file: Section) -> AsNumbers:
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


def _route_reflectors(file: Section) -> t.Iterator[str]:
    seen: t.Dict[str, int] = {}
    for index, entry in enumerate(file.sequence("route_reflectors")):
        name = file.parse_text(f"route_reflectors[{index}]", entry, str)
        if name is not None and name in seen:
            problem = f"route_reflectors: {show(name)} is listed twice (first on line {seen[name]})"
            file.fault(entry.line, problem, "list it once")
        elif name is not None:
            seen[name] = entry.line
            file.note(f"route_reflectors {name}", entry.line)
            yield name


def _pools(file: Section) -> t.Iterator[Pool]:
    if "pools" not in file:
        file.missing("pools", "give at least one, such as '- cidr: 10.244.0.0/16'")
    elif file.value("pools") == []:
        file.fault(file.line_of("pools"), "pools is empty", "give at least one, such as '- cidr: 10.244.0.0/16'")
    seen: t.Dict[IPv4Network, int] = {}
    for index, entry in enumerate(file.sequence("pools")):
        section = file.entry(f"pools[{index}]", entry, f"pools[{index}]", POOL_KEYS)
        pool = _pool(section)
        if pool is None:
            continue
        if pool.cidr in seen:
            problem = f"cidr {pool.cidr} is given twice (first on line {seen[pool.cidr]})"
            section.fault(entry.line, problem, "give it once")
            continue
        seen[pool.cidr] = entry.line
        file.note(str(pool.cidr), entry.line)
        yield pool


def _pool(section: Section) -> t.Optional[Pool]:
    if section.is_mapping and "cidr" not in section:
        section.missing("cidr", "write one such as 10.244.0.0/16")
    mode = encapsulation.read_encapsulation(section)
    cidr = encapsulation.read_cidr(section, mode)
    name = section.text("name", scalars.word)
    block_size = section.number("block_size", scalars.block_size)
    if cidr is None or (block_size is None and "block_size" in section):
        return None
    if block_size is None:
        block_size = max(DEFAULT_BLOCK_SIZE, cidr.prefixlen)
    if not cidr.prefixlen <= block_size <= 31:
        problem = f"block_size {block_size} does not fit into the pool {cidr}"
        section.fault(section.line_of("block_size"), problem, _pool_remedy(cidr))
        return None
    return Pool(name or str(cidr), cidr, block_size, mode)


def _pool_remedy(cidr: IPv4Network) -> str:
    return f"use {cidr.prefixlen} to 31" if cidr.prefixlen < 32 else "use a pool of more than one address"


def _workloads(file: Section) -> t.Iterator[Workload]:
    if file.value("workloads") is None:
        return
    workloads = file.section("workloads", "workloads")
    for name, item in workloads.items():
        workloads.check_name("workload", name, item, scalars.name)
        workload = _workload(name, workloads.entry(name, item, show(name), WORKLOAD_KEYS))
        if workload is not None:
            yield workload


def _workload(name: str, section: Section) -> t.Optional[Workload]:
    if section.is_mapping and "node" not in section:
        section.missing("node", "name the node that it runs on")
    node = section.text("node", str)
    address = section.text("address", scalars.address)
    netns = _netns(section)
    interface_name = section.text("interface_name", scalars.interface_name)
    labels = read_labels(section)
    plain = {option.name: section.text(option.name, _parser_of(option)) for option in PLAIN_OPTIONS}
    if node is None:
        return None
    options = {key: value for key, value in plain.items() if value is not None}
    return Workload(name, node, netns or name, address, interface_name or DEFAULT_INTERFACE_NAME, labels, options)


def _parser_of(option: Option) -> t.Callable[[str], t.Any]:
    def parse(text: str) -> t.Any:
        value = option.read(text)
        problem = option.problem(value) if option.problem else None
        if problem:
            raise scalars.BadValue(*problem)
        return value

    return parse


def _netns(section: Section) -> t.Optional[str]:
    value = section.value("netns")
    if isinstance(value, int) and not isinstance(value, bool):
        return section.number("netns", scalars.pid)
    return section.text("netns", scalars.netns)
