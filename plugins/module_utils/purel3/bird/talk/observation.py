# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a running BIRD, once or until its sessions are up."""

from __future__ import annotations

import ipaddress
import sys
import time
import typing as t
from dataclasses import dataclass, field, replace

from ...base.errors import BirdError
from .bfd import parse_bfd
from .control import Control, connected
from .expected import ExpectedPeer
from .exports import read_exports
from .sessions import what_is_missing, with_telling_errors
from .status import BirdRoute, Daemon, Exports, ProtocolStatus, parse_daemon, parse_protocols, parse_routes

_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
_REFUSED = ("TCPMD5NotFound", "TCPMD5Unexpected", "TCPMD5Failure")
# What BIRD 3 says then.
_NO_TABLE = "No valid tables"


@dataclass(frozen=True)
class Snapshot:
    """What a running BIRD said at one moment.

    daemon: about itself.
    protocols: sorted by name.
    routes: in BIRD's order.
    filtered: routes that import filters refused, where BIRD keeps them.
    bfd: the state of BFD's sessions by the address of the peer.
    exports: what it hands to the kernel; None where it says nothing of that, or nothing was asked.
    """

    daemon: Daemon
    protocols: t.Tuple[ProtocolStatus, ...]
    routes: t.Tuple[BirdRoute, ...]
    filtered: t.Tuple[BirdRoute, ...] = ()
    bfd: t.Mapping[str, str] = field(default_factory=dict)
    exports: t.Optional[Exports] = None


@dataclass(frozen=True)
class Wait:
    """What to wait for.

    peers: whom sessions must be up with; empty for all that BIRD is configured with.
    with_routes: whether the peers' blocks must be in BIRD and in the kernel, too.
    timeout: seconds.
    """

    peers: t.Tuple[ExpectedPeer, ...] = ()
    with_routes: bool = False
    timeout: float = 120.0


def kernel_networks(table: t.Iterable[str]) -> t.FrozenSet[str]:
    """Read from /proc/net/route which networks the kernel's main table knows, for example 10.244.104.0/26."""
    found = set()
    for line in table:
        fields = line.split()
        if len(fields) > 7 and fields[0] != "Iface":
            network, mask = (int(fields[column], 16).to_bytes(4, sys.byteorder) for column in (1, 7))
            found.add(str(ipaddress.IPv4Network((network, str(ipaddress.IPv4Address(mask))))))
    return frozenset(found)


def dropped_for_password(statistics: t.Iterable[str]) -> int:
    """Read from /proc/net/netstat how many TCP segments came without or with another password than expected."""
    names, values = (line.split() for line in statistics if line.startswith("TcpExt:"))
    return sum(int(value) for name, value in zip(names, values) if name in _REFUSED)


def _protocols(control: Control) -> t.Tuple[ProtocolStatus, ...]:
    protocols = parse_protocols(control.tell("show protocols all"))
    with open("/proc/self/net/netstat", encoding="ascii") as statistics:
        dropped = dropped_for_password(statistics)
    return tuple(
        replace(one, session=replace(one.session, refused_segments=dropped))
        if one.session and not one.is_established
        else one
        for one in protocols
    )


def read_routes(control: Control, which: str = "") -> t.Tuple[BirdRoute, ...]:
    """Ask BIRD for its routes, as `show route` with some words more; raises BirdError.

    Returns:
        None of them where no protocol has a table, as after the withdrawal of a configuration.
    """
    return parse_routes(control.tell(f"show route {which}".rstrip(), _NO_TABLE))


def _daemon(control: Control) -> Daemon:
    return parse_daemon(control.tell("show status"))


def _missing_in_kernel(wait: Wait) -> t.Optional[str]:
    with open("/proc/self/net/route", encoding="ascii") as table:
        known = kernel_networks(table)
    missing = [f"{block} of {peer.name}" for peer in wait.peers for block in peer.blocks if block not in known]
    return f"all sessions up; not in the kernel yet: {', '.join(missing)}" if missing else None


def _missing(control: Control, wait: Wait, errors: t.Dict[str, str]) -> t.Optional[str]:
    protocols = with_telling_errors(_protocols(control), errors)
    missing = what_is_missing(wait.peers, protocols, read_routes(control, "all") if wait.with_routes else None)
    if missing is not None or not wait.with_routes:
        return missing
    if _daemon(control).is_recovering:
        return "all sessions up; BIRD still recovers from a restart and holds its routes back"
    # BIRD 3 hands its routes to the kernel some time after it has them.
    return _missing_in_kernel(wait)


def _wait(control: Control, path: str, wait: Wait) -> None:
    started = time.monotonic()
    pause = _SHORTEST_PAUSE
    errors: t.Dict[str, str] = {}
    while True:
        missing = _missing(control, wait, errors)
        if missing is None:
            return
        if time.monotonic() - started + pause > wait.timeout:
            raise BirdError(
                f"{path}: after {wait.timeout:g} s: {missing}; "
                "check that BIRD runs there, that TCP port 179 is open, and that both sides name each other's AS"
            )
        time.sleep(pause)
        pause = min(pause * 1.2, _LONGEST_PAUSE)


def read(path: str, wait: t.Optional[Wait], *, with_routes: bool = True) -> t.Optional[Snapshot]:
    """Read everything that BIRD says of itself.

    wait: what must be true first; None to read at once.

    Returns:
        None when no BIRD listens there and nothing is waited for.

    Raises BirdError: no BIRD to wait for, no answer, or what was still missing at the timeout.
    """
    with connected(path) as control:
        if control is None:
            if wait is not None:
                raise BirdError(f"{path}: no BIRD listens there, so no session can come up; start it (bird_service)")
            return None
        if wait is not None:
            _wait(control, path, wait)
        return _snapshot(control, with_routes=with_routes)


def _snapshot(control: Control, *, with_routes: bool) -> Snapshot:
    protocols = _protocols(control)
    if not with_routes:
        return Snapshot(_daemon(control), protocols, ())
    refused = sum(channel.filtered for protocol in protocols for channel in protocol.channels)
    filtered = read_routes(control, "all filtered") if refused else ()
    has_bfd = any(protocol.kind == "BFD" and protocol.state == "up" for protocol in protocols)
    bfd = parse_bfd(control.tell("show bfd sessions")) if has_bfd else {}
    exports = read_exports(control)
    return Snapshot(_daemon(control), protocols, read_routes(control, "all"), filtered, bfd, exports)
