# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD's replies as data: protocols, BGP sessions, routes and the daemon itself, for BIRD 2 and 3 alike."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, replace

from ...base.errors import BirdError
from .reply import Line

ESTABLISHED = "Established"

_HEADING = 2002
_ROW = 1002
_DETAIL = 1006
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?\Z")
_FIELD = re.compile(r"\s*([A-Z][A-Za-z ]*?):\s+(.+?)\s*\Z")
_CHANNEL = re.compile(r"  Channel (\S+)")
_COUNT = re.compile(r"([0-9]+) (imported|filtered|exported)")
_LIMIT = re.compile(r"([0-9]+)( \[HIT\])?")
_ROUTE = re.compile(
    r"(?P<network>\S+)?\s+(?P<kind>[a-z]+) \[(?P<protocol>\S+) (?P<since>[^\]]*?)(?: from (?P<source>\S+))?\]"
    r"\s*(?P<best>\*)?[^(]*\((?P<preference>[0-9]+)"
)
_NEXT_HOP = re.compile(r"\t(?:via (?P<gateway>\S+) on (?P<interface>\S+)|dev (?P<device>\S+))")
_BGP_NEXT_HOP = re.compile(r"\t(?:BGP\.next_hop|bgp_next_hop): ?(\S+)")
_ORIGINATOR = re.compile(r"\t(?:BGP\.originator_id|bgp_originator_id): ?(\S+)")
_AS_PATH = re.compile(r"\t(?:BGP\.as_path|bgp_path): ?(.*)")


class Limit(t.NamedTuple):
    """How many routes a channel may have, and what happens beyond.

    kind: import, receive or export.
    action: warn, block, restart or disable.
    """

    kind: str
    most: int
    action: str = ""
    is_hit: bool = False


@dataclass(frozen=True)
class Channel:
    """What a protocol exchanges with one routing table.

    name: for example ipv4.
    state: for example UP.
    imported: routes taken from the protocol.
    exported: routes given to it.
    filtered: routes that the import filter refused, where BIRD keeps them.
    limits: in BIRD's order.
    """

    name: str
    state: str = ""
    imported: int = 0
    exported: int = 0
    filtered: int = 0
    limits: t.Tuple[Limit, ...] = ()


@dataclass(frozen=True)
class SessionStatus:
    """The BGP side of a protocol.

    address: the peer's, as BIRD writes it; empty for a range of addresses.
    state: the state of BGP, for example Established or Active.
    neighbor_as: the peer's autonomous system; 0 when any is accepted.
    local_as: this node's.
    last_error: BIRD's words on what went wrong last; empty when nothing did.
    refused_segments: how many TCP segments the kernel has dropped for their password (TCP MD5) so far, whichever
        session they were for; 0 for one that is up.
    """

    address: str = ""
    state: str = ""
    neighbor_as: int = 0
    local_as: int = 0
    last_error: str = ""
    refused_segments: int = 0


@dataclass(frozen=True)
class ProtocolStatus:
    """One protocol instance; the key is its name.

    name: as configured.
    kind: for example BGP or Kernel.
    table: its routing table; empty when it has none of its own.
    state: up, start, down, stop.
    since: when it came into that state, as BIRD writes it.
    info: BIRD's remark, for example Established.
    description: as configured.
    channels: what it exchanges with the tables.
    session: None where it is not BGP.
    """

    name: str
    kind: str
    table: str
    state: str
    since: str
    info: str
    description: str = ""
    channels: t.Tuple[Channel, ...] = ()
    session: t.Optional[SessionStatus] = None

    @property
    def is_established(self) -> bool:
        """Whether it is a BGP session that is up."""
        return self.session is not None and self.state == "up" and self.session.state == ESTABLISHED


@dataclass(frozen=True)
class NextHop:
    """One way that a route goes.

    gateway: the next router; empty on a connected network.
    interface: the interface towards it.
    """

    gateway: str
    interface: str


@dataclass(frozen=True)
class BirdRoute:
    """One route in one of BIRD's tables.

    table: for example master4.
    network: for example 10.244.104.0/26.
    kind: unicast, blackhole, unreachable or prohibit.
    protocol: where it came from.
    since: when, as BIRD writes it.
    is_best: whether BIRD chose it for its network.
    preference: of its protocol.
    next_hops: empty unless unicast.
    as_path: as BIRD writes it; empty for what did not come from another AS.
    bgp_next_hop: the router that BGP names, however that is reached; empty for what did not come by BGP.
    originator: where a route that was reflected within one AS began, by its router id; empty for all others.
    """

    table: str
    network: str
    kind: str
    protocol: str
    since: str
    is_best: bool
    preference: int
    next_hops: t.Tuple[NextHop, ...] = ()
    as_path: str = ""
    bgp_next_hop: str = ""
    originator: str = ""


@dataclass(frozen=True)
class Daemon:
    """The running BIRD.

    version: for example 2.0.12.
    router_id: its identity.
    is_recovering: whether it waits for peers before it touches the kernel's routes (graceful restart).
    """

    version: str
    router_id: str
    is_recovering: bool


@dataclass(frozen=True)
class Exports:
    """The routes that the kernel's main table should have of a BIRD, all with one metric."""

    networks: t.FrozenSet[str]
    metric: int

    def have(self, network: str, metric: int) -> bool:
        """Whether a route of the kernel's is one of them."""
        return network in self.networks and metric == self.metric


def parse_daemon(lines: t.Iterable[Line]) -> Daemon:
    """Read the reply to show status."""
    text = "\n".join(line.text for line in lines)
    version = re.search(r"^BIRD (\S+)", text, re.MULTILINE)
    router_id = re.search(r"Router ID is (\S+)", text)
    return Daemon(
        version.group(1) if version else "",
        router_id.group(1) if router_id else "",
        "recovery in progress" in text,
    )


