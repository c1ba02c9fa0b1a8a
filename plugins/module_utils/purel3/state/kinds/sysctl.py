# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings below /proc/sys: nobody's, so any may be changed; they come and go with their interface."""

from __future__ import annotations

import typing as t

from .kind import Found, KernelStep, Key, Kind, Numbers, Place, Resource, Setting, interface_in_words, words_in_place
from .scope import Gathering

if t.TYPE_CHECKING:
    from ..plan import Comparer

SYSCTL = "sysctl"


class Sysctl(t.NamedTuple):
    """A kernel setting.

    namespace: only settings below net/ differ between namespaces.
    path: with slashes, for example net/ipv4/ip_forward.
    value: as the kernel prints it, fields joined by one space.
    """

    namespace: str
    path: str
    value: str

    @property
    def key(self) -> Key:
        """The kernel's identity of it."""
        return (SYSCTL, self.namespace, self.path)

    @property
    def device(self) -> str:
        """The interface that it is a setting of; empty where it is not one's."""
        parts = self.path.split("/")
        is_of_device = len(parts) == 5 and parts[0] == "net" and parts[2] in ("conf", "neigh")
        return parts[3] if is_of_device and parts[3] not in ("all", "default") else ""


def proxy_arp(namespace: str, device: str, value: str) -> Sysctl:
    """Whether the kernel answers ARP for others: 0 or 1."""
    return Sysctl(namespace, f"net/ipv4/conf/{device}/proxy_arp", value)


def proxy_delay(namespace: str, device: str, value: str) -> Sysctl:
    """How long the kernel waits before it answers ARP for others, in hundredths of a second."""
    return Sysctl(namespace, f"net/ipv4/neigh/{device}/proxy_delay", value)


def rp_filter(namespace: str, device: str, value: str) -> Sysctl:
    """Whether the way back to a packet's source must lead through where it came in (RFC 3704).

    0 for no, 1 for the same interface, 2 for any interface.
    """
    return Sysctl(namespace, f"net/ipv4/conf/{device}/rp_filter", value)


def _place(setting: Sysctl) -> t.Optional[Place]:
    device = setting.device
    return (setting.namespace, device) if device else None


def _describe(setting: Sysctl) -> str:
    return words_in_place(f"sysctl {setting.path.replace('/', '.')} = {setting.value}", setting.namespace)


def _compare(comparer: Comparer, wanted: Sysctl) -> None:
    actual = comparer.observed.resources.get(wanted.key)
    place = _place(wanted)
    if actual is None and place not in comparer.new_places:
        if comparer.request.has_optional_settings:
            return
        lack = "no such setting here; correct its name, or load the kernel module that brings it"
        if place is not None and place not in comparer.observed.interfaces:
            lack = f"no {interface_in_words(place)}; create it first"
        comparer.obstacles.add(f"{_describe(wanted)}: there is {lack}")
    if actual is None or place in comparer.cleared_places:
        comparer.build(None, wanted)
    elif actual != wanted:
        comparer.build(actual, wanted)


def _gather(gathering: Gathering, setting: Sysctl) -> None:
    gathering.references.add(setting.namespace)
    gathering.sysctls.add((setting.namespace, setting.path))


def _found(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    for setting in found.settings:
        yield Sysctl(*setting), ""


def _write(_before: t.Optional[Sysctl], after: t.Optional[Sysctl], _numbers: Numbers) -> t.Iterator[KernelStep]:
    if after is not None:
        yield KernelStep(after.namespace, Setting(after.path, after.value))


KIND = Kind(SYSCTL, 4, _describe, _found, _write, compare=_compare, is_deletable=False, place=_place, gather=_gather)
