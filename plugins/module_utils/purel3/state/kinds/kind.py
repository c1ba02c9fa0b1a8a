# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of object is: all that plans, words, scopes, the reader and the writer know of it."""

from __future__ import annotations

import typing as t

from ...kernel.nf_tables import TableContent
from ...kernel.records import LinkRecord
from ...kernel.wire import Message
from .scope import OWN_NAMESPACE, Gathering

if t.TYPE_CHECKING:
    from ..plan import Comparer

Place = t.Tuple[str, str]
# The name of the kind, then what the kernel knows an object of that kind by.
Key = t.Tuple[t.Any, ...]


class Resource(t.Protocol):
    """An object: frozen, and equal to another where the kernel makes no difference."""

    @property
    def key(self) -> Key:
        """The kernel's identity of it."""

    @property
    def namespace(self) -> str:
        """Empty for the node's own, a name in /run/netns, or an absolute path."""


class Content(t.NamedTuple):
    """What one namespace holds.

    links: by ifindex.
    dumps: what else was read there, by the name of the kind that asked for it.
    ids: which namespace an id means here, as far as it was asked.
    """

    links: t.Dict[int, LinkRecord]
    dumps: t.Dict[str, t.List[t.Any]]
    ids: t.Dict[int, str]


class Found(t.NamedTuple):
    """All that was read.

    contents: by namespace.
    viewers: where pairs of which only one end was read count too.
    names: the named namespaces.
    settings: namespace, path and value of each.
    nft_tables: what stands in each table of nftables that is there, by family and name.
    """

    contents: t.Mapping[str, Content]
    viewers: t.AbstractSet[str]
    names: t.Sequence[Resource]
    settings: t.Sequence[t.Tuple[str, str, str]]
    nft_tables: t.Mapping[t.Tuple[str, str], TableContent]


class Dump(t.NamedTuple):
    """A question to the kernel, and how each of its answers is read (None for one that is no object)."""

    message: Message
    parse: t.Callable[[bytes, int, int], t.Optional[t.Any]]


class Setting(t.NamedTuple):
    """A value to be written below /proc/sys."""

    path: str
    value: str


class Transaction(t.NamedTuple):
    """Changes of tables of nftables, all of them or none."""

    changes: t.Tuple[Message, ...]


class EndConnections(t.NamedTuple):
    """Connections to be forgotten: those that were begun to one of these addresses, before any translation."""

    destinations: t.FrozenSet[str]


class KernelStep(t.NamedTuple):
    """A part of an operation, and the namespace in which it is done."""

    namespace: str
    act: t.Union[Message, Setting, Transaction, EndConnections]


class Numbers(t.Protocol):
    """What operations need to know of the running kernel."""

    own: int
    has_ipv6: bool
    ifindexes: t.Dict[Place, int]

    def new_ifindex(self, place: Place) -> int:
        """Give an interface that will be made its number."""

    def descriptor(self, namespace: str) -> int:
        """Open a namespace."""


def _marked_as_it_is(before: Resource, after: Resource) -> t.Tuple[Resource, Resource]:
    return before, after


def _compare_plainly(comparer: Comparer, wanted: Resource) -> None:
    comparer.compare_plainly(wanted)


def _gather_namespace(gathering: Gathering, resource: Resource) -> None:
    gathering.references.add(resource.namespace)


def _gather_namespace_of_key(gathering: Gathering, key: Key) -> None:
    gathering.references.add(key[1])


