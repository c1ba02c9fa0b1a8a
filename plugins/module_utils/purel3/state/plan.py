# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked for, what is there, and the ordered operations that lead from one to the other."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..base.errors import ForeignObject, InvalidInput
from .kinds.address import ADDRESS
from .kinds.kind import Key, Place, Resource, interface_in_words
from .kinds.namespace import NAMESPACE
from .kinds.registry import describe, device_place, kind_of
from .kinds.scope import OWN_NAMESPACE

R = t.TypeVar("R")

ADD = "add"
CHANGE = "change"
DELETE = "delete"

# What is ours is known by marks, so these come before anything that they prove, and go after all of it. In between,
# light deletes and whatever stands in the way of an add come first, with the addresses that take the place of deleted
# ones; what cannot be made good again comes last, when nothing that could still fail is left.
CLAIM = 0
MAKE_WAY = 1
BUILD = 2
RELEASE = 3
DISMANTLE = 4

# Interfaces that the kernel puts into every namespace when a tunnel module is loaded
# (net.core.fb_tunnels_only_for_init_net).
FALLBACK_DEVICES = frozenset(
    ("lo", "tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0")
)


class Interface(t.NamedTuple):
    """An interface of any kind, as far as planning needs to know it.

    kind: veth, bridge, ...; empty for plain devices.
    owner: whose mark it bears; empty for a foreign one.
    pair: the object with which it comes and goes, such as a veth pair of which both ends were seen.
    """

    ifindex: int
    kind: str
    owner: str
    pair: t.Optional[Key]
    is_up: bool = False


@dataclass(frozen=True)
class Request:
    """What should be so.

    absent_interfaces: veth pairs of which one end is here should not be there either.
    exact_interfaces: where addresses of ours that are not listed as present should go.
    purges: the owner whose other objects should go; empty to leave all others alone.
    spared: interfaces that stay as they are where others go, with all that comes with them.
    protocols: routes of these protocol numbers count as ours, because the user named them.
    has_optional_settings: leave out kernel settings that this network namespace does not have.
    trusted: these keys count as ours whatever they bear (for undoing).
    adopts: whether what somebody else made and is the same thing as what is wanted becomes ours.
    """

    present: t.Mapping[Key, Resource]
    absent: t.FrozenSet[Key] = frozenset()
    absent_interfaces: t.FrozenSet[Place] = frozenset()
    exact_interfaces: t.FrozenSet[Place] = frozenset()
    purges: str = ""
    spared: t.FrozenSet[Place] = frozenset()
    protocols: t.FrozenSet[int] = frozenset()
    has_optional_settings: bool = False
    trusted: t.FrozenSet[Key] = frozenset()
    adopts: bool = False


@dataclass(frozen=True)
class Observed:
    """What is there.

    resources: everything that was read.
    owners: whose each object of ours is; foreign objects are missing here.
    namespaces: the namespaces that were read; one that is missing here does not exist.
    lacks: kinds of objects that this host cannot hold yet, with what it lacks and the remedy.
    still: what interfaces are called that are seen under the name that they will have.
    """

    resources: t.Mapping[Key, Resource] = field(default_factory=dict)
    owners: t.Mapping[Key, str] = field(default_factory=dict)
    interfaces: t.Mapping[Place, Interface] = field(default_factory=dict)
    namespaces: t.FrozenSet[str] = frozenset((OWN_NAMESPACE,))
    lacks: t.Mapping[str, str] = field(default_factory=dict)
    still: t.Mapping[Place, str] = field(default_factory=dict)

    def of(self, kind: t.Type[R]) -> t.Iterator[R]:
        """All objects of a type, such as Route."""
        return (resource for resource in self.resources.values() if isinstance(resource, kind))


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
        """The namespace in which it is carried out."""
        subject = self.subject
        return kind_of(subject).site(subject, self.after is None)


Plan = t.Tuple[Op, ...]


class Comparison(t.NamedTuple):
    """What comparing a request with what is there has found.

    plan: the operations in the order in which they can be carried out; empty when all is so already.
    obstacles: what has to be there before the plan can be carried out, a sentence each.
    """

    plan: Plan
    obstacles: t.Tuple[str, ...]


def compare(request: Request, observed: Observed) -> Comparison:
    """Find the operations that make a request true, and what they lack.

    Raises ForeignObject where objects that are not ours stand in the way; names all of them.
    """
    return Comparer(request, observed).run()


