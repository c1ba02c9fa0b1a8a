# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Around a change whose sessions restart: hold the routes that were learnt, and let go when they are learnt again.

What is held is a static copy that BIRD prefers less, in a file of its own.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import re
import typing as t
from dataclasses import dataclass, field

from ...base.errors import BirdError, FabricError, KernelError
from ...base.files import File, Ownership, read, restore, write
from ...base.proposal import Proposal
from ...base.waiting import until, until_empty
from ..talk.configure import asking_again, wait_for_quiet
from ..talk.control import DEFAULT_SOCKET, Control, connected
from ..talk.defaults import DEFAULT_CONFIG
from ..talk.observation import read_routes
from ..talk.reply import Line
from ..talk.status import parse_protocols
from .seal import HELD_SYMBOL, is_intact, loaded_digest, seal, sealed_digest

FILE = "fabric_held.conf"
PROTOCOL = "fabric_held"
# Below that of BGP (100), so that a held route is used only where none is learnt.
PREFERENCE = 50

_HEADER = "# Written by the Ansible collection purel3.fabric while sessions restart; bird_hold takes it away again."
_ROUTE = re.compile(r"(?P<network>\S+)?\s+unicast \[(?P<protocol>\S+) ")
_HOP = re.compile(
    r"\tvia (?P<gateway>\S+) on (?P<interface>\S+)(?P<onlink> onlink)?(?: mpls \S+)?(?: weight (?P<weight>[0-9]+))?"
)
_STATIC = re.compile(r"^  route (\S+)( via .+);$", re.MULTILINE)
_LEFT = re.compile(r" via (\S+)%'([^']+)'( onlink)?(?: weight ([0-9]+))?")
_INCLUDE = 'include "fabric_held*.conf";'
_NOT_READY = "aren't accepting exports"
_LOAD_TIMEOUT = 60.0
_PAUSE = 0.2
_MOST_NAMED = 10


@dataclass(frozen=True)
class HoldOptions:
    """Whether a node should hold the routes that it has learnt.

    is_held: True to hold them, False to let go.
    path: the configuration that includes the file.
    socket: the control socket of its BIRD.
    patience: seconds to wait until what is held is learnt again; 0 to let go whatever is.
    """

    is_held: bool
    path: str = DEFAULT_CONFIG
    socket: str = DEFAULT_SOCKET
    patience: float = 60.0

    @property
    def file(self) -> str:
        """The file with the routes."""
        return os.path.join(os.path.dirname(self.path), FILE)


@dataclass(frozen=True, order=True)
class Hop:
    """One way that a route goes.

    gateway: the next router.
    interface: towards it.
    is_onlink: whether it counts as directly connected.
    weight: its share among several.
    """

    gateway: str
    interface: str
    is_onlink: bool = False
    weight: int = 1


@dataclass(frozen=True)
class HeldRoute:
    """One route to hold.

    network: for example 10.244.104.0/26.
    hops: sorted.
    """

    network: str
    hops: t.Tuple[Hop, ...]


@dataclass
class _Found:
    network: str = ""
    protocol: str = ""
    hops: t.List[Hop] = field(default_factory=list)


def propose(request: HoldOptions) -> Proposal:
    """Plan that a node holds its learnt routes, or lets go of them; nothing is held where no BIRD runs.

    Raises FabricError: no answer, or a bird.conf that is not what BIRD runs.
    """
    old, config = read(request.file), read(request.path)
    with connected(request.socket) as control:
        loaded = None if control is None else loaded_digest(control, HELD_SYMBOL)
        if control is not None:
            wait_for_quiet(control, request.socket)
        if not request.is_held:
            if old is None and loaded is None:
                return Proposal(values={"held": []})
            if control is not None:
                _require_same(control, request, config)
            held = parse_held(old.text) if old is not None else ()
            return Proposal(
                operations=tuple(f"- held route {one.network}" for one in held) or (f"- file {request.file}",),
                before="" if old is None else old.text,
                apply=functools.partial(_let_go, request, old),
                values={"held": []},
            )
        if control is None:
            return Proposal(values={"held": []})
        held = join(parse_held(old.text) if old is not None and loaded is not None else (), _learnt(control))
        if not held:
            return Proposal(values={"held": []})
        _require_same(control, request, config)
        text = seal(render(held), HELD_SYMBOL)
        is_same = old is not None and old.text == text and loaded == sealed_digest(text, HELD_SYMBOL)
        owner = config.ownership if config is not None else Ownership(0, 0, 0o640)
    return Proposal(
        operations=() if is_same else tuple(f"+ held route {one.network}" for one in held),
        before="" if old is None else old.text,
        after=text,
        apply=functools.partial(_hold, request, old, File(text, owner)),
        values={"held": [one.network for one in held]},
    )


def _require_same(control: Control, request: HoldOptions, config: t.Optional[File]) -> None:
    # A plain reload would load whatever stands in that file.
    if config is None or not is_intact(config.text) or sealed_digest(config.text) != loaded_digest(control):
        raise BirdError(
            f"{request.path}: it is not what BIRD at {request.socket} runs, so nothing can be loaded beside it; "
            "run bird_config first"
        )
    if _INCLUDE not in config.text:
        raise BirdError(
            f"{request.path}: it does not include {FILE}, so no routes can be held; run bird_config with what this "
            "version of the collection renders first"
        )


def _exported(control: Control, kernel: str) -> t.Tuple[Line, ...]:
    # BIRD 3 refuses this as long as the kernel's protocol is not ready, which has been given nothing then.
    return control.tell(f"show route export {kernel}", _NOT_READY)


