# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node asks of BIRD: frozen types, made from host vars and checked whole."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ...base.errors import InvalidInput
from ...values import bgp, scalars
from ...values.bgp import within
from ...values.checker import Checker
from ...values.origins import BlockOwner
from ...values.session_options import DEFAULTS, OPTIONS
from .encapsulation import Encapsulation, read_encapsulation
from .peer import DEFAULT_PEER_TYPE, Peer, Session, read_peer, read_session
from .relations import find_contradictions

__all__ = ["DEFAULT_PEER_TYPE", "VARIABLES", "BlockOwner", "Peer", "Reflected", "Session", "Settings", "parse"]


@dataclass(frozen=True)
class Reflected:
    """What a route reflector may pass on.

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

    router_id: the node's identity in BGP.
    address: where its sessions come from.
    as_number: its autonomous system.
    session: what holds for sessions that ask for nothing else.
    blocks: what it owns and announces, sorted; with prefix length 32 also single addresses of other blocks.
    peers: sorted by address.
    is_transit: whether it passes on the routes of other nodes.
    owners: who may be the origin of what, sorted; for transit, and for routers that carry blocks.
    pools: what no router may announce anything inside of, sorted, but for the blocks that it carries.
    node_addresses: those of all nodes, with their subnets, sorted; no router may lead them elsewhere.
    reflected: what route reflectors may pass on, sorted.
    cluster_id: under which it reflects; None for the router id.
    encapsulation: which routes lead into the tunnel, sorted.
    subnets: those that the node is in, sorted; for what depends on them.
    ecmp_paths: over how many equal paths traffic is spread at most.
    kernel_metric: metric of the routes in the kernel; 0 means none.
    graceful_restart_wait: how long a starting BIRD waits for its peers before it touches the kernel, in seconds.
    kernel_scan_time: between two looks at the kernel's routes, in seconds.
    device_scan_time: between two looks at the interfaces, in seconds.
    log: syslog, stderr, or the path of a file.
    includes: further configuration files, for protocols that are not ours.
    """

    router_id: ipaddress.IPv4Address
    address: ipaddress.IPv4Address
    as_number: int
    session: Session
    blocks: t.Tuple[ipaddress.IPv4Network, ...] = ()
    peers: t.Tuple[Peer, ...] = ()
    is_transit: bool = False
    owners: t.Tuple[BlockOwner, ...] = ()
    pools: t.Tuple[ipaddress.IPv4Network, ...] = ()
    node_addresses: t.Tuple[ipaddress.IPv4Interface, ...] = ()
    reflected: t.Tuple[Reflected, ...] = ()
    cluster_id: t.Optional[ipaddress.IPv4Address] = None
    encapsulation: t.Tuple[Encapsulation, ...] = ()
    subnets: t.Tuple[ipaddress.IPv4Network, ...] = ()
    ecmp_paths: int = 1
    kernel_metric: int = 0
    graceful_restart_wait: int = 10
    kernel_scan_time: int = 90
    device_scan_time: int = 90
    log: str = "syslog"
    includes: t.Tuple[str, ...] = ()


Parse = t.Callable[[t.Any], t.Any]

# Fields of the settings that are one number or one text each, with their variable's reader.
_NUMBERS: t.Mapping[str, Parse] = {
    "as_number": scalars.as_number,
    "ecmp_paths": bgp.ecmp_paths,
    "kernel_metric": scalars.kernel_metric,
    "graceful_restart_wait": within(1, 3600, "seconds"),
    "kernel_scan_time": within(1, 3600, "seconds"),
    "device_scan_time": within(1, 3600, "seconds"),
}
_TEXTS: t.Mapping[str, t.Tuple[str, Parse]] = {
    "bird_address": ("address", scalars.node_address),
    "bird_router_id": ("router_id", scalars.router_id),
    "bird_route_reflector_cluster_id": ("cluster_id", bgp.cluster_id),
}
_SESSION_KEYS = tuple(name for name, option in OPTIONS.items() if option.has_variable)
_REQUIRED = ("bird_address", "bird_as_number")
_OTHERS = (
    *("bird_blocks", "bird_peers", "bird_log", "bird_includes", "bird_transit", "bird_owners", "bird_reflected"),
    *("bird_encapsulation", "bird_subnets", "bird_password", "bird_passwords", "bird_pools", "bird_node_addresses"),
)
VARIABLES = (*_TEXTS, *_OTHERS, *(f"bird_{name}" for name in (*_NUMBERS, *_SESSION_KEYS)))


def _entries(
    check: Checker, where: str, value: t.Any, keys: t.Sequence[str], others: t.Sequence[str] = ()
) -> t.Iterator[t.Tuple[str, t.Mapping[str, t.Any]]]:
    for index, item in enumerate(check.items(where, value)):
        if not isinstance(item, t.Mapping) or not set(keys) <= set(item) <= {*keys, *others}:
            check.refuse(f"{where}[{index}]", item, f"is not of this kind; give a mapping with {', '.join(keys)}")
        else:
            yield f"{where}[{index}]", item


