# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that holds learnt routes while sessions restart: a static copy of them that BIRD prefers less."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, field

from ..talk.reply import Line

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


@dataclass(frozen=True, order=True)
class Hop:
    """One way that a route goes.

    Args:
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

    Args:
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


def _sort_key(route: HeldRoute) -> t.Tuple[int, int]:
    network = ipaddress.ip_network(route.network)
    return int(network.network_address), network.prefixlen


def _sorted(routes: t.Iterable[HeldRoute]) -> t.Tuple[HeldRoute, ...]:
    return tuple(sorted(routes, key=_sort_key))


def parse_exported(lines: t.Iterable[Line], protocols: t.Collection[str]) -> t.Tuple[HeldRoute, ...]:
    """Read what BIRD gives the kernel, merged and resolved as the kernel has it.

    Args:
        lines: the reply to show route export, for the protocol of the kernel.
        protocols: the names of the sessions from which routes are learnt.

    Returns:
        The IPv4 routes with a gateway that came from those, sorted by network.
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
    """Read the file again.

    Args:
        text: what render made; empty for none.

    Returns:
        The routes, sorted by network.
    """
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
    """Say what to hold on: what is learnt now, and what is held because it is not learnt at the moment.

    Args:
        held: what is held already.
        learnt: what is learnt.

    Returns:
        One route a network, sorted.
    """
    return _sorted({**{one.network: one for one in held}, **{one.network: one for one in learnt}}.values())


def _hop(hop: Hop, *, is_only: bool) -> str:
    onlink = " onlink" if hop.is_onlink else ""
    weight = "" if is_only else f" weight {hop.weight}"
    return f" via {hop.gateway}%'{hop.interface}'{onlink}{weight}"


def render(routes: t.Sequence[HeldRoute]) -> str:
    """Write the file, without its seal.

    Args:
        routes: what to hold.

    Returns:
        A static protocol, the same text for the same routes.
    """
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
