# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of frr.conf for a lab's router, in FRR's own order and words, so that a reload finds only real changes."""

from __future__ import annotations

import re
import typing as t

from .router import Router, RouterPeer

LOG_FILE = "/run/frr/frr.log"
HIDDEN = "********"

_FARTHEST = 255
_HOLD_TIME = 180
_PASSWORD_LINE = re.compile(r"^( neighbor \S+ password ).*$", re.MULTILINE)


def render_router(router: Router) -> str:
    """Render frr.conf."""
    lines = [
        "frr defaults traditional",
        f"hostname {router.name}",
        f"log file {LOG_FILE} informational",
        "ip forwarding",
        "no ipv6 forwarding",
        "service integrated-vtysh-config",
        "!",
    ]
    # What a router announces must be in its own table first.
    lines += [f"ip route {prefix} blackhole" for prefix in router.announces]
    lines += [
        "!",
        f"router bgp {router.as_number}",
        f" bgp router-id {router.address}",
        " no bgp ebgp-requires-policy",
    ]
    for peer in router.peers:
        lines += [f" neighbor {peer.address} {words}" for words in _peer_words(router, peer)]
    lines += [" !", " address-family ipv4 unicast"]
    lines += [f"  network {prefix}" for prefix in router.announces]
    lines += [" exit-address-family", "exit", "!"]
    watched = [peer.address for peer in router.peers if peer.has_bfd and _is_guarded_neighbour(peer)]
    if watched:
        lines += ["bfd", *(line for address in watched for line in (f" peer {address}", " exit", " !")), "exit", "!"]
    lines.append("end")
    return "".join(f"{line}\n" for line in lines)


def without_passwords(text: str) -> str:
    """Return a configuration as people may see it."""
    return _PASSWORD_LINE.sub(rf"\1{HIDDEN}", text)


def _is_guarded_neighbour(peer: RouterPeer) -> bool:
    # FRR takes an external session with TTL security for a multihop one, and so would BFD, which a neighbour does not
    # answer (peer_ttl_security_hops_set in bgpd/bgpd.c, PEER_IS_MULTIHOP in bgpd/bgp_bfd.h). BFD must be set up beside.
    return peer.is_direct and peer.has_ttl_security


def _peer_words(router: Router, peer: RouterPeer) -> t.Iterator[str]:
    yield f"remote-as {peer.as_number}"
    yield f"description {peer.name}"
    if peer.has_bfd and not _is_guarded_neighbour(peer):
        yield "bfd"
    if peer.password:
        yield f"password {peer.password}"
    if peer.has_ttl_security:
        yield f"ttl-security hops {peer.multihop or 1}"
    elif not peer.is_direct and peer.as_number != router.as_number:
        yield f"ebgp-multihop {peer.multihop or _FARTHEST}"
    if peer.hold_time is not None or peer.keepalive_time is not None:
        hold_time = peer.hold_time or _HOLD_TIME
        yield f"timers {peer.keepalive_time or max(1, hold_time // 3)} {hold_time}"
    # FRR waits two minutes by default.
    yield "timers connect 5"
