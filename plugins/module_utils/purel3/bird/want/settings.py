# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node asks of BIRD: frozen types, made from host vars and checked whole."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ...base.errors import InvalidInput
from ...values.checker import LARGEST_AS, Checker
from .encapsulation import Encapsulation, read_encapsulation
from .peer import DEFAULT_PEER_TYPE, DEFAULT_SESSION, Peer, Session, read_error_wait, read_peer, read_session
from .relations import find_contradictions

__all__ = ["DEFAULT_PEER_TYPE", "Ownership", "Peer", "Reflected", "Session", "Settings", "Timers", "parse"]

_LARGEST_METRIC = 2**32 - 1
_LARGEST_WEIGHT = 256


@dataclass(frozen=True)
class Timers:
    """How fast BIRD tries, gives up and looks again, in seconds unless said otherwise.

    Args:
        connect_delay: before the first attempt, and after a refused one.
        connect_retry: how long one attempt may take.
        error_wait: shortest and longest pause after an error.
        hold: silence after which a session counts as dead.
        keepalive: between signs of life; None for a third of hold.
        send_hold: after which a peer that reads nothing counts as dead; 0 for never, None for BIRD's own choice.
        graceful_restart: how long peers keep this node's routes while its BIRD is away.
        graceful_restart_wait: how long a starting BIRD waits for its peers before it touches the kernel.
        kernel_scan: between two looks at the kernel's routes.
        device_scan: between two looks at the interfaces.
        bfd_interval: between two packets of BFD, in milliseconds.
        bfd_multiplier: how many of them may be missing.
    """

    connect_delay: int = 1
    connect_retry: int = 5
    error_wait: t.Tuple[int, int] = (1, 30)
    hold: int = 90
    keepalive: t.Optional[int] = None
    send_hold: t.Optional[int] = None
    graceful_restart: int = 30
    graceful_restart_wait: int = 10
    kernel_scan: int = 90
    device_scan: int = 90
    bfd_interval: int = 300
    bfd_multiplier: int = 3


@dataclass(frozen=True)
class Ownership:
    """Who may be the origin of a block.

    Args:
        block: a block, or a single address.
        as_number: the AS of the node that owns it.
    """

    block: ipaddress.IPv4Network
    as_number: int


@dataclass(frozen=True)
class Reflected:
    """What a route reflector may pass on.

    Args:
        prefix: where it lies.
        shortest: its least prefix length.
        longest: its greatest.
    """

    prefix: ipaddress.IPv4Network
    shortest: int
    longest: int


@dataclass(frozen=True)
class Settings:
    """Everything that a node's bird.conf says.

    Args:
        router_id: the node's identity in BGP.
        address: where its sessions come from.
        as_number: its autonomous system.
        blocks: what it owns and announces, sorted; with prefix length 32 also single addresses of other blocks.
        peers: sorted by address.
        session: what holds for sessions that ask for nothing else.
        is_transit: whether it passes on the routes of other nodes.
        owners: who may be the origin of what, sorted; only with is_transit.
        reflected: what route reflectors may pass on, sorted.
        cluster_id: under which it reflects; None for the router id.
        encapsulation: which routes lead into the tunnel, sorted.
        subnets: those that the node is in, sorted; for what depends on them.
        ecmp_paths: over how many equal paths traffic is spread at most.
        kernel_metric: metric of the routes in the kernel; 0 means none.
        timers: see Timers.
        log: syslog, stderr, or the path of a file.
        includes: further configuration files, for protocols that are not ours.
    """

    router_id: ipaddress.IPv4Address
    address: ipaddress.IPv4Address
    as_number: int
    blocks: t.Tuple[ipaddress.IPv4Network, ...] = ()
    peers: t.Tuple[Peer, ...] = ()
    session: Session = DEFAULT_SESSION
    is_transit: bool = False
    owners: t.Tuple[Ownership, ...] = ()
    reflected: t.Tuple[Reflected, ...] = ()
    cluster_id: t.Optional[ipaddress.IPv4Address] = None
    encapsulation: t.Tuple[Encapsulation, ...] = ()
    subnets: t.Tuple[ipaddress.IPv4Network, ...] = ()
    ecmp_paths: int = 1
    kernel_metric: int = 0
    timers: Timers = Timers()
    log: str = "syslog"
    includes: t.Tuple[str, ...] = ()


