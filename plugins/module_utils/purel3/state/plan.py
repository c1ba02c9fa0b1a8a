# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked for, what is there, and the ordered operations that lead from one to the other."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, field

from ..base.errors import ForeignObject, InvalidInput
from .model import (
    ADDRESS,
    GUARD,
    NAMESPACE,
    OWN_NAMESPACE,
    ROUTE,
    SYSCTL,
    TUNNEL,
    VETH,
    Address,
    Guard,
    Key,
    Namespace,
    Place,
    Resource,
    Route,
    Sysctl,
    Tunnel,
    Veth,
    VethKey,
    device_place,
    place_in_words,
)
from .ownership import TUNNEL_MODULE
from .words import describe

ADD = "add"
CHANGE = "change"
DELETE = "delete"

# A tunnel is opened only behind its guard.
RANK = {NAMESPACE: 0, GUARD: 1, VETH: 2, TUNNEL: 2, ADDRESS: 3, SYSCTL: 4, ROUTE: 5}

# Light deletes and whatever stands in the way of an add come first, with the addresses that take the place of deleted
# ones; what cannot be made good again comes last, when nothing that could still fail is left.
MAKE_WAY = 0
BUILD = 1
DISMANTLE = 2

# Interfaces that the kernel puts into every namespace when a tunnel module is loaded
# (net.core.fb_tunnels_only_for_init_net).
FALLBACK_DEVICES = frozenset(
    ("lo", "tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0")
)


class Interface(t.NamedTuple):
    """An interface of any kind, as far as planning needs to know it.

    Args:
        ifindex: its number.
        kind: veth, bridge, ...; empty for plain devices.
        owner: whose mark it bears; empty for a foreign one.
        pair: the veth pair that it is an end of, where both ends were seen.
        is_up: whether it is up.
    """

    ifindex: int
    kind: str
    owner: str
    pair: t.Optional[VethKey]
    is_up: bool = False


@dataclass(frozen=True)
class Request:
    """What should be so.

    Args:
        present: the objects that should be there.
        absent: the keys that should not be there.
        absent_interfaces: veth pairs of which one end is here should not be there either.
        exact_interfaces: where addresses of ours that are not listed as present should go.
        purges: the owner whose other objects should go; empty to leave all others alone.
        protocols: routes of these protocol numbers count as ours, because the user named them.
        has_optional_settings: leave out kernel settings that this network namespace does not have.
        trusted: these keys count as ours whatever they bear (for undoing).
    """

    present: t.Mapping[Key, Resource]
    absent: t.FrozenSet[Key] = frozenset()
    absent_interfaces: t.FrozenSet[Place] = frozenset()
    exact_interfaces: t.FrozenSet[Place] = frozenset()
    purges: str = ""
    protocols: t.FrozenSet[int] = frozenset()
    has_optional_settings: bool = False
    trusted: t.FrozenSet[Key] = frozenset()


@dataclass(frozen=True)
class Observed:
    """What is there.

    Args:
        resources: everything that was read.
        owners: whose each object of ours is; foreign objects are missing here.
        interfaces: every interface that was read.
        namespaces: the namespaces that were read; one that is missing here does not exist.
        lacks: kinds of objects that this host cannot hold yet, with what it lacks and the remedy.
    """

    resources: t.Mapping[Key, Resource] = field(default_factory=dict)
    owners: t.Mapping[Key, str] = field(default_factory=dict)
    interfaces: t.Mapping[Place, Interface] = field(default_factory=dict)
    namespaces: t.FrozenSet[str] = frozenset((OWN_NAMESPACE,))
    lacks: t.Mapping[str, str] = field(default_factory=dict)


class Op(t.NamedTuple):
    """One operation: add (before is None), change, or delete (after is None)."""

    phase: int
    before: t.Optional[Resource]
    after: t.Optional[Resource]

    @property
    def subject(self) -> Resource:
        """The object as it will be, or as it was where it goes."""
        subject = self.after if self.after is not None else self.before
        if subject is None:
            raise ValueError("an operation without an object")
        return subject

    @property
    def verb(self) -> str:
        """ADD, CHANGE or DELETE."""
        if self.before is None:
            return ADD
        return DELETE if self.after is None else CHANGE

    @property
    def namespace(self) -> str:
        """The namespace in which it is carried out; a veth pair is made from its inner end."""
        subject = self.subject
        if isinstance(subject, Namespace):
            return subject.name
        if isinstance(subject, Veth):
            return subject.outer.namespace if self.after is None else subject.inner.namespace
        return subject.namespace