def _learnt(control: Control) -> t.Tuple[HeldRoute, ...]:
    protocols = parse_protocols(control.tell("show protocols"))
    sessions = {one.name for one in protocols if one.session is not None}
    found: t.Tuple[HeldRoute, ...] = ()
    for kernel in (one.name for one in protocols if one.kind == "Kernel" and one.state == "up"):
        found = join(found, parse_exported(_exported(control, kernel), sessions))
    return found


def _missing(control: Control, held: t.Iterable[HeldRoute]) -> t.Tuple[str, ...]:
    sessions = {one.name for one in parse_protocols(control.tell("show protocols")) if one.session is not None}
    learnt = {route.network for route in read_routes(control) if route.protocol in sessions}
    return tuple(one.network for one in held if one.network not in learnt)


def _hold(request: HoldOptions, old: t.Optional[File], new: File) -> None:
    try:
        write(request.file, new)
    except OSError as error:
        raise KernelError(f"{request.file}: cannot write it: {error.strerror}; no route is held") from error
    try:
        with connected(request.socket) as control:
            if control is None:
                raise BirdError(f"{request.socket}: BIRD ended meanwhile; start it, and run again")
            _reload(control, request, sealed_digest(new.text, HELD_SYMBOL))
    except FabricError:
        with contextlib.suppress(OSError):
            restore(request.file, old)
        raise


def _let_go(request: HoldOptions, old: t.Optional[File]) -> None:
    held = parse_held(old.text) if old is not None else ()
    with connected(request.socket) as control:
        if control is not None and request.patience > 0:
            _wait_until_learnt(control, request, held)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(request.file)
        except OSError as error:
            raise KernelError(f"{request.file}: cannot remove it: {error.strerror}; run again") from error
        if control is not None:
            try:
                _reload(control, request, None)
            except FabricError:
                if old is not None:
                    write(request.file, old)
                raise


def _wait_until_learnt(control: Control, request: HoldOptions, held: t.Sequence[HeldRoute]) -> None:
    missing = until_empty(lambda: _missing(control, held), request.patience, _PAUSE)
    if missing:
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        raise BirdError(
            f"{request.socket}: after {request.patience:g} s no session has brought "
            f"{', '.join(missing[:_MOST_NAMED])}{more}, so all routes are still held; see why, or let go of "
            "them with wait_timeout 0"
        )


def _reload(control: Control, request: HoldOptions, wanted: t.Optional[str]) -> None:
    with asking_again(control):
        control.tell("configure")
        is_taken = until(lambda: loaded_digest(control, HELD_SYMBOL) == wanted, _LOAD_TIMEOUT, _PAUSE / 4)
    if not is_taken:
        raise BirdError(f"{request.socket}: BIRD did not take {request.file} within {_LOAD_TIMEOUT:g} s")


def parse_exported(lines: t.Iterable[Line], protocols: t.Collection[str]) -> t.Tuple[HeldRoute, ...]:
    """Read what BIRD gives the kernel (show route export), merged and resolved as the kernel has it.

    Returns:
        The IPv4 routes with a gateway that came from these protocols, sorted by network.
    """
    found: t.List[_Found] = []
    network = ""
    for line in lines:
        route, hop = _ROUTE.match(line.text), _HOP.match(line.text)
        if route is not None:
            network = route.group("network") or network
            found.append(_Found(network, route.group("protocol")))
        elif hop is not None and found:
            found[-1].hops.append(
                Hop(
                    hop.group("gateway"),
                    hop.group("interface"),
                    bool(hop.group("onlink")),
                    int(hop.group("weight") or 1),
                )
            )
        elif not line.text.startswith("\t"):
            found.append(_Found())
    return _sorted(
        HeldRoute(one.network, tuple(sorted(one.hops)))
        for one in found
        if one.protocol in protocols and one.hops and ":" not in one.network
    )


def parse_held(text: str) -> t.Tuple[HeldRoute, ...]:
    """Read what render made, or nothing: the routes, sorted by network."""
    return _sorted(
        HeldRoute(
            network,
            tuple(
                Hop(gateway, name, bool(onlink), int(weight or 1))
                for gateway, name, onlink, weight in _LEFT.findall(hops)
            ),
        )
        for network, hops in _STATIC.findall(text)
    )


def join(held: t.Iterable[HeldRoute], learnt: t.Iterable[HeldRoute]) -> t.Tuple[HeldRoute, ...]:
    """Say what to hold on: what is learnt now, and what is held because it is not learnt at the moment; sorted."""
    return _sorted({**{one.network: one for one in held}, **{one.network: one for one in learnt}}.values())


def render(routes: t.Sequence[HeldRoute]) -> str:
    """Write the file, without its seal: a static protocol, the same text for the same routes."""
    lines = [
        f"  route {route.network}{''.join(_hop(hop, is_only=len(route.hops) == 1) for hop in route.hops)};"
        for route in _sorted(routes)
    ]
    return "\n".join(
        [
            _HEADER,
            f"protocol static {PROTOCOL} {{",
            "  ipv4 {",
            f"    preference {PREFERENCE};",
            "  };",
            *lines,
            "}",
            "",
        ]
    )


def _hop(hop: Hop, *, is_only: bool) -> str:
    onlink = " onlink" if hop.is_onlink else ""
    weight = "" if is_only else f" weight {hop.weight}"
    return f" via {hop.gateway}%'{hop.interface}'{onlink}{weight}"


def _sort_key(route: HeldRoute) -> t.Tuple[int, int]:
    network = ipaddress.ip_network(route.network)
    return int(network.network_address), network.prefixlen


def _sorted(routes: t.Iterable[HeldRoute]) -> t.Tuple[HeldRoute, ...]:
    return tuple(sorted(routes, key=_sort_key))