_TIMERS = {
    "bird_connect_delay_time": ("connect_delay", 1, 3600, "a time in seconds"),
    "bird_connect_retry_time": ("connect_retry", 1, 3600, "a time in seconds"),
    "bird_hold_time": ("hold", 3, 65535, "a time in seconds"),
    "bird_keepalive_time": ("keepalive", 1, 65535, "a time in seconds"),
    "bird_send_hold_time": ("send_hold", 0, 65535, "a time in seconds"),
    "bird_graceful_restart_time": ("graceful_restart", 1, 4095, "a time in seconds"),
    "bird_graceful_restart_wait": ("graceful_restart_wait", 1, 3600, "a time in seconds"),
    "bird_kernel_scan_time": ("kernel_scan", 1, 3600, "a time in seconds"),
    "bird_device_scan_time": ("device_scan", 1, 3600, "a time in seconds"),
    "bird_bfd_interval": ("bfd_interval", 10, 60000, "a time in milliseconds"),
    "bird_bfd_multiplier": ("bfd_multiplier", 1, 255, "a number of packets"),
}
# What a peer may set for itself, under the name without bird_.
_DEFAULTS = ("ttl_security", "bfd", "next_hop", "communities", "import_limit", "import_limit_action")
_REQUIRED = ("bird_address", "bird_as_number")
_OPTIONAL = (
    *("bird_router_id", "bird_blocks", "bird_peers", "bird_kernel_metric", "bird_error_wait_time", "bird_log"),
    *("bird_includes", "bird_route_reflector_cluster_id", "bird_transit", "bird_owners", "bird_reflected"),
    *("bird_encapsulation", "bird_subnets"),
    *("bird_ecmp_paths", "bird_password", "bird_passwords", *(f"bird_{key}" for key in _DEFAULTS)),
)


def _timers(check: Checker, values: t.Mapping[str, t.Any]) -> Timers:
    timers: t.Dict[str, t.Any] = {}
    for variable, (field, low, high, what) in _TIMERS.items():
        if variable in values:
            timers[field] = check.integer(variable, values[variable], low, high, what)
    if "bird_error_wait_time" in values:
        timers["error_wait"] = read_error_wait(check, "bird_error_wait_time", values["bird_error_wait_time"])
    return Timers(**timers)


def _log(check: Checker, value: t.Any) -> str:
    return value if value in ("syslog", "stderr") else check.path("bird_log", value)


def _entries(
    check: Checker, where: str, value: t.Any, keys: t.Sequence[str]
) -> t.Iterator[t.Tuple[str, t.Mapping[str, t.Any]]]:
    for index, item in enumerate(check.items(where, value)):
        if not isinstance(item, t.Mapping) or set(item) != set(keys):
            check.refuse(f"{where}[{index}]", item, f"is not of this kind; give a mapping with {', '.join(keys)}")
        else:
            yield f"{where}[{index}]", item


def _owners(check: Checker, value: t.Any) -> t.Tuple[Ownership, ...]:
    owners = set()
    for where, item in _entries(check, "bird_owners", value, ("block", "as_number")):
        block = check.network(f"{where}.block", item["block"])
        as_number = check.integer(f"{where}.as_number", item["as_number"], 1, LARGEST_AS, "an AS number")
        if block is not None:
            owners.add(Ownership(block, as_number))
    return tuple(sorted(owners, key=lambda one: (one.block, one.as_number)))


def _reflected(check: Checker, value: t.Any) -> t.Tuple[Reflected, ...]:
    reflected = set()
    for where, item in _entries(check, "bird_reflected", value, ("prefix", "shortest", "longest")):
        prefix = check.network(f"{where}.prefix", item["prefix"], "a pool")
        shortest = check.integer(f"{where}.shortest", item["shortest"], 1, 32, "a prefix length")
        longest = check.integer(f"{where}.longest", item["longest"], shortest, 32, "a prefix length")
        if prefix is not None:
            if shortest < prefix.prefixlen:
                check.refuse(f"{where}.shortest", item["shortest"], f"is wider than {prefix}; give a greater length")
            reflected.add(Reflected(prefix, shortest, longest))
    return tuple(sorted(reflected, key=lambda one: (one.prefix, one.shortest, one.longest)))


