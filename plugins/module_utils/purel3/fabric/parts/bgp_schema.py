# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric file's part about BGP: options of sessions, filters and peers."""

from __future__ import annotations

import typing as t

from ...values import bgp, scalars
from ...values.filters import parse_rules
from ...values.selector import parse as selector
from ...values.session_options import OF_ALL, OF_ONE, OPTIONS, RULES
from ...values.session_reading import read_option
from ..file.document import Located, plain
from ..file.section import Section, show
from .intent import Peer, SessionOptions

_PASSWORD = "password"
OF_ALL_KEYS = tuple(name for name, option in OPTIONS.items() if option.where == OF_ALL)
OF_ONE_KEYS = tuple(name for name, option in OPTIONS.items() if option.where == OF_ONE)
SESSION_KEYS = (_PASSWORD, *OPTIONS)
PEER_KEYS = ("address", "as_number", "port", "node", "selector", "peer_node")

_PASSWORD_REMEDY = 'put it into a vaulted variable and write "{{ NAME_OF_THE_VARIABLE }}"'


def read_session(file: Section) -> SessionOptions:
    """The options of every session."""
    section = file.section("bgp", "bgp", SESSION_KEYS)
    for key in OF_ONE_KEYS:
        if key in section:
            section.fault(section.line_of(key), f"{key} is of one session", "write it in an entry of peers")
    return _options(section)


def read_filters(file: Section) -> t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]]:
    """The named filters."""
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
    """The peerings beside those of the topology."""
    peers = file.section("peers", "peers")
    for name, item in peers.items():
        peers.check_name("peer", name, item, scalars.word)
        peer = _peer(name, peers.entry(name, item, show(name), (*PEER_KEYS, *SESSION_KEYS)))
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
        port=section.number("port", bgp.port),
        node=section.text("node", str),
        selector=section.text("selector", selector),
        peer_node=section.text("peer_node", str),
    )
    has_nodes = all(getattr(peer, key) is not None for key in ("node", "selector") if key in section)
    has_peer = peer.node is not None and peer.peer_node is not None if is_between_nodes else peer.address is not None
    return peer if has_nodes and has_peer else None


def _options(section: Section) -> SessionOptions:
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
    section.fault(item.line, "password is not a template, and this file is no place for secrets", _PASSWORD_REMEDY)
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