def _owners(check: Checker, value: t.Any) -> t.Tuple[BlockOwner, ...]:
    owners = set()
    for where, item in _entries(check, "bird_owners", value, ("block", "as_number"), ("router_id",)):
        block = check.network(f"{where}.block", item["block"])
        as_number = check.parse_number(f"{where}.as_number", item["as_number"], scalars.as_number)
        router_id = None
        if item.get("router_id") is not None:
            router_id = check.parse_text(f"{where}.router_id", item["router_id"], scalars.router_id)
        if block is not None and as_number is not None:
            owners.add(BlockOwner(block, as_number, router_id))
    return tuple(sorted(owners, key=lambda one: (one.block, one.as_number)))


def _node_addresses(check: Checker, value: t.Any) -> t.Tuple[ipaddress.IPv4Interface, ...]:
    found = (
        check.parse_text(f"bird_node_addresses[{index}]", item, scalars.interface_address)
        for index, item in enumerate(check.items("bird_node_addresses", value))
    )
    return tuple(sorted({address for address in found if address is not None}))


def _reflected(check: Checker, value: t.Any) -> t.Tuple[Reflected, ...]:
    reflected = set()
    for where, item in _entries(check, "bird_reflected", value, ("prefix", "shortest", "longest")):
        prefix = check.network(f"{where}.prefix", item["prefix"], "a pool")
        shortest = check.parse_number(f"{where}.shortest", item["shortest"], within(1, 32))
        longest = check.parse_number(f"{where}.longest", item["longest"], within(shortest or 1, 32))
        if prefix is not None and shortest is not None and longest is not None:
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


def _peers(check: Checker, values: t.Mapping[str, t.Any], defaults: Session) -> t.Tuple[Peer, ...]:
    has_password, named = _password_names(check, values)
    items = check.items("bird_peers", values.get("bird_peers", ()))
    read = [read_peer(check, f"bird_peers[{index}]", item, defaults, has_password) for index, item in enumerate(items)]
    for name in sorted(set(named) - {str(item.get("name")) for item in items if isinstance(item, t.Mapping)}):
        check.faults.append(f"bird_passwords: {name} is no peer of this node; name one, or remove it")
    return tuple(sorted((peer for peer in read if peer is not None), key=lambda peer: peer.address))


def parse(values: t.Mapping[str, t.Any]) -> Settings:
    """Make settings of the role's bird_* variables; an optional one that is None or empty text is absent.

    Returns:
        Settings in which every value is safe to be written into bird.conf.

    Raises InvalidInput: with all faults at once.
    """
    if not isinstance(values, t.Mapping):
        raise InvalidInput([f"bird settings: {values!r} is not a mapping; give the bird_* variables"])
    check = Checker()
    check.keys("bird settings", values, VARIABLES)
    values = {key: value for key, value in values.items() if value is not None and value != ""}
    check.faults.extend(f"{key} is missing; set it for this node" for key in _REQUIRED if key not in values)
    options = {name: values.get(f"bird_{name}") for name in _SESSION_KEYS}
    session = read_session(check, "bird_", options, _SESSION_KEYS, DEFAULTS)
    found: t.Dict[str, t.Any] = {
        "session": session,
        "peers": _peers(check, values, session),
        "blocks": check.networks("bird_blocks", values.get("bird_blocks", ())),
        "is_transit": check.truth("bird_transit", values.get("bird_transit", False)),
        "owners": _owners(check, values.get("bird_owners", ())),
        "pools": check.networks("bird_pools", values.get("bird_pools", ())),
        "node_addresses": _node_addresses(check, values.get("bird_node_addresses", ())),
        "reflected": _reflected(check, values.get("bird_reflected", ())),
        "encapsulation": read_encapsulation(check, values.get("bird_encapsulation", ())),
        "subnets": check.networks("bird_subnets", values.get("bird_subnets", ())),
        "includes": tuple(
            check.path(f"bird_includes[{index}]", item)
            for index, item in enumerate(check.items("bird_includes", values.get("bird_includes", ())))
        ),
    }
    if "bird_log" in values:
        log = values["bird_log"]
        found["log"] = log if log in ("syslog", "stderr") else check.path("bird_log", log)
    for name, parse_number in _NUMBERS.items():
        if f"bird_{name}" in values:
            found[name] = check.parse_number(f"bird_{name}", values[f"bird_{name}"], parse_number)
    for variable, (name, parse_text) in _TEXTS.items():
        if variable in values:
            found[name] = check.parse_text(variable, values[variable], parse_text)
    if not check.faults:
        settings = Settings(**{"router_id": found["address"], **found})
        check.faults.extend(find_contradictions(settings))
    if check.faults:
        raise InvalidInput(check.faults)
    return settings