class Kind(t.NamedTuple):
    """A kind of object; what most kinds have in common need not be said.

    name: the first part of its keys.
    rank: kinds of lower rank are made first and deleted last.
    describe: an object in one line, as its user would say it.
    found: what is there of it, each with its owner (empty for a foreign one).
    write: what makes an object (before is None), changes it, or deletes it (after is None).
    compare: plan what one wanted object needs.
    jointly_marked: an object before and after a change, both with the marks of both, by which other objects are ours.
    clear_way: plan, before anything is compared, what one wanted object needs to have gone.
    is_interface: compared before what hangs on interfaces.
    is_last: deleted last, when nothing that could still fail is left, since it cannot be made good again.
    is_deletable: can be made and deleted by itself.
    is_late: whether an object waits for the others of its kind.
    is_named: whether an object is ours because the user named the number of its route protocol.
    is_whole: whether an object is more than what an interrupted run left.
    comes_along: whether the kernel makes it anew with what it hangs on.
    can_be_remade: whether it can be put back once it is gone.
    site: the namespace in which it is worked on, and whether that is for deleting it.
    place: the interface that it hangs on.
    places: the interfaces that come and go with it.
    folds_into: the interface or namespace with which it comes and goes without being told.
    describe_change: both sides in words.
    tells_after_alone: a change is told by the words of what it leads to.
    gather: what must be read to see an object.
    gather_key: what must be read to see that it is not there.
    dumps: what is asked in each namespace, given the numbers of the routing tables to read there.
    link_to_delete: the interface whose deletion deletes it; many such are deleted at once.
    """

    name: str
    rank: int
    describe: t.Callable[[t.Any], str]
    found: t.Callable[[Found], t.Iterable[t.Tuple[Resource, str]]]
    write: t.Callable[[t.Any, t.Any, Numbers], t.Iterable[KernelStep]]
    compare: t.Callable[[Comparer, t.Any], None] = _compare_plainly
    jointly_marked: t.Callable[[t.Any, t.Any], t.Tuple[Resource, Resource]] = _marked_as_it_is
    clear_way: t.Optional[t.Callable[[Comparer, t.Any], None]] = None
    is_interface: bool = False
    is_last: bool = False
    is_deletable: bool = True
    is_late: t.Callable[[t.Any], bool] = lambda _resource: False
    is_named: t.Callable[[t.Any, t.Container[int]], bool] = lambda _resource, _protocols: False
    is_whole: t.Callable[[t.Any], bool] = lambda _resource: True
    comes_along: t.Callable[[t.Any], bool] = lambda _resource: False
    can_be_remade: t.Callable[[t.Any], bool] = lambda _resource: True
    site: t.Callable[[t.Any, bool], str] = lambda resource, _is_going: str(resource.namespace)
    place: t.Callable[[t.Any], t.Optional[Place]] = lambda _resource: None
    places: t.Callable[[t.Any], t.Tuple[Place, ...]] = lambda _resource: ()
    folds_into: t.Optional[t.Callable[[t.Any], Place]] = None
    describe_change: t.Optional[t.Callable[[t.Any, t.Any], t.Tuple[str, str]]] = None
    tells_after_alone: bool = False
    gather: t.Callable[[Gathering, t.Any], None] = _gather_namespace
    gather_key: t.Callable[[Gathering, Key], None] = _gather_namespace_of_key
    dumps: t.Callable[[t.Iterable[int]], t.Iterable[Dump]] = lambda _tables: ()
    link_to_delete: t.Optional[t.Callable[[t.Any], Place]] = None


def place_in_words(namespace: str) -> str:
    """Name a namespace for people, such as `in netns web1`; empty for the node's own."""
    if namespace == OWN_NAMESPACE:
        return ""
    return f"in {namespace}" if namespace.startswith("/") else f"in netns {namespace}"


def interface_in_words(place: Place) -> str:
    """Name an interface for people, such as `interface eth0 in netns web1`."""
    return f"interface {place[1]} {place_in_words(place[0])}".rstrip()


def words_in_place(words: str, namespace: str) -> str:
    """Say what it is, and where."""
    return f"{words} {place_in_words(namespace)}".rstrip()


def name_of(number: int, numbers: t.Mapping[str, int]) -> str:
    """Name a number of the kernel's, or give its digits where it has no name."""
    return next((name for name, known in numbers.items() if known == number), str(number))