def _row(columns: t.Sequence[str], text: str) -> ProtocolStatus:
    # Values are wider than their columns when names are long, so positions say nothing; the heading gives the order.
    words = text.split()
    values: t.Dict[str, str] = {}
    for column in columns:
        if column == "info":
            break
        values[column] = words.pop(0) if words else ""
        if column == "since" and words and _TIME.match(words[0]):
            values[column] += " " + words.pop(0)
    values["info"] = " ".join(words)
    table = values.get("table", "")
    return ProtocolStatus(
        name=values["name"],
        kind=values["proto"],
        table="" if table == "---" else table,
        state=values["state"],
        since=values.get("since", ""),
        info=values["info"],
        session=SessionStatus() if values["proto"] == "BGP" else None,
    )


def _with_limit(channel: Channel, kind: str, value: str) -> Channel:
    found = _LIMIT.match(value)
    if found is None:
        return channel
    return replace(channel, limits=(*channel.limits, Limit(kind, int(found[1]), is_hit=found[2] is not None)))


def _with_field(protocol: ProtocolStatus, name: str, value: str) -> ProtocolStatus:
    if name == "Description":
        return replace(protocol, description=value)
    if protocol.channels:
        channel = protocol.channels[-1]
        if name == "State":
            channel = replace(channel, state=value)
        elif name.endswith(" limit"):
            channel = _with_limit(channel, name.partition(" ")[0].lower(), value)
        elif name == "Action" and channel.limits:
            last = channel.limits[-1]._replace(action=value)
            channel = replace(channel, limits=(*channel.limits[:-1], last))
        elif name == "Routes":
            counts = {what: int(number) for number, what in _COUNT.findall(value)}
            channel = replace(
                channel,
                imported=counts.get("imported", 0),
                exported=counts.get("exported", 0),
                filtered=counts.get("filtered", 0),
            )
        return replace(protocol, channels=(*protocol.channels[:-1], channel))
    if protocol.session is None:
        return protocol
    session = protocol.session
    if name == "BGP state":
        session = replace(session, state=value)
    elif name == "Neighbor address":
        session = replace(session, address=value)
    elif name in ("Neighbor AS", "Local AS") and value.isdigit():
        session = (
            replace(session, neighbor_as=int(value)) if name == "Neighbor AS" else replace(session, local_as=int(value))
        )
    elif name == "Last error":
        session = replace(session, last_error=value)
    return replace(protocol, session=session)


def _with_detail(protocol: ProtocolStatus, text: str) -> ProtocolStatus:
    channel = _CHANNEL.match(text)
    if channel is not None:
        return replace(protocol, channels=(*protocol.channels, Channel(channel.group(1))))
    found = _FIELD.match(text)
    return protocol if found is None else _with_field(protocol, found.group(1), found.group(2))


def parse_protocols(lines: t.Iterable[Line]) -> t.Tuple[ProtocolStatus, ...]:
    """Read the reply to show protocols or show protocols all, sorted by name.

    Raises BirdError: a heading that this library does not know.
    """
    columns: t.Tuple[str, ...] = ()
    protocols: t.List[ProtocolStatus] = []
    for line in lines:
        if line.code == _HEADING:
            columns = tuple(line.text.lower().split())
            if not {"name", "proto", "state"} <= set(columns):
                raise BirdError(f"BIRD's heading {line.text.strip()!r} is not known; use BIRD 2 or 3")
        elif line.code == _ROW and line.text.strip():
            protocols.append(_row(columns or ("name", "proto", "table", "state", "since", "info"), line.text))
        elif line.code == _DETAIL and protocols:
            protocols[-1] = _with_detail(protocols[-1], line.text)
    return tuple(sorted(protocols, key=lambda protocol: protocol.name))


@dataclass
class _Found:
    table: str = ""
    network: str = ""
    routes: t.List[BirdRoute] = field(default_factory=list)

    def take(self, text: str) -> None:
        if text.startswith("Table "):
            self.table = text[len("Table ") :].rstrip(":")
            return
        row = _ROUTE.match(text)
        if row is not None:
            # Further routes to the same network leave its column blank.
            self.network = row.group("network") or self.network
            self.routes.append(
                BirdRoute(
                    self.table,
                    self.network,
                    row.group("kind"),
                    row.group("protocol"),
                    row.group("since"),
                    row.group("best") is not None,
                    int(row.group("preference")),
                )
            )
        elif self.routes:
            self.routes[-1] = _with_attribute(self.routes[-1], text)


def _with_attribute(route: BirdRoute, text: str) -> BirdRoute:
    hop = _NEXT_HOP.match(text)
    if hop is not None:
        added = NextHop(hop.group("gateway") or "", hop.group("interface") or hop.group("device"))
        return replace(route, next_hops=(*route.next_hops, added))
    path = _AS_PATH.match(text)
    if path is not None:
        return replace(route, as_path=path.group(1).strip())
    originator = _ORIGINATOR.match(text)
    if originator is not None:
        return replace(route, originator=originator.group(1))
    next_hop = _BGP_NEXT_HOP.match(text)
    return route if next_hop is None else replace(route, bgp_next_hop=next_hop.group(1))


def parse_routes(lines: t.Iterable[Line]) -> t.Tuple[BirdRoute, ...]:
    """Read the reply to show route (all), in BIRD's order; only with `all` it has AS paths and BGP's next hops."""
    found = _Found()
    for line in lines:
        found.take(line.text)
    return tuple(found.routes)