Plan = t.Tuple[Op, ...]


class Comparison(t.NamedTuple):
    """What comparing a request with what is there has found.

    Args:
        plan: the operations in the order in which they can be carried out; empty when all is so already.
        obstacles: what has to be there before the plan can be carried out, a sentence each.
    """

    plan: Plan
    obstacles: t.Tuple[str, ...]


def compare(request: Request, observed: Observed) -> Comparison:
    """Find the operations that make a request true, and what they lack.

    Args:
        request: what should be so.
        observed: what is there.

    Returns:
        The plan and its obstacles.

    Raises:
        ForeignObject: objects that are not ours stand in the way; names all of them.
    """
    return _Comparer(request, observed).compare()


def diff(request: Request, observed: Observed) -> Plan:
    """Find the operations that make a request true.

    Args:
        request: what should be so.
        observed: what is there.

    Returns:
        The operations in the order in which they can be carried out; empty when all is so already.

    Raises:
        ForeignObject: objects that are not ours stand in the way; names all of them.
        InvalidInput: the request needs an interface or a namespace that does not exist.
    """
    plan, obstacles = compare(request, observed)
    if obstacles:
        raise InvalidInput(obstacles)
    return plan


class _Comparer:
    def __init__(self, request: Request, observed: Observed) -> None:
        self.request = request
        self.observed = observed
        self.ops: t.List[Op] = []
        self.foreign: t.List[str] = []
        self.obstacles: t.Set[str] = set()
        self.going = {key for key in self._unwanted() if key in observed.resources}
        self.gone_places: t.Set[Place] = set()
        self.cleared_places: t.Set[Place] = set()
        self.gone_namespaces = {key[1] for key in self.going if key[0] == NAMESPACE}
        self.going_addresses: t.Dict[Place, t.List[str]] = {}
        self.new_places: t.Set[Place] = set()
        self.foreign_devices: t.Dict[str, t.List[str]] = {}
        for (namespace, device), interface in observed.interfaces.items():
            if not interface.owner and device not in FALLBACK_DEVICES:
                self.foreign_devices.setdefault(namespace, []).append(device)

    def _unwanted(self) -> t.Iterator[Key]:
        yield from self.request.absent
        for place in sorted(self.request.absent_interfaces):
            standing = self.observed.interfaces.get(place)
            if standing is not None and standing.pair is not None:
                yield standing.pair
            elif standing is not None:
                self.foreign.append(
                    f"{_interface_in_words(place)} is not a veth and not ours, and what is not ours is never deleted"
                )
        for key in self.observed.owners if self.request.exact_interfaces else ():
            address = self.observed.resources[key]
            is_exact = (
                isinstance(address, Address) and (address.namespace, address.device) in self.request.exact_interfaces
            )
            if is_exact and key not in self.request.present:
                yield key
        if self.request.purges:
            for key, owner in self.observed.owners.items():
                if owner == self.request.purges and key not in self.request.present:
                    yield key

    def compare(self) -> Comparison:
        veths = [wanted for wanted in self.request.present.values() if isinstance(wanted, Veth)]
        for key in self.going:
            self._note_gone(self.observed.resources[key])
        replaced = [veth for veth in veths if self._is_replaced(veth)]
        for veth in replaced:
            self._make_way(self.observed.resources[veth.key])
        for veth in veths:
            self._compare_veth(veth)
        for wanted in self.request.present.values():
            if isinstance(wanted, Tunnel):
                self._compare_tunnel(wanted)
        for wanted in self.request.present.values():
            if not isinstance(wanted, (Tunnel, Veth)):
                self._compare(wanted)
        for key in self.going:
            self._remove(self.observed.resources[key])
        if self.foreign:
            raise ForeignObject("\n".join(sorted(self.foreign)))
        return Comparison(tuple(sorted(self.ops, key=_order)), tuple(sorted(self.obstacles)))

    def _is_ours(self, key: Key, actual: Resource) -> bool:
        if key in self.observed.owners or key in self.request.trusted:
            return True
        return isinstance(actual, Route) and actual.is_simple and actual.protocol in self.request.protocols

    def _note_gone(self, actual: Resource) -> None:
        if isinstance(actual, Veth):
            self.gone_places.update((actual.outer.place, actual.inner.place))
        elif isinstance(actual, Address):
            self.going_addresses.setdefault((actual.namespace, actual.device), []).append(actual.address)

    def _make_way(self, actual: Resource) -> None:
        self._note_gone(actual)
        if isinstance(actual, Veth):
            self.cleared_places.update((actual.outer.place, actual.inner.place))
        self.ops.append(Op(MAKE_WAY, actual, None))

    def _is_gone(self, place: Place) -> bool:
        return place in self.gone_places or place[0] in self.gone_namespaces

    def _is_replaced(self, wanted: Veth) -> bool:
        actual = self.observed.resources.get(wanted.key)
        if not isinstance(actual, Veth) or actual.inner.place == wanted.inner.place:
            return False
        if not self._is_ours(wanted.key, actual):
            self._refuse(actual, "is the end of another veth pair and not ours")
            return False
        return True

    def _compare_veth(self, wanted: Veth) -> None:
        actual = self.observed.resources.get(wanted.key)
        if isinstance(actual, Veth) and not self._is_gone(actual.outer.place):
            settled = Veth(wanted.outer.settled(actual.outer), wanted.inner.settled(actual.inner))
            if settled != actual and actual.inner.place == wanted.inner.place:
                self._change(actual, settled)
            return
        for end in (wanted.outer, wanted.inner):
            self._require_namespace(end.namespace, wanted)
            self.new_places.add(end.place)
            standing = self.observed.interfaces.get(end.place)
            if standing is None:
                continue
            if not self._is_gone(end.place):
                whose = "another veth pair of ours" if standing.owner else "not ours"
                self.foreign.append(
                    f"{_interface_in_words(end.place)} stands in the way of {describe(wanted)}: it is {whose}; "
                    "delete or rename it, or choose another name"
                )
            elif standing.pair in self.going:
                self._expedite(standing.pair)
        self.ops.append(Op(BUILD, None, wanted))

    def _expedite(self, key: VethKey) -> None:
        """Delete a pair first, because a new one takes the name of one of its ends."""
        self.going.discard(key)
        self._make_way(self.observed.resources[key])

    def _compare_tunnel(self, wanted: Tunnel) -> None:
        actual = self.observed.resources.get(wanted.key)
        is_ours = actual is not None and self._is_ours(wanted.key, actual)
        if not wanted.group:
            if is_ours and actual != wanted:
                self.ops.append(Op(BUILD, actual, wanted))
            return
        place = (wanted.namespace, wanted.device)
        if not isinstance(actual, Tunnel):
            self.obstacles.add(
                f"{describe(wanted)}: there is no {_interface_in_words(place)}; load the kernel module {TUNNEL_MODULE}"
            )
            self.new_places.add(place)
            self.ops.append(Op(BUILD, None, wanted))
            return
        signs = sorted(self._foreign_addresses(place))
        if not is_ours:
            self._refuse_tunnels_of_others(wanted)
            signs += ["is up"] if actual.is_up else []
            signs += [f"bears group {actual.group} and alias {actual.alias!r}"] if actual.group or actual.alias else []
        if signs:
            self.foreign.append(
                f"{_interface_in_words(place)} stands in the way of {describe(wanted)}: somebody else uses it, for it "
                f"{', '.join(signs)}; end that use, or do without encapsulation"
            )
        elif actual != wanted:
            self.ops.append(Op(BUILD, actual, wanted))

    def _refuse_tunnels_of_others(self, wanted: Tunnel) -> None:
        """Refuse to open a tunnel beside others of its kind: the guard would drop what comes through these."""
        for place, interface in self.observed.interfaces.items():
            is_other = place[0] == wanted.namespace and place[1] != wanted.device
            if is_other and interface.kind == TUNNEL_MODULE and interface.is_up and not interface.owner:
                self.foreign.append(
                    f"{_interface_in_words(place)} stands in the way of {describe(wanted)}: it is a tunnel of somebody "
                    "else, and the guard would drop what comes through it; end that use, or do without encapsulation"
                )

    def _foreign_addresses(self, place: Place) -> t.Iterator[str]:
        for key, resource in self.observed.resources.items():
            is_here = isinstance(resource, Address) and device_place(resource) == place
            if is_here and key not in self.request.present and not self._is_ours(key, resource):
                yield f"has {describe(resource)}"

    def _compare(self, wanted: Resource) -> None:
        lack = self.observed.lacks.get(wanted.key[0])
        if lack:
            self.obstacles.add(f"{describe(wanted)}: {lack}")
        place = device_place(wanted)
        if place is not None and not isinstance(wanted, Sysctl) and not self._will_be_there(place):
            self.obstacles.add(f"{describe(wanted)}: there is no {_interface_in_words(place)}; create it first")
            return
        actual = self.observed.resources.get(wanted.key)
        if actual is None and isinstance(wanted, Sysctl) and place not in self.new_places:
            if self.request.has_optional_settings:
                return
            lack = "no such setting here; correct its name, or load the kernel module that brings it"
            if place is not None and place not in self.observed.interfaces:
                lack = f"no {_interface_in_words(place)}; create it first"
            self.obstacles.add(f"{describe(wanted)}: there is {lack}")
        if actual is None or device_place(actual) in self.cleared_places:
            self.ops.append(Op(self._phase_of_add(wanted), None, wanted))
        elif isinstance(actual, Namespace):
            if not actual.is_whole:
                self.ops.append(Op(BUILD, None, wanted))
        elif actual != wanted:
            self._change(actual, wanted)

    def _phase_of_add(self, wanted: Resource) -> int:
        """An address is added before another goes: with its last address an interface loses all its routes.

        Not so in the same subnet: there it would be a secondary address, and go with the primary one.
        """
        going = self.going_addresses.get((wanted.namespace, wanted.device), []) if isinstance(wanted, Address) else []
        if not going or device_place(wanted) in self.new_places:
            return BUILD
        return BUILD if _subnet(t.cast(Address, wanted).address) in map(_subnet, going) else MAKE_WAY

    def _require_namespace(self, namespace: str, wanted: Resource) -> None:
        if namespace in self.observed.namespaces or (NAMESPACE, namespace) in self.request.present:
            return
        remedy = "start what it belongs to first" if namespace.startswith("/") else "create it first"
        self.obstacles.add(f"{describe(wanted)}: there is no netns {namespace}; {remedy}")

    def _will_be_there(self, place: Place) -> bool:
        return place in self.new_places or (place in self.observed.interfaces and not self._is_gone(place))

    def _change(self, actual: Resource, wanted: Resource) -> None:
        if isinstance(actual, Sysctl) or self._is_ours(actual.key, actual):
            self.ops.append(Op(BUILD, actual, wanted))
        else:
            self._refuse(actual, "is there and not ours")

    def _refuse(self, actual: Resource, why: str) -> None:
        self.foreign.append(f"{describe(actual)} stands in the way: it {why}; remove it, or ask for something else")

    def _remove(self, actual: Resource) -> None:
        if not self._is_ours(actual.key, actual):
            self._refuse(actual, "is not ours, and what is not ours is never deleted")
            return
        place = device_place(actual)
        if place is not None and self._is_gone(place):
            return
        if isinstance(actual, Namespace):
            self._refuse_foreign_content(actual)
        is_last = isinstance(actual, (Guard, Namespace, Veth))
        self.ops.append(Op(DISMANTLE if is_last else MAKE_WAY, actual, None))

    def _refuse_foreign_content(self, namespace: Namespace) -> None:
        for device in self.foreign_devices.get(namespace.name, ()):
            self.foreign.append(
                f"netns {namespace.name} cannot be deleted: it holds interface {device}, which is not ours; "
                "move or delete that first"
            )


def _interface_in_words(place: Place) -> str:
    return f"interface {place[1]} {place_in_words(place[0])}".rstrip()


def _subnet(address: str) -> str:
    return str(ipaddress.ip_interface(address).network)


def _rank(resource: Resource) -> int:
    """A next hop must be reachable before a route can name it, so routes through a gateway come after the others."""
    return RANK[resource.key[0]] + (isinstance(resource, Route) and bool(resource.gateway))


def _order(op: Op) -> t.Tuple[int, bool, str, int, Key]:
    rank = _rank(op.subject)
    if op.phase == BUILD:
        return (op.phase, op.namespace == OWN_NAMESPACE, op.namespace, rank, op.subject.key)
    return (op.phase, op.after is None, "", -rank, op.subject.key)
