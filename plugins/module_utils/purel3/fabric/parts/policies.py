# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`policy`, `network_sets`, `tiers`, `policies`: who may talk to whom."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from ...policy.advice import advise
from ...policy.form import NETWORK_SET, POLICIES, SETTINGS, TIERS
from ...policy.model import Endpoint
from ...policy.reading import rulebook_from
from ...values import scalars
from ...values.checker import Checker
from ..file.document import Located
from ..file.form import read_form
from ..file.report import Report
from ..file.section import Section, show
from .part import ByNode, Draft, Part, Variables

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric

_NAME = scalars.word
_LAST_STEP = re.compile(r"(\.[^.\[\]: ]*|\[[0-9]+\]|:? [a-z_]+)$")


@dataclass(frozen=True)
class DeclaredPolicies:
    """What the file says of policies, as options of the module policy.

    settings: None where nothing is enforced.
    tiers, policies: one that could not be read is empty.
    """

    settings: t.Optional[t.Mapping[str, t.Any]] = None
    network_sets: t.Mapping[str, t.Any] = field(default_factory=dict)
    tiers: t.Sequence[t.Mapping[str, t.Any]] = ()
    policies: t.Sequence[t.Mapping[str, t.Any]] = ()

    @property
    def rules(self) -> t.Dict[str, t.Any]:
        """All but the settings, by option."""
        return {"network_sets": self.network_sets, "tiers": self.tiers, "policies": self.policies}


def _read(draft: Draft) -> Fabric:
    file = draft.file
    settings = file.get("policy")
    sets = file.section("network_sets", "network_sets")
    for name, item in sets.items():
        sets.check_name("network set", name, item, _NAME)
    read_sets = {name: read_form(sets, name, item, f"network_sets.{name}", NETWORK_SET) for name, item in sets.items()}
    declared = DeclaredPolicies(
        None if settings is None else read_form(file, "policy", settings, "policy", SETTINGS) or {},
        {name: value or {} for name, value in read_sets.items()},
        _entries(file, "tiers", "tier", TIERS["options"]),
        _entries(file, "policies", "policy", POLICIES["options"]),
    )
    return replace(draft.fabric, policies=declared)


def _entries(file: Section, key: str, what: str, options: t.Mapping[str, t.Any]) -> t.List[t.Dict[str, t.Any]]:
    found = []
    for index, item in enumerate(file.sequence(key)):
        before = file.fault_count
        read = read_form(file, f"{key}[{index}]", item, _title(item, what, f"{key}[{index}]"), options)
        # What cannot be read keeps its place, so that all others are found by theirs.
        known = read if read is not None else {}
        found.append(known if file.fault_count == before else _name_of_tier(key, known))
    return found


def _name_of_tier(key: str, read: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
    """What policies need of a tier with a fault, whose own fault theirs is not."""
    return {"name": read["name"]} if key == "tiers" and "name" in read else {}


def _title(item: Located, what: str, otherwise: str) -> str:
    """What messages call an entry of a list: its name, where it has a usable one."""
    name = item.value.get("name") if isinstance(item.value, t.Mapping) else None
    return f"{what} {show(name.value)}" if name is not None and isinstance(name.value, str) else otherwise


class _LocatedChecker(Checker):
    """Notes faults at the lines of a fabric file, given where each value stands in the words of the reader."""

    def __init__(self, report: Report, lines: t.Mapping[str, int]) -> None:
        super().__init__()
        self._report = report
        self._lines = lines

    def refuse(self, where: str, value: t.Any, remedy: str) -> None:
        problem, _semicolon, rest = remedy.partition("; ")
        self._report.faults.add(self.line(where), f"{where}: {show(str(value))} {problem}", rest)

    def line(self, where: str) -> int:
        """The line of a value, or of the nearest thing around it."""
        while where and where not in self._lines:
            shorter = _LAST_STEP.sub("", where)
            where = shorter if shorter != where else ""
        return self._lines.get(where, 1)


def _lines_of(file: Section) -> t.Dict[str, int]:
    lines: t.Dict[str, int] = {}

    def note(where: str, item: Located, joint: str = ".") -> None:
        lines[where] = item.line
        if isinstance(item.value, t.Mapping):
            for key, value in item.value.items():
                note(f"{where}{joint}{key}", value)
        elif isinstance(item.value, t.Sequence) and not isinstance(item.value, str):
            for index, value in enumerate(item.value):
                note(f"{where}[{index}]", value)

    for key in ("network_sets", "tiers", "policies"):
        item = file.get(key)
        if item is not None:
            note(key, item)
    for index, item in enumerate(file.sequence("policies")):
        note(_title(item, "policy", f"policies[{index}]"), item, ": ")
    return lines


def endpoints_of(fabric: Fabric, addresses: t.Mapping[str, IPv4Address]) -> t.List[Endpoint]:
    """All workloads as policy sees them, given their addresses by name."""
    return [
        Endpoint(one.name, addresses.get(one.name, IPv4Address(0)), one.labels, one.ports) for one in fabric.workloads
    ]


def _check(draft: Draft, report: Report) -> None:
    declared = draft.fabric.policies
    for key in ("policies", "tiers", "network_sets"):
        if declared.settings is None and key in draft.file:
            report.warn((key,), f"{key} are given, and nothing is enforced", "add 'policy: {}', or remove them")
            break
    if len(draft.fabric.workloads) != len(draft.file.mapping("workloads")):
        # Nobody knows the labels of those that could not be read.
        return
    checker = _LocatedChecker(report, _lines_of(draft.file))
    endpoints = endpoints_of(draft.fabric, {})
    options = {**(declared.settings or {}), **declared.rules}
    book = rulebook_from(checker, options, endpoints)
    if report.faults:
        return
    for where, problem, remedy, is_fault in advise(book, endpoints):
        add = report.faults.add if is_fault else report.warnings.add
        add(checker.line(where), f"{where}: {problem}", remedy)


def _of_nodes(checked: CheckedFabric) -> Variables:
    declared = checked.fabric.policies
    if declared.settings is None:
        return {}
    addresses = {workload: address for address, workload in checked.allocations.addresses.items()}
    endpoints = {one.name: _told(one) for one in endpoints_of(checked.fabric, addresses)}
    rules = {key: value for key, value in declared.rules.items() if value}
    # One text, as of all that grows with the fabric: Ansible looks for templates in each value.
    return {"policy_rules": {"endpoints": json.dumps(endpoints), **declared.settings, **rules}}


def _told(one: Endpoint) -> Variables:
    ports = {name: str(port) for name, port in one.ports.items()}
    told = {"address": str(one.address), "labels": dict(one.labels), "ports": ports}
    return {key: value for key, value in told.items() if value}


def _by_node(checked: CheckedFabric) -> ByNode:
    if checked.fabric.policies.settings is None:
        return {}
    local: t.Dict[str, t.List[str]] = {node.name: [] for node in checked.fabric.nodes}
    for workload in checked.fabric.workloads:
        local[workload.node].append(workload.name)
    return {node: {"policy_workloads": ",".join(names) or []} for node, names in local.items()}


PART = Part(
    keys=("policy", "network_sets", "tiers", "policies"),
    read=_read,
    check=_check,
    by_node=_by_node,
    of_nodes=_of_nodes,
    variables=("policy_workloads",),
    large=("policy_rules",),
)
