# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges each step by what iproute2 and /proc show, with no code of the library."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

from .box import UPLINK
from .fleet import DEVICE, GATEWAY, MAC, Member

_SETTINGS = Path("/proc/sys/net/ipv4")
_NAMES = Path("/run/netns")
_SAMPLE = 5


class Wrong(Exception):
    """A way did not do what it was timed for."""


def check_present(members: t.Sequence[Member]) -> None:
    """Judge that the workloads are there, all of each, and no others.

    Args:
        members: the workloads.

    Raises:
        Wrong: what is missing or too many.
    """
    _same("namespaces", _names(), {member.name for member in members})
    links = {link["ifname"]: link for link in _ip("-details", "link") if link["ifname"] not in ("lo", *UPLINK)}
    _same("host interfaces", set(links), {member.host for member in members})
    _same("host interfaces not up", {name for name, link in links.items() if "UP" not in link["flags"]}, set())
    _same("MAC addresses", {link["address"] for link in links.values()}, {MAC})
    _same("IPv6 address modes", {link.get("inet6_addr_gen_mode", "none") for link in links.values()}, {"none"})
    _same("host routes", _host_routes(), {(member.address, member.host) for member in members})
    _same("values of proxy_arp", {_read(f"conf/{member.host}/proxy_arp") for member in members}, {"1"})
    _same("values of proxy_delay", {_read(f"neigh/{member.host}/proxy_delay") for member in members}, {"0"})
    step = max(1, len(members) // _SAMPLE)
    for member in {*members[::step], members[len(members) // 2], members[-1]}:
        _check_inside(member)


def check_absent() -> None:
    """Judge that no workload is left.

    Raises:
        Wrong: what is left.
    """
    _same("namespaces", _names(), set())
    _same("host interfaces", {link["ifname"] for link in _ip("link")}, {"lo", *UPLINK})
    _same("host routes", _host_routes(), set())


def _check_inside(member: Member) -> None:
    # The kernel's news that the other end is up may come up to a second later.
    text = _run("ip", "-n", member.name, "route").replace("linkdown ", "")
    wanted = f"default via {GATEWAY} dev {DEVICE} \n{GATEWAY} dev {DEVICE} scope link \n"
    _same(f"routes in {member.name}", set(text.splitlines()), set(wanted.splitlines()))
    links = {link["ifname"]: link for link in _ip("-n", member.name, "address")}
    _same(f"interfaces in {member.name}", set(links), {"lo", DEVICE})
    for link in links.values():
        _same(f"flags of {link['ifname']} in {member.name}", {"UP"} & set(link["flags"]), {"UP"})
    found = {f"{entry['local']}/{entry['prefixlen']}" for entry in links[DEVICE]["addr_info"]}
    _same(f"addresses in {member.name}", found, {f"{member.address}/32"})


def _names() -> t.Set[str]:
    return set(os.listdir(_NAMES)) if _NAMES.exists() else set()


def _host_routes() -> t.Set[t.Tuple[str, str]]:
    routes = _ip("route", "show", "table", "main")
    return {(route["dst"], route["dev"]) for route in routes if route["dev"] not in UPLINK}


def _read(setting: str) -> str:
    return (_SETTINGS / setting).read_text(encoding="utf-8").strip()


def _ip(*words: str) -> t.List[t.Dict[str, t.Any]]:
    found: t.List[t.Dict[str, t.Any]] = json.loads(_run("ip", "-json", *words) or "[]")
    return [item for item in found if item]


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _same(what: str, found: t.Set[t.Any], wanted: t.Set[t.Any]) -> None:
    if found != wanted:
        missing, extra = sorted(wanted - found)[:3], sorted(found - wanted)[:3]
        raise Wrong(f"{what}: {len(found)}, wanted {len(wanted)}; missing {missing}, too many {extra}")