def diff(request: Request, observed: Observed) -> Plan:
    """Find the operations that make a request true, as compare does.

    Raises also InvalidInput where the request needs an interface or a namespace that does not exist.
    """
    plan, obstacles = compare(request, observed)
    if obstacles:
        raise InvalidInput(obstacles)
    return plan


class Comparer:
    """One comparison; the kinds of objects carry it out, each for its own objects."""

    def __init__(self, request: Request, observed: Observed) -> None:
        self.request = request
        self.observed = observed
        self.ops: t.List[Op] = []
        self.foreign: t.List[str] = []
        self.obstacles: t.Set[str] = set()
        self.going = {key for key in self._unwanted() if key in observed.resources}
        self.going_on: t.Dict[Place, t.List[Resource]] = {}
        self.gone_places: t.Set[Place] = set()
        self.gone_namespaces = {key[1] for key in self.going if key[0] == NAMESPACE}
        self.cleared_places: t.Set[Place] = set()
        self.new_places: t.Set[Place] = set()
        self._devices: t.Optional[t.Dict[str, t.List[str]]] = None

    def _unwanted(self) -> t.Iterator[Key]:
        yield from self.request.absent
        for place in sorted(self.request.absent_interfaces):
            standing = self.observed.interfaces.get(place)
            if standing is not None and standing.pair is not None:
                yield standing.pair
            elif standing is not None:
                self.foreign.append(
                    f"{interface_in_words(place)} is not a veth and not ours, and what is not ours is never deleted"
                )
        for key in self.observed.owners if self.request.exact_interfaces else ():
            is_exact = key[0] == ADDRESS and device_place(self.observed.resources[key]) in self.request.exact_interfaces
            if is_exact and key not in self.request.present:
                yield key
        if self.request.purges:
            spared = self._spared()
            for key, owner in self.observed.owners.items():
                is_unwanted = owner == self.request.purges and key not in self.request.present
                if is_unwanted and spared.isdisjoint(_places_of(self.observed.resources[key])):
                    yield key

    def _spared(self) -> t.Set[Place]:
        """The interfaces that stay, both ends of a pair, and the namespaces that they are in."""
        places = set(self.request.spared)
        for place in self.request.spared:
            standing = self.observed.interfaces.get(place)
            if standing is not None and standing.pair is not None:
                pair = self.observed.resources[standing.pair]
                places.update(kind_of(pair).places(pair))
        return places | {(namespace, "") for namespace, _device in places}

    def run(self) -> Comparison:
        """Compare all that is wanted, then see to what is not."""
        for key in self.going:
            self._note_gone(self.observed.resources[key])
        wanted = [(kind_of(resource), resource) for resource in self.request.present.values()]
        # What hangs on interfaces must know which of them come and go.
        wanted.sort(key=lambda entry: not entry[0].is_interface)
        for kind, resource in wanted:
            if kind.clear_way is not None:
                kind.clear_way(self, resource)
        for kind, resource in wanted:
            kind.compare(self, resource)
        for key in self.going:
            self._remove(self.observed.resources[key])
        if self.foreign:
            raise ForeignObject("\n".join(sorted(self.foreign)))
        return Comparison(tuple(sorted(self.ops, key=_order)), tuple(sorted(self.obstacles)))

    def is_ours(self, actual: Resource) -> bool:
        """Whether it bears a mark of ours, or the request says that it is ours."""
        key = actual.key
        if key in self.observed.owners or key in self.request.trusted:
            return True
        return kind_of(actual).is_named(actual, self.request.protocols)

    def is_gone(self, place: Place) -> bool:
        """Whether an interface that is there now goes."""
        return place in self.gone_places or place[0] in self.gone_namespaces

    def build(self, actual: t.Optional[Resource], wanted: Resource) -> None:
        """Make an object, or change it; what it marked as ours and will mark is ours until all else is done."""
        if actual is None:
            self.ops.append(Op(BUILD, None, wanted))
            return
        claimed, built = kind_of(wanted).jointly_marked(actual, wanted)
        stages = ((CLAIM, actual, claimed), (BUILD, claimed, built), (RELEASE, built, wanted))
        self.ops.extend(Op(phase, before, after) for phase, before, after in stages if before != after)

    def change(self, actual: Resource, wanted: Resource) -> None:
        """Change an object if it is ours."""
        if self.is_ours(actual):
            self.build(actual, wanted)
        else:
            self.refuse(actual, "is there and not ours")

    def make_way(self, actual: Resource) -> None:
        """Delete an object before anything is made."""
        self._note_gone(actual)
        self.cleared_places.update(kind_of(actual).places(actual))
        self.ops.append(Op(MAKE_WAY, actual, None))

    def refuse(self, actual: Resource, why: str) -> None:
        """Say that an object stands in the way."""
        place = device_place(actual)
        still = self.observed.still.get(place, "") if place is not None else ""
        what = describe(actual) + (f" (still {still})" if still else "")
        self.foreign.append(f"{what} stands in the way: it {why}; remove it, or ask for something else")

    def require_namespace(self, namespace: str, wanted: Resource) -> None:
        """Say so where an object needs a namespace that is not there."""
        if namespace in self.observed.namespaces or (NAMESPACE, namespace) in self.request.present:
            return
        remedy = "start what it belongs to first" if namespace.startswith("/") else "create it first"
        self.obstacles.add(f"{describe(wanted)}: there is no netns {namespace}; {remedy}")

    def compare_plainly(self, wanted: Resource, *, comes_first: bool = False) -> None:
        """Make an object where it is missing, change it where it differs; on an interface that is there, or will be."""
        lack = self.observed.lacks.get(wanted.key[0])
        if lack:
            self.obstacles.add(f"{describe(wanted)}: {lack}")
        place = device_place(wanted)
        if place is not None and not self._will_be_there(place):
            self.obstacles.add(f"{describe(wanted)}: there is no {interface_in_words(place)}; create it first")
            return
        actual = self.observed.resources.get(wanted.key)
        if actual is None or device_place(actual) in self.cleared_places:
            self.ops.append(Op(MAKE_WAY if comes_first else BUILD, None, wanted))
        elif actual != wanted:
            self.change(actual, wanted)

    def _will_be_there(self, place: Place) -> bool:
        return place in self.new_places or (place in self.observed.interfaces and not self.is_gone(place))

    def _note_gone(self, actual: Resource) -> None:
        kind = kind_of(actual)
        if kind.is_interface:
            self.gone_places.update(kind.places(actual))
        place = kind.place(actual)
        if place is not None:
            self.going_on.setdefault(place, []).append(actual)

    def _remove(self, actual: Resource) -> None:
        if not self.is_ours(actual):
            self.refuse(actual, "is not ours, and what is not ours is never deleted")
            return
        place = device_place(actual)
        if place is not None and self.is_gone(place):
            return
        if actual.key[0] == NAMESPACE:
            self._refuse_foreign_content(actual.namespace)
        self.ops.append(Op(DISMANTLE if kind_of(actual).is_last else MAKE_WAY, actual, None))

    def _refuse_foreign_content(self, namespace: str) -> None:
        for device in self._foreign_devices().get(namespace, ()):
            self.foreign.append(
                f"netns {namespace} cannot be deleted: it holds interface {device}, which is not ours; "
                "move or delete that first"
            )

    def _foreign_devices(self) -> t.Mapping[str, t.Sequence[str]]:
        """By namespace; found once, since thousands of namespaces may go."""
        if self._devices is None:
            self._devices = {}
            for (namespace, device), interface in self.observed.interfaces.items():
                if not interface.owner and device not in FALLBACK_DEVICES:
                    self._devices.setdefault(namespace, []).append(device)
        return self._devices


def _places_of(resource: Resource) -> t.Set[Place]:
    kind = kind_of(resource)
    place = (kind.folds_into or kind.place)(resource)
    return {*kind.places(resource), *([place] if place is not None else [])}


def _rank(resource: Resource) -> t.Tuple[int, bool]:
    kind = kind_of(resource)
    return (kind.rank, kind.is_late(resource))


def _order(op: Op) -> t.Tuple[t.Any, ...]:
    rank, is_late = _rank(op.subject)
    if op.phase in (CLAIM, BUILD, RELEASE):
        return (op.phase, op.namespace == OWN_NAMESPACE, op.namespace, rank, is_late, op.subject.key)
    return (op.phase, op.after is None, "", -rank, not is_late, op.subject.key)
