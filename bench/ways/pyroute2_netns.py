# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pyroute2 as its documentation shows it: an IPRoute for the host and a NetNS for each namespace."""

from __future__ import annotations

import typing as t
from pathlib import Path

from pyroute2 import IPRoute, NetNS, netns

from ..fleet import DEVICE, GATEWAY, GROUP, MAC, Fleet, Member
from .way import CHANGE, CREATE, DELETE, NO_OP, Steps, Way

_LOOPBACK = 1
_BOOT = 3
_SETTINGS = Path("/proc/sys/net/ipv4")
_NO_LINK_LOCAL = {"attrs": [["AF_INET6", {"attrs": [["IFLA_INET6_ADDR_GEN_MODE", 1]]}]]}


def _create(members: t.Sequence[Member]) -> None:
    with IPRoute() as host:
        for member in members:
            netns.create(member.name)
            host.link(
                "add",
                ifname=member.host,
                kind="veth",
                address=MAC,
                group=GROUP,
                peer={"ifname": DEVICE, "net_ns_fd": member.name},
            )
            index = host.link_lookup(ifname=member.host)[0]
            host.link("set", index=index, IFLA_AF_SPEC=_NO_LINK_LOCAL)
            host.link("set", index=index, state="up")
            host.route("add", dst=f"{member.address}/32", oif=index, scope="link", proto=_BOOT)
            _create_inside(member)
            (_SETTINGS / "conf" / member.host / "proxy_arp").write_text("1", encoding="ascii")
            (_SETTINGS / "neigh" / member.host / "proxy_delay").write_text("0", encoding="ascii")


def _create_inside(member: Member) -> None:
    with NetNS(member.name) as inside:
        inside.link("set", index=_LOOPBACK, state="up")
        index = inside.link_lookup(ifname=DEVICE)[0]
        inside.link("set", index=index, IFLA_AF_SPEC=_NO_LINK_LOCAL)
        inside.link("set", index=index, state="up")
        inside.addr("add", index=index, address=member.address, prefixlen=32)
        inside.route("add", dst=f"{GATEWAY}/32", oif=index, scope="link", proto=_BOOT)
        inside.route("add", dst="default", gateway=GATEWAY, oif=index, proto=_BOOT)


def _read(members: t.Sequence[Member]) -> None:
    with IPRoute() as host:
        list(host.get_links())
        list(host.get_routes(family=2))
    for member in members:
        with NetNS(member.name) as inside:
            list(inside.get_links())
            list(inside.get_addr(family=2))
            list(inside.get_routes(family=2))
        (_SETTINGS / "conf" / member.host / "proxy_arp").read_text(encoding="ascii")
        (_SETTINGS / "neigh" / member.host / "proxy_delay").read_text(encoding="ascii")


def _change(old: Member, new: Member) -> None:
    with NetNS(new.name) as inside:
        index = inside.link_lookup(ifname=DEVICE)[0]
        inside.addr("add", index=index, address=new.address, prefixlen=32)
        inside.addr("del", index=index, address=old.address, prefixlen=32)
    with IPRoute() as host:
        index = host.link_lookup(ifname=old.host)[0]
        host.route("del", dst=f"{old.address}/32", oif=index, scope="link", proto=_BOOT)
        host.route("add", dst=f"{new.address}/32", oif=index, scope="link", proto=_BOOT)


def _delete(members: t.Sequence[Member]) -> None:
    with IPRoute() as host:
        for member in members:
            host.link("del", index=host.link_lookup(ifname=member.host)[0])
            netns.remove(member.name)


def _prepare(fleet: Fleet, folder: Path) -> Steps:
    del folder
    return {
        CREATE: lambda: _create(fleet.members),
        NO_OP: lambda: _read(fleet.members),
        CHANGE: lambda: _change(fleet.members[fleet.victim], fleet.changed[fleet.victim]),
        DELETE: lambda: _delete(fleet.changed),
    }


WAY = Way(
    "pyroute2 `NetNS`",
    "one `NetNS` per namespace; its import is not counted",
    _prepare,
    largest=1000,
    is_slow=True,
)
