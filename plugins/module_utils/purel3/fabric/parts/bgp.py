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
from ..file.document import Located, plain
from ..file.report import Report
from ..file.section import Section, describe, show
from .intent import AUTO, SessionOptions
from .part import Draft, Part
from .peering import defaults
from .session_checks import check_options
from .topology import NO_TOPOLOGY

if t.TYPE_CHECKING:
    from .fabric import Fabric

T = t.TypeVar("T")

COMMON_KEYS = (
    "password",
    "ttl_security",
    "bfd",
    "hold_time",
    "keepalive_time",
    "connect_delay_time",
    "connect_retry_time",
    "error_wait_time",
    "graceful_restart_time",
    "send_hold_time",
    "next_hop",
    "communities",
    "import_limit",
    "import_limit_action",
    "import_filter",
    "export_filter",
    "aggregates",
)
OF_ALL_KEYS = ("bfd_interval", "bfd_multiplier")
OF_ONE_KEYS = ("local_as_number", "source_address", "multihop", "passive")
BGP_KEYS = (*COMMON_KEYS, *OF_ALL_KEYS)

_SECONDS = "seconds"
_LIMIT_ACTIONS = ("warn", "block", "restart", "disable")
_PASSWORD_REMEDY = 'put it into a vaulted variable and write "{{ NAME_OF_THE_VARIABLE }}"'


def read_session(file: Section) -> SessionOptions:
    """The options of every session."""
    section = file.section("bgp", "bgp", (*BGP_KEYS, *OF_ONE_KEYS))
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
    seconds = bgp.within(1, 3600, _SECONDS)
    return SessionOptions(
        local_as_number=section.number("local_as_number", scalars.as_number),
        source_address=section.text("source_address", bgp.peer_address),
        multihop=section.number("multihop", bgp.within(1, 255)),
        passive=section.boolean("passive"),
        password=_password(section),
        ttl_security=_ttl_security(section),
        bfd=section.boolean("bfd"),
        bfd_interval=section.number("bfd_interval", bgp.within(10, 60000, "milliseconds")),
        bfd_multiplier=section.number("bfd_multiplier", bgp.within(1, 255)),
        hold_time=section.number("hold_time", bgp.within(3, 65535, _SECONDS)),
        keepalive_time=section.number("keepalive_time", bgp.within(1, 21845, _SECONDS)),
        connect_delay_time=section.number("connect_delay_time", seconds),
        connect_retry_time=section.number("connect_retry_time", seconds),
        error_wait_time=_error_wait_time(section),
        graceful_restart_time=section.number("graceful_restart_time", bgp.within(1, 4095, _SECONDS)),
        send_hold_time=section.number("send_hold_time", bgp.within(0, 65535, f"{_SECONDS}, 0 for no limit")),
        next_hop=section.text("next_hop", scalars.one_of(["default", "self", "keep"])),
        communities=_texts(section, "communities", bgp.community),
        import_limit=section.number("import_limit", bgp.within(1, scalars.LARGEST_UINT32)),
        import_limit_action=section.text(
            "import_limit_action", scalars.one_of(["warn", "block", "restart", "disable"])
        ),
        import_filter=section.text("import_filter", str),
        export_filter=section.text("export_filter", str),
        aggregates=_texts(section, "aggregates", bgp.aggregate),
    )


def _password(section: Section) -> t.Optional[str]:
    item = section.get("password")
    if item is None or item.is_refused:
        return None
    if isinstance(item.value, str) and (item.value == "" or bgp.is_template(item.value)):
        return item.value
    # What is wrong with it is told without telling it.
    section.fault(item.line, "password is not a template, and this file is no place for secrets", _PASSWORD_REMEDY)
    return None


def _ttl_security(section: Section) -> t.Union[bool, str, None]:
    item = section.get("ttl_security")
    if item is None or item.is_refused:
        return None
    if isinstance(item.value, bool) or item.value == AUTO:
        return item.value
    section.fault(item.line, f"ttl_security {describe(item, 'one of auto, true and false')}", "write one of them")
    return None


def _error_wait_time(section: Section) -> t.Optional[t.Tuple[int, int]]:
    items = section.sequence("error_wait_time")
    if "error_wait_time" not in section or not items:
        return None
    line = section.line_of("error_wait_time")
    remedy = "give the shortest and the longest pause in seconds, such as [1, 30]"
    if len(items) != 2:
        section.fault(line, f"error_wait_time is a list of {len(items)}, not of two", remedy)
        return None
    seconds = bgp.within(1, 3600, _SECONDS)
    low, high = (section.parse_number(f"error_wait_time[{index}]", item, seconds) for index, item in enumerate(items))
    if low is None or high is None:
        return None
    if low > high:
        section.fault(line, f"error_wait_time goes down, from {low} to {high}", remedy)
    return low, high


def _texts(section: Section, key: str, parse: t.Callable[[str], T]) -> t.Optional[t.Tuple[T, ...]]:
    if key not in section:
        return None
    found = (section.parse_text(f"{key}[{index}]", item, parse) for index, item in enumerate(section.sequence(key)))
    return tuple(item for item in found if item is not None)


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
    if fabric.topology != NO_TOPOLOGY and shared is not None and prepends(fabric, fabric.session.export_filter):
        problem = f"bgp: export_filter {fabric.session.export_filter} prepends, but nodes share AS {shared}"
        remedy = "no peer takes a path with its own AS: use the filter for peers in another AS only"
        report.fault(("bgp", "export_filter"), problem, remedy)


PART = Part(keys=("bgp", "filters"), read=_read, check=_check, of_nodes=defaults, variables=("bird_password",))
