# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One BGP neighbour and what is asked of the session with it."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t
from dataclasses import dataclass

from ...values.checker import LARGEST_AS, Checker
from ...values.filters import Rule
from ...values.rules import read_export_rules, read_import_rules

DEFAULT_PEER_TYPE = "node-to-node mesh"
NEXT_HOPS = ("default", "self", "keep")
LIMIT_ACTIONS = ("warn", "block", "restart", "disable")
GATEWAYS = ("direct", "recursive")

# Keys that are times in seconds, with their smallest and largest values.
TIMES = {
    "hold_time": (3, 65535),
    "keepalive_time": (1, 65535),
    "connect_delay_time": (1, 3600),
    "connect_retry_time": (1, 3600),
    "graceful_restart_time": (1, 4095),
    "send_hold_time": (0, 65535),
}
_OWN_KEYS = (
    *("name", "node", "address", "as_number", "is_direct", "blocks", "type", "port", "gateway"),
    *("is_route_reflector", "is_route_reflector_client"),
)
_SESSION_KEYS = (
    *("local_as_number", "source_address", "multihop", "passive", "ttl_security", "bfd", "error_wait_time", *TIMES),
    *("next_hop", "communities", "import_limit", "import_limit_action", "import_filter", "export_filter", "aggregates"),
)


@dataclass(frozen=True)
class Session:
    """What is asked of one session; None stands for what holds for all of the node's sessions.

    Args:
        local_as_number: as which AS the node speaks to this peer.
        source_address: from which of its addresses.
        multihop: how many hops away the peer may be.
        passive: whether only the peer opens the session.
        ttl_security: whether only packets of a neighbour one hop away count; None for where that can be so.
        bfd: whether BFD watches the peer.
        hold_time: seconds of silence after which the session counts as dead.
        keepalive_time: seconds between signs of life.
        connect_delay_time: seconds before the first attempt, and after a refused one.
        connect_retry_time: seconds that one attempt may take.
        error_wait_time: shortest and longest pause after an error, in seconds.
        graceful_restart_time: seconds that the peer keeps this node's routes while its BIRD is away.
        send_hold_time: seconds after which a peer that reads nothing counts as dead; 0 for never.
        next_hop: default, self or keep.
        communities: added to whatever is announced.
        import_limit: how many routes the peer may announce.
        import_limit_action: what happens beyond that.
        import_filter: rules for what the peer announces; None for no such rules.
        export_filter: rules for what is announced to it.
        aggregates: announced in place of the node's blocks inside them.
    """

    local_as_number: t.Optional[int] = None
    source_address: t.Optional[ipaddress.IPv4Address] = None
    multihop: t.Optional[int] = None
    passive: bool = False
    ttl_security: t.Optional[bool] = None
    bfd: bool = False
    hold_time: t.Optional[int] = None
    keepalive_time: t.Optional[int] = None
    connect_delay_time: t.Optional[int] = None
    connect_retry_time: t.Optional[int] = None
    error_wait_time: t.Optional[t.Tuple[int, int]] = None
    graceful_restart_time: t.Optional[int] = None
    send_hold_time: t.Optional[int] = None
    next_hop: str = "default"
    communities: t.Tuple[str, ...] = ()
    import_limit: t.Optional[int] = None
    import_limit_action: str = "block"
    import_filter: t.Optional[t.Tuple[Rule, ...]] = None
    export_filter: t.Optional[t.Tuple[Rule, ...]] = None
    aggregates: t.Tuple[ipaddress.IPv4Network, ...] = ()


DEFAULT_SESSION = Session()


@dataclass(frozen=True)
class Peer:
    """One BGP neighbour; the key is its address.

    Args:
        name: what people call it.
        address: where its BIRD answers.
        as_number: its autonomous system.
        node: the node of the fabric that it is; equals the name unless a node has several sessions.
        is_direct: whether it is in the same subnet as this node.
        blocks: what it may announce as its own; None for a router outside the fabric.
        type: how the peering came about, for example node-to-node mesh.
        port: its TCP port.
        is_route_reflector: whether it passes other nodes' blocks on to this one.
        is_route_reflector_client: whether this node passes other nodes' blocks on to it.
        resolves: whether next hops are looked up in the routing table, because they may be in other subnets.
        has_password: whether the session has one; what it is stands elsewhere.
        session: see Session.
    """

    name: str
    address: ipaddress.IPv4Address
    as_number: int
    node: str
    is_direct: bool = True
    blocks: t.Optional[t.Tuple[ipaddress.IPv4Network, ...]] = None
    type: str = DEFAULT_PEER_TYPE
    port: int = 179
    is_route_reflector: bool = False
    is_route_reflector_client: bool = False
    resolves: bool = False
    has_password: bool = False
    session: Session = DEFAULT_SESSION

    @property
    def is_external(self) -> bool:
        """Whether it is a router outside the fabric."""
        return self.blocks is None


def read_ttl_security(check: Checker, where: str, value: t.Any) -> t.Optional[bool]:
    """Read whether TTL security is on.

    Args:
        check: collects the faults.
        where: the variable.
        value: a truth, or auto.

    Returns:
        None for auto.
    """
    return None if value == "auto" else check.boolean(where, value)