def _password_names(
    check: Checker, values: t.Mapping[str, t.Any]
) -> t.Tuple[t.Callable[[t.Any], bool], t.Tuple[str, ...]]:
    # Only which peers have a password is looked at here; no message may ever hold one.
    passwords = values.get("bird_passwords", {})
    if not isinstance(passwords, t.Mapping):
        check.faults.append(
            "bird_passwords: it is not a mapping; give the name of a peer and its password, {} for none"
        )
        passwords = {}
    everywhere = bool(values.get("bird_password"))
    return lambda name: bool(passwords.get(name, everywhere)), tuple(str(name) for name in passwords)


def _defaults(check: Checker, values: t.Mapping[str, t.Any]) -> Session:
    given = {key: values.get(f"bird_{key}") for key in _DEFAULTS}
    return read_session(check, "bird_", given, DEFAULT_SESSION, is_external=False)


def _peers(check: Checker, values: t.Mapping[str, t.Any], defaults: Session) -> t.Tuple[Peer, ...]:
    has_password, named = _password_names(check, values)
    items = enumerate(check.items("bird_peers", values.get("bird_peers", ())))
    read = [read_peer(check, f"bird_peers[{index}]", item, defaults, has_password) for index, item in items]
    peers = tuple(sorted((peer for peer in read if peer is not None), key=lambda peer: peer.address))
    for name in sorted(set(named) - {peer.name for peer in peers}):
        check.faults.append(f"bird_passwords: {name} is no peer of this node; name one, or remove it")
    return peers


def parse(values: t.Mapping[str, t.Any]) -> Settings:
    """Make settings of a node's host vars.

    Args:
        values: the bird_* variables of the role, by their names; an optional one that is None or empty text is absent.

    Returns:
        Settings in which every value is safe to be written into bird.conf.

    Raises:
        InvalidInput: with all faults at once.
    """
    if not isinstance(values, t.Mapping):
        raise InvalidInput([f"bird settings: {values!r} is not a mapping; give the bird_* variables"])
    check = Checker()
    check.keys("bird settings", values, [*_REQUIRED, *_OPTIONAL, *_TIMERS])
    values = {key: value for key, value in values.items() if value is not None and value != ""}
    missing = [key for key in _REQUIRED if key not in values]
    check.faults.extend(f"{key} is missing; set it for this node" for key in missing)
    session = _defaults(check, values)
    peers = _peers(check, values, session)
    includes = enumerate(check.items("bird_includes", values.get("bird_includes", ())))
    blocks = check.networks("bird_blocks", values.get("bird_blocks", ()))
    timers = _timers(check, values)
    metric = check.integer(
        "bird_kernel_metric", values.get("bird_kernel_metric", 0), 0, _LARGEST_METRIC, "a route metric"
    )
    paths = check.integer("bird_ecmp_paths", values.get("bird_ecmp_paths", 1), 1, _LARGEST_WEIGHT, "a number of paths")
    log = _log(check, values.get("bird_log", "syslog"))
    files = tuple(check.path(f"bird_includes[{index}]", item) for index, item in includes)
    is_transit = check.boolean("bird_transit", values.get("bird_transit", False))
    owners = _owners(check, values.get("bird_owners", ()))
    reflected = _reflected(check, values.get("bird_reflected", ()))
    encapsulation = read_encapsulation(check, values.get("bird_encapsulation", ()))
    subnets = check.networks("bird_subnets", values.get("bird_subnets", ()))
    cluster_id = values.get("bird_route_reflector_cluster_id")
    if cluster_id is not None:
        cluster_id = check.address("bird_route_reflector_cluster_id", cluster_id, "a cluster id")
    if missing:
        raise InvalidInput(check.faults)
    address = check.address("bird_address", values["bird_address"])
    settings = Settings(
        router_id=check.address("bird_router_id", values.get("bird_router_id", str(address)), "a router id"),
        address=address,
        as_number=check.integer("bird_as_number", values["bird_as_number"], 1, LARGEST_AS, "an AS number"),
        blocks=blocks,
        peers=peers,
        session=session,
        is_transit=is_transit,
        owners=owners,
        reflected=reflected,
        cluster_id=cluster_id,
        encapsulation=encapsulation,
        subnets=subnets,
        ecmp_paths=paths,
        kernel_metric=metric,
        timers=timers,
        log=log,
        includes=files,
    )
    if not check.faults:
        check.faults.extend(find_contradictions(settings))
    if check.faults:
        raise InvalidInput(check.faults)
    return settings
