# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One BGP neighbour and what is asked of the session with it."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ...values import bgp, scalars
from ...values.checker import Checker
from ...values.filters import RuleFault
from ...values.rules import read_export_rules, read_import_rules
from ...values.session_options import IMPORT_RULES, OF_ALL, OPTIONS, RULES
from ...values.session_reading import read_option

DEFAULT_PEER_TYPE = "node-to-node mesh"
GATEWAYS = ("direct", "recursive")
DEFAULT_PORT = 179

_OWN_KEYS = (
    *("name", "node", "address", "as_number", "is_direct", "blocks", "type", "port", "gateway"),
    *("is_route_reflector", "is_route_reflector_client"),
)
_SESSION_KEYS = tuple(name for name, option in OPTIONS.items() if option.where != OF_ALL)
_SORTED: t.Mapping[str, t.Callable[[t.Any], t.Any]] = {
    "communities": lambda text: [int(part) for part in text.split(":")],
    "aggregates": lambda prefix: prefix,
}

# What is asked of one session, by option; what it does not ask is what holds for all of the node's sessions.
Session = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Peer:
    """One BGP neighbour; the key is its address.

    name: what people call it.
    address: where its BIRD answers.
    as_number: its autonomous system.
    node: the node of the fabric that it is; equals the name unless a node has several sessions.
    session: see Session.
    is_direct: whether it is in the same subnet as this node.
    blocks: what it may announce as its own; None for a router outside the fabric.
    type: how the peering came about, for example node-to-node mesh.
    port: its TCP port.
    is_route_reflector: whether it passes other nodes' blocks on to this one.
    is_route_reflector_client: whether this node passes other nodes' blocks on to it.
    resolves: whether next hops are looked up in the routing table, because they may be in other subnets.
    has_password: whether the session has one; what it is stands elsewhere.
    """

    name: str
    address: ipaddress.IPv4Address
    as_number: int
    node: str
    session: Session
    is_direct: bool = True
    blocks: t.Optional[t.Tuple[ipaddress.IPv4Network, ...]] = None
    type: str = DEFAULT_PEER_TYPE
    port: int = DEFAULT_PORT
    is_route_reflector: bool = False
    is_route_reflector_client: bool = False
    resolves: bool = False
    has_password: bool = False

    @property
    def is_external(self) -> bool:
        """Whether it is a router outside the fabric."""
        return self.blocks is None


def read_session(
    check: Checker,
    where: str,
    values: t.Mapping[str, t.Any],
    keys: t.Iterable[str],
    defaults: Session,
    *,
    is_external: bool = False,
) -> Session:
    """Make a session of data, in which None counts as absent.

    where: what stands before a key's name, for example `bird_peers[0].`.
    keys: the options that may be among them.
    is_external: whether the peer is a router outside the fabric.
    """
    given: t.Dict[str, t.Any] = {}
    for key in keys:
        value = values.get(key)
        if value is None:
            continue
        form = OPTIONS[key].form
        if form in RULES:
            read = (
                read_import_rules(value) if form == IMPORT_RULES else read_export_rules(value, is_external=is_external)
            )
            given[key] = read[0]
            check.faults.extend(_in_words(where + key, fault) for fault in read[1])
            continue
        given[key] = read_option(check, where + key, value, form)
        if key in _SORTED and given[key] is not None:
            given[key] = tuple(sorted(set(given[key]), key=_SORTED[key]))
    return {**defaults, **given} if given else defaults


def _in_words(where: str, fault: RuleFault) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault.path)
    return f"{where}{place}: {fault.problem}; {fault.remedy}"


def read_peer(
    check: Checker, where: str, value: t.Any, defaults: Session, has_password: t.Callable[[t.Any], bool]
) -> t.Optional[Peer]:
    """Make a peer of data; None where that has faults.

    where: the variable, for example bird_peers[0].
    defaults: what holds for all sessions of the node.
    has_password: says whether the session with the peer of this name has one.
    """
    if not isinstance(value, t.Mapping):
        check.refuse(where, value, "is not a peer; give a mapping with name, address and as_number")
        return None
    before = len(check.faults)
    check.keys(where, value, (*_OWN_KEYS, *_SESSION_KEYS))
    missing = [key for key in ("name", "address", "as_number") if key not in value]
    for key in missing:
        check.faults.append(f"{where}: {key} is missing; every peer has a name, an address and an as_number")
    if missing:
        return None
    name = check.parse_text(f"{where}.name", value["name"], scalars.word)
    node = name if value.get("node") is None else check.parse_text(f"{where}.node", value["node"], scalars.word)
    address = check.parse_text(f"{where}.address", value["address"], bgp.peer_address)
    as_number = check.parse_number(f"{where}.as_number", value["as_number"], scalars.as_number)
    blocks = None if value.get("blocks") is None else check.networks(f"{where}.blocks", value["blocks"])
    is_direct = check.truth(f"{where}.is_direct", value.get("is_direct", value.get("multihop") is None))
    gateway = value.get("gateway")
    type_ = check.parse_text(f"{where}.type", value.get("type", DEFAULT_PEER_TYPE), scalars.peer_type)
    port = check.parse_number(f"{where}.port", value.get("port", DEFAULT_PORT), bgp.port)
    reflects, is_client = (
        check.truth(f"{where}.{key}", value.get(key, False))
        for key in ("is_route_reflector", "is_route_reflector_client")
    )
    if is_direct and value.get("multihop") is not None:
        check.faults.append(f"{where}: is_direct does not go with multihop {value['multihop']}; remove one of the two")
    resolves = not is_direct if gateway is None else check.choice(f"{where}.gateway", gateway, GATEWAYS) == GATEWAYS[1]
    session = read_session(check, f"{where}.", value, _SESSION_KEYS, defaults, is_external=blocks is None)
    if len(check.faults) > before or None in (name, node, address, as_number, type_, port):
        return None
    return Peer(
        name=t.cast(str, name),
        address=t.cast(ipaddress.IPv4Address, address),
        as_number=t.cast(int, as_number),
        node=t.cast(str, node),
        session=session,
        is_direct=is_direct,
        blocks=blocks,
        type=t.cast(str, type_),
        port=t.cast(int, port),
        is_route_reflector=reflects,
        is_route_reflector_client=is_client,
        resolves=resolves,
        has_password=has_password(name),
    )