def read_error_wait(check: Checker, where: str, value: t.Any) -> t.Tuple[int, int]:
    """Read how long to wait after an error.

    Args:
        check: collects the faults.
        where: the variable.
        value: shortest and longest pause, in seconds.

    Returns:
        The two.
    """
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        check.refuse(where, value, "is not a pair; give shortest and longest pause, like [1, 30]")
        return (1, 1)
    low, high = (check.integer(where, item, 1, 3600, "a time in seconds") for item in value)
    if low > high:
        check.refuse(where, value, "goes down; give the shortest pause first")
    return low, high


def _aggregates(check: Checker, where: str, value: t.Any) -> t.Tuple[ipaddress.IPv4Network, ...]:
    found = check.networks(where, value)
    for wide, narrow in zip(found, found[1:]):
        if narrow.subnet_of(wide):
            check.faults.append(f"{where}: {narrow} lies inside {wide}; keep one of them")
    return found


_READERS: t.Dict[str, t.Callable[[Checker, str, t.Any], t.Any]] = {
    "local_as_number": lambda check, where, value: check.integer(where, value, 1, LARGEST_AS, "an AS number"),
    "source_address": lambda check, where, value: check.address(where, value),
    "multihop": lambda check, where, value: check.integer(where, value, 1, 255, "a number of hops"),
    "passive": lambda check, where, value: check.boolean(where, value),
    "ttl_security": read_ttl_security,
    "bfd": lambda check, where, value: check.boolean(where, value),
    "error_wait_time": read_error_wait,
    "next_hop": lambda check, where, value: check.choice(where, value, NEXT_HOPS),
    "communities": lambda check, where, value: check.communities(where, value),
    "import_limit": lambda check, where, value: check.integer(where, value, 1, 2**31, "a number of routes"),
    "import_limit_action": lambda check, where, value: check.choice(where, value, LIMIT_ACTIONS),
    "aggregates": _aggregates,
}


def read_session(
    check: Checker, where: str, values: t.Mapping[str, t.Any], defaults: Session, *, is_external: bool
) -> Session:
    """Make a session of data.

    Args:
        check: collects the faults.
        where: what stands before a key's name, for example `bird_peers[0].`.
        values: by key; None counts as absent.
        defaults: what holds where nothing is given.
        is_external: whether the peer is a router outside the fabric.

    Returns:
        The defaults themselves where nothing is given.
    """
    given: t.Dict[str, t.Any] = {}
    for key in _SESSION_KEYS:
        value = values.get(key)
        if value is None:
            continue
        if key in TIMES:
            given[key] = check.integer(where + key, value, *TIMES[key], "a time in seconds")
        elif key == "import_filter":
            given[key] = read_import_rules(check, where + key, value)
        elif key == "export_filter":
            given[key] = read_export_rules(check, where + key, value, is_external=is_external)
        else:
            given[key] = _READERS[key](check, where + key, value)
    return dataclasses.replace(defaults, **given) if given else defaults


def read_peer(
    check: Checker, where: str, value: t.Any, defaults: Session, has_password: t.Callable[[t.Any], bool]
) -> t.Optional[Peer]:
    """Make a peer of data.

    Args:
        check: collects the faults.
        where: the variable, for example bird_peers[0].
        value: a mapping.
        defaults: what holds for all sessions of the node.
        has_password: says whether the session with the peer of this name has one.

    Returns:
        None where the value is no peer at all.
    """
    if not isinstance(value, t.Mapping):
        check.refuse(where, value, "is not a peer; give a mapping with name, address and as_number")
        return None
    check.keys(where, value, (*_OWN_KEYS, *_SESSION_KEYS))
    missing = [key for key in ("name", "address", "as_number") if key not in value]
    for key in missing:
        check.faults.append(f"{where}: {key} is missing; every peer has a name, an address and an as_number")
    if missing:
        return None
    name = check.name(f"{where}.name", value["name"])
    blocks = value.get("blocks")
    is_direct = check.boolean(f"{where}.is_direct", value.get("is_direct", value.get("multihop") is None))
    gateway = value.get("gateway")
    return Peer(
        name=name,
        node=name if value.get("node") is None else check.name(f"{where}.node", value["node"]),
        address=check.address(f"{where}.address", value["address"]),
        as_number=check.integer(f"{where}.as_number", value["as_number"], 1, LARGEST_AS, "an AS number"),
        is_direct=is_direct,
        blocks=None if blocks is None else check.networks(f"{where}.blocks", blocks),
        type=check.words(f"{where}.type", value.get("type", DEFAULT_PEER_TYPE)),
        port=check.integer(f"{where}.port", value.get("port", 179), 1, 65535, "a TCP port"),
        is_route_reflector=check.boolean(f"{where}.is_route_reflector", value.get("is_route_reflector", False)),
        is_route_reflector_client=check.boolean(
            f"{where}.is_route_reflector_client", value.get("is_route_reflector_client", False)
        ),
        resolves=(
            not is_direct if gateway is None else check.choice(f"{where}.gateway", gateway, GATEWAYS) == "recursive"
        ),
        has_password=has_password(name),
        session=read_session(check, f"{where}.", value, defaults, is_external=blocks is None),
    )
