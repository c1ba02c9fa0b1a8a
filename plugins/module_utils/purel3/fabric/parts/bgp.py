# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`bgp` and `filters`: how all BGP sessions behave, and the filters that they name."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import replace

from ...values import bgp, scalars
from ...values.filters import parse_rules
from ...values.session_options import OF_ALL, OF_ONE, OPTIONS, RULES
from ...values.session_reading import read_option
from ..file.document import Located, plain
from ..file.report import Report
from ..file.section import Section, show
from .intent import SessionOptions
from .part import Draft, Part
from .peering import defaults
from .session_checks import check_options
from .topology import NO_TOPOLOGY

if t.TYPE_CHECKING:
    from .fabric import Fabric

_PASSWORD = "password"
OF_ALL_KEYS = tuple(name for name, option in OPTIONS.items() if option.where == OF_ALL)
OF_ONE_KEYS = tuple(name for name, option in OPTIONS.items() if option.where == OF_ONE)
SESSION_KEYS = (_PASSWORD, *OPTIONS)

_PASSWORD_REMEDY = 'put it into a vaulted variable and write "{{ NAME_OF_THE_VARIABLE }}"'


def read_session(file: Section) -> SessionOptions:
    """The options of every session."""
    section = file.section("bgp", "bgp", SESSION_KEYS)
    for key in OF_ONE_KEYS:
        if key in section:
            section.fault(section.line_of(key), f"{key} is of one session", "write it in an entry of peers")
    return read_options(section)


def read_filters(file: Section) -> t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]]:
    """The named filters: their rules as plain data, by name."""
    filters = file.section("filters", "filters")
    found: t.Dict[str, t.Sequence[t.Mapping[str, t.Any]]] = {}
    for name, item in filters.items():
        filters.check_name("filter", name, item, scalars.word)
        rules = plain(item)
        if not item.is_refused:
            for fault in parse_rules(rules)[1]:
                words = [
                    f"rule {part + 1}" if isinstance(part, int) and not at else str(part)
                    for at, part in enumerate(fault.path)
                ]
                filters.fault(
                    _line(item, fault.path), f"{' '.join([show(name), *words])}: {fault.problem}", fault.remedy
                )
        found[name] = rules
    return found


def read_options(section: Section) -> SessionOptions:
    """The options of one session, or of all."""
    found = {_PASSWORD: _password(section)}
    for name, option in OPTIONS.items():
        item = section.get(name)
        if item is None:
            continue
        # Which filter it is: whether there is such a one is not a matter of form.
        found[name] = section.text(name, str) if option.form in RULES else read_option(section, name, item, option.form)
    return {name: value for name, value in found.items() if value is not None}


def _password(section: Section) -> t.Optional[str]:
    item = section.get(_PASSWORD)
    if item is None or item.is_refused:
        return None
    if isinstance(item.value, str) and (item.value == "" or bgp.is_template(item.value)):
        return item.value
    # What is wrong with it is told without telling it.
    is_within = isinstance(item.value, str) and item.value.strip().startswith("{{")
    problem = "password has a text in its template" if is_within else "password is not a template"
    section.fault(item.line, f"{problem}, and this file is no place for secrets", _PASSWORD_REMEDY)
    return None


def _line(item: Located, path: t.Sequence[t.Union[int, str]]) -> int:
    for part in path:
        inner = item.value
        if isinstance(inner, t.Mapping):
            found = inner.get(str(part))
        else:
            found = inner[part] if isinstance(inner, list) and isinstance(part, int) else None
        if found is None:
            break
        item = found
    return item.line


def prepends(fabric: Fabric, name: t.Optional[str]) -> bool:
    """Whether a filter makes paths longer, which no peer of the same AS takes."""
    rules = parse_rules(fabric.filters.get(name or "", ()))[0]
    return any(rule.prepend for rule in rules)


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, session=read_session(draft.file), filters=read_filters(draft.file))


def _check(draft: Draft, report: Report) -> None:
    fabric = draft.fabric
    kinds = {peer.peer_node is None for peer in fabric.peers}
    if fabric.topology != NO_TOPOLOGY:
        kinds.add(False)
    check_options(fabric, ("bgp",), "bgp", fabric.session, kinds, report)
    as_numbers = Counter(node.as_number for node in fabric.nodes)
    shared = next((number for number, count in sorted(as_numbers.items()) if count > 1), None)
    if fabric.topology != NO_TOPOLOGY and shared is not None and prepends(fabric, fabric.session.get("export_filter")):
        problem = f"bgp: export_filter {fabric.session['export_filter']} prepends, but nodes share AS {shared}"
        remedy = "no peer takes a path with its own AS: use the filter for peers in another AS only"
        report.fault(("bgp", "export_filter"), problem, remedy)


PART = Part(keys=("bgp", "filters"), read=_read, check=_check, of_nodes=defaults, variables=("bird_password",))
