# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric file's part about BGP: options of sessions, filters and peers."""

from __future__ import annotations

import typing as t

from ...values import bgp, scalars
from ...values.filters import parse_rules
from ...values.selector import parse as selector
from ..file.document import Located, plain
from ..file.section import Section, describe, show
from .intent import AUTO, Peer, SessionOptions

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
PEER_KEYS = ("address", "as_number", "port", "node", "selector", "peer_node", *OF_ONE_KEYS, *COMMON_KEYS)

_SECONDS = "seconds"
_LIMIT_ACTIONS = ("warn", "block", "restart", "disable")
_PASSWORD_REMEDY = 'put it into a vaulted variable and write "{{ NAME_OF_THE_VARIABLE }}"'


def read_session(file: Section) -> SessionOptions:
    """The options of every session.

    Args:
        file: the whole file.

    Returns:
        What is below `bgp`.
    """
    section = file.section("bgp", "bgp", (*BGP_KEYS, *OF_ONE_KEYS))
    for key in OF_ONE_KEYS:
        if key in section:
            section.fault(section.line_of(key), f"{key} is of one session", "write it in an entry of peers")
    return _options(section)


def read_filters(file: Section) -> t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]]:
    """The named filters.

    Args:
        file: the whole file.

    Returns:
        Their rules as plain data, by name.
    """
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


def read_peers(file: Section) -> t.Iterator[Peer]:
    """The peerings beside those of the topology.

    Args:
        file: the whole file.

    Returns:
        Those that could be read.
    """
    peers = file.section("peers", "peers")
    for name, item in peers.items():
        peers.check_name("peer", name, item, scalars.word)
        peer = _peer(name, peers.entry(name, item, show(name), (*PEER_KEYS, *OF_ALL_KEYS)))
        if peer is not None:
            yield peer


def _peer(name: str, section: Section) -> t.Optional[Peer]:
    if not section.is_mapping:
        return None
    for key in OF_ALL_KEYS:
        if key in section:
            section.fault(section.line_of(key), f"{key} is of all sessions", "write it below bgp")
    is_between_nodes = "peer_node" in section
    if is_between_nodes and "node" not in section:
        section.missing("node", "name the first of the two nodes; peer_node is the second")
    for key in ("address", "port", "selector"):
        if is_between_nodes and key in section:
            section.fault(section.line_of(key), f"{key} does not go with peer_node", "remove one of the two")
    for key, remedy in (
        ("address", "write the router's, or peer_node for a session of two nodes"),
        ("as_number", "write the router's, such as 64900"),
    ):
        if not is_between_nodes and key not in section:
            section.missing(key, remedy)
    if "selector" in section and "node" in section:
        section.fault(section.line_of("selector"), "selector does not go with node", "remove one of the two")
    peer = Peer(
        name=name,
        options=_options(section),
        address=section.text("address", bgp.peer_address),
        as_number=section.number("as_number", scalars.as_number),
        port=section.number("port", bgp.within(1, 65535)),
        node=section.text("node", str),
        selector=section.text("selector", selector),
        peer_node=section.text("peer_node", str),
    )
    has_nodes = all(getattr(peer, key) is not None for key in ("node", "selector") if key in section)
    has_peer = peer.node is not None and peer.peer_node is not None if is_between_nodes else peer.address is not None
    return peer if has_nodes and has_peer else None


def _options(section: Section) -> SessionOptions:
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
