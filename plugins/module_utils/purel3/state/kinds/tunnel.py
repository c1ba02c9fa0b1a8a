# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fallback interfaces of tunnel modules, which the kernel makes with the module: they are set up, and released."""

from __future__ import annotations

import typing as t

from ...kernel import wire
from ...values.modes import MODES
from . import address
from .kind import Found, KernelStep, Key, Kind, Numbers, Place, Resource, interface_in_words, words_in_place
from .ownership import joint_mark, link_owner, recorded_addresses
from .scope import OWN_NAMESPACE

if t.TYPE_CHECKING:
    from ..plan import Comparer

TUNNEL = "tunnel"
# The module of each such interface; the kernel calls an interface of it by the same word.
_MODULES = {mode.device: mode.module for mode in MODES.values() if mode.is_made_by_kernel}


class Tunnel(t.NamedTuple):
    """The fallback interface of a tunnel module.

    mtu: bytes.
    is_up: administratively up.
    group: interface group; 0 for one that is nobody's.
    alias: IFLA_IFALIAS.
    """

    namespace: str
    device: str
    mtu: int
    is_up: bool
    group: int
    alias: str

    @property
    def key(self) -> Key:
        """The kernel's identity of it."""
        return (TUNNEL, self.namespace, self.device)


def _place(tunnel: Tunnel) -> Place:
    return (tunnel.namespace, tunnel.device)


def _describe(tunnel: Tunnel) -> str:
    addresses = ",".join(sorted(recorded_addresses(tunnel.alias)))
    state = "up" if tunnel.is_up else "down"
    words = f"tunnel {tunnel.device}{f'  {addresses} ' if addresses else ''} mtu {tunnel.mtu} {state}"
    return words_in_place(words, tunnel.namespace)


def _compare(comparer: Comparer, wanted: Tunnel) -> None:
    actual = comparer.observed.resources.get(wanted.key)
    is_ours = actual is not None and comparer.is_ours(actual)
    if not wanted.group:
        if is_ours and actual != wanted:
            comparer.build(actual, wanted)
        return
    place = _place(wanted)
    if not isinstance(actual, Tunnel):
        remedy = f"load the kernel module {_MODULES[wanted.device]}"
        comparer.obstacles.add(f"{_describe(wanted)}: there is no {interface_in_words(place)}; {remedy}")
        comparer.new_places.add(place)
        comparer.build(None, wanted)
        return
    signs = sorted(_foreign_addresses(comparer, place))
    if not is_ours:
        _refuse_tunnels_of_others(comparer, wanted)
        signs += ["is up"] if actual.is_up else []
        signs += [f"bears group {actual.group} and alias {actual.alias!r}"] if actual.group or actual.alias else []
    if signs:
        comparer.foreign.append(
            f"{interface_in_words(place)} stands in the way of {_describe(wanted)}: somebody else uses it, for it "
            f"{', '.join(signs)}; end that use, or do without encapsulation"
        )
    elif actual != wanted:
        comparer.build(actual, wanted)


def _refuse_tunnels_of_others(comparer: Comparer, wanted: Tunnel) -> None:
    """Refuse to open a tunnel beside others of its kind: the guard would drop what comes through these."""
    for place, interface in comparer.observed.interfaces.items():
        is_other = place[0] == wanted.namespace and place[1] != wanted.device
        if is_other and interface.kind == _MODULES[wanted.device] and interface.is_up and not interface.owner:
            comparer.foreign.append(
                f"{interface_in_words(place)} stands in the way of {_describe(wanted)}: it is a tunnel of somebody "
                "else, and the guard would drop what comes through it; end that use, or do without encapsulation"
            )


def _jointly_marked(before: Tunnel, after: Tunnel) -> t.Tuple[Tunnel, Tunnel]:
    if not before.group or not after.group:
        return before, after
    alias = joint_mark(before.alias, after.alias)
    return before._replace(alias=alias), after._replace(alias=alias)


def _foreign_addresses(comparer: Comparer, place: Place) -> t.Iterator[str]:
    for key, resource in comparer.observed.resources.items():
        is_here = isinstance(resource, address.Address) and address.place_of(resource) == place
        if is_here and key not in comparer.request.present and not comparer.is_ours(resource):
            yield f"has {address.describe(t.cast(address.Address, resource))}"


def _found(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    content = found.contents.get(OWN_NAMESPACE)
    for link in content.links.values() if content else ():
        if link.name in _MODULES:
            tunnel = Tunnel(OWN_NAMESPACE, link.name, link.mtu, link.is_up, link.group, link.alias)
            yield tunnel, link_owner(link.group)


def _write(_before: t.Optional[Tunnel], after: t.Optional[Tunnel], numbers: Numbers) -> t.Iterator[KernelStep]:
    """Marked before it is up, and down before it is not marked any more."""
    if after is not None:
        ifindex = numbers.ifindexes[_place(after)]
        settings = wire.set_link(ifindex, alias=after.alias, group=after.group, mtu=after.mtu)
        state = wire.set_link(ifindex, is_up=after.is_up)
        for message in [settings, state] if after.is_up else [state, settings]:
            yield KernelStep(after.namespace, message)


# It is opened only behind its guard, whose rank is lower.
KIND = Kind(
    TUNNEL,
    2,
    _describe,
    _found,
    _write,
    compare=_compare,
    jointly_marked=_jointly_marked,
    is_interface=True,
    place=_place,
)
