# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Veth pairs. Both ends bear a group from the moment they are made, and an alias that records whose they are."""

from __future__ import annotations

import typing as t

from ...kernel import records, wire
from .kind import Content, Found, KernelStep, Key, Kind, Numbers, Place, Resource, interface_in_words, place_in_words
from .ownership import ADOPTED_GROUP, OBJECT_GROUP, joint_mark, link_owner, recorded_addresses, title_of
from .scope import OWN_NAMESPACE, UNSEEN_NAMESPACE, Gathering
from .sysctl import proxy_arp, proxy_delay

if t.TYPE_CHECKING:
    from ..plan import Comparer

VETH = "veth"


class End(t.NamedTuple):
    """One end of a veth pair.

    namespace: empty for the node's own, a name in /run/netns, or an absolute path.
    device: interface name, at most 15 bytes.
    mac: colon form; empty in a request means any.
    mtu: bytes; 0 in a request means any.
    is_up: administratively up.
    group: interface group.
    alias: IFLA_IFALIAS.
    has_link_local: whether the kernel makes an IPv6 link-local address; None in a request means any.
    """

    namespace: str
    device: str
    mac: str
    mtu: int
    is_up: bool
    group: int
    alias: str
    has_link_local: t.Optional[bool]

    @property
    def place(self) -> Place:
        """Namespace and interface name."""
        return (self.namespace, self.device)

    def settled(self, actual: End) -> End:
        """The end that is wanted, whole: what the request leaves open is as it is."""
        return self._replace(
            mac=self.mac or actual.mac,
            mtu=self.mtu or actual.mtu,
            has_link_local=actual.has_link_local if self.has_link_local is None else self.has_link_local,
        )


class Veth(t.NamedTuple):
    """A veth pair; known by its outer end.

    outer: the end in the node's own namespace, or else in the namespace whose name sorts last.
    """

    outer: End
    inner: End

    @property
    def key(self) -> Key:
        """The kernel's identity of it."""
        return (VETH, *self.outer.place)

    @property
    def namespace(self) -> str:
        """That of the outer end."""
        return self.outer.namespace

    def settled(self, actual: Veth) -> Veth:
        """The pair that is wanted, whole; one that was taken over keeps the MAC that its workload knows."""
        outer, inner = self.outer.settled(actual.outer), self.inner.settled(actual.inner)
        if actual.inner.group == ADOPTED_GROUP:
            outer, inner = outer._replace(mac=actual.outer.mac), inner._replace(group=ADOPTED_GROUP)
        return Veth(outer, inner)


_UNSEEN_END = End(UNSEEN_NAMESPACE, "", "", 0, False, 0, "", None)


def pair(one: End, other: End) -> Veth:
    """Make the veth pair of two ends, whichever is named first; its inner end's namespace is worked on first."""
    outer, inner = sorted((one, other), key=_outwardness, reverse=True)
    return Veth(outer, inner)


def _outwardness(end: End) -> t.Tuple[bool, bool, str, str]:
    return (end.namespace == OWN_NAMESPACE, end.namespace != UNSEEN_NAMESPACE, end.namespace, end.device)


def _places(veth: Veth) -> t.Tuple[Place, ...]:
    return (veth.outer.place, veth.inner.place)


def _describe(veth: Veth) -> str:
    inner = f"{veth.inner.device} {place_in_words(veth.inner.namespace)}".rstrip()
    title = title_of(veth.outer.alias)
    if title and veth.outer.group != OBJECT_GROUP:
        addresses = ",".join(sorted(recorded_addresses(veth.outer.alias)))
        is_plain = veth.inner.namespace == title
        return f"workload {title}  {addresses}  {veth.outer.device} -> {veth.inner.device if is_plain else inner}"
    outer = f"{veth.outer.device} {place_in_words(veth.outer.namespace)}".rstrip()
    return f"veth {outer} -> {inner}"


def _describe_change(before: Veth, after: Veth) -> t.Tuple[str, str]:
    old, new = _describe(before), _describe(after)
    if link_owner(after.outer.group) and not link_owner(before.outer.group):
        return old, f"{new}  taken over from {old}"
    for end_before, end_after in zip(before, after):
        for name, was, wanted in zip(End._fields, end_before, end_after):
            if was != wanted:
                old += f"  {end_before.device} {_setting(name, was)}"
                new += f"  {end_after.device} {_setting(name, wanted)}"
    return old, new


def _setting(name: str, value: object) -> str:
    if name == "is_up":
        return "up" if value else "down"
    return f"{name} {value}" if value != "" else f"no {name}"


def _clear_way(comparer: Comparer, wanted: Veth) -> None:
    """A pair whose other end is elsewhere goes before anything else."""
    actual = comparer.observed.resources.get(wanted.key)
    if not isinstance(actual, Veth) or actual.inner.place == wanted.inner.place:
        return
    if comparer.is_ours(actual):
        comparer.make_way(actual)
    else:
        comparer.refuse(actual, "is the end of another veth pair and not ours")


def _compare(comparer: Comparer, wanted: Veth) -> None:
    actual = comparer.observed.resources.get(wanted.key)
    if isinstance(actual, Veth) and not comparer.is_gone(actual.outer.place):
        settled = wanted.settled(actual)
        if settled != actual and actual.inner.place == wanted.inner.place:
            comparer.change(actual, settled)
        return
    for end in wanted:
        comparer.require_namespace(end.namespace, wanted)
        comparer.new_places.add(end.place)
        standing = comparer.observed.interfaces.get(end.place)
        if standing is None:
            continue
        if not comparer.is_gone(end.place):
            whose = "another veth pair of ours" if standing.owner else "not ours"
            comparer.foreign.append(
                f"{interface_in_words(end.place)} stands in the way of {_describe(wanted)}: it is {whose}; "
                "delete or rename it, or choose another name"
            )
        elif standing.pair in comparer.going:
            # A new pair takes the name of one of its ends.
            comparer.going.discard(standing.pair)
            comparer.make_way(comparer.observed.resources[standing.pair])
    comparer.build(None, wanted)


def _jointly_marked(before: Veth, after: Veth) -> t.Tuple[Veth, Veth]:
    aliases = [joint_mark(old.alias, new.alias) for old, new in zip(before, after)]
    return _with_aliases(before, aliases), _with_aliases(after, aliases)


def _with_aliases(veth: Veth, aliases: t.Sequence[str]) -> Veth:
    return Veth(*(end._replace(alias=alias) for end, alias in zip(veth, aliases)))


def _gather(gathering: Gathering, veth: Veth) -> None:
    gathering.references.update((veth.inner.namespace, veth.outer.namespace))
    gathering.viewers.add(veth.outer.namespace)
    gathering.sysctls.update(settings_lost_with(veth.outer.place))


def settings_lost_with(place: Place) -> t.Iterator[t.Tuple[str, str]]:
    """Namespace and path of the settings of ours that go with an end, and must come back if its deletion is undone."""
    for setting in (proxy_arp(*place, ""), proxy_delay(*place, "")):
        yield setting.namespace, setting.path


def find_peer(contents: t.Mapping[str, Content], reference: str, link: records.LinkRecord) -> t.Optional[Place]:
    """The other end of a veth that is in the namespace `reference`; None where the other's namespace was not read."""
    other = reference if link.peer_nsid is None else contents[reference].ids.get(link.peer_nsid)
    peer = contents[other].links.get(link.peer_ifindex) if other is not None and other in contents else None
    if other is None or peer is None or peer.peer_ifindex != link.ifindex:
        return None
    return (other, peer.name)


def _found(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    seen: t.Set[Place] = set()
    alone: t.List[t.Tuple[str, records.LinkRecord]] = []
    for reference, content in found.contents.items():
        for link in content.links.values():
            if link.kind != VETH or (reference, link.name) in seen:
                continue
            place = find_peer(found.contents, reference, link)
            if place is None:
                alone.append((reference, link))
                continue
            veth = pair(_end(reference, link), _end(place[0], found.contents[place[0]].links[link.peer_ifindex]))
            seen.update(_places(veth))
            yield veth, link_owner(veth.outer.group)
    for reference, link in alone:
        if reference in found.viewers and (reference, link.name) not in seen:
            veth = pair(_end(reference, link), _UNSEEN_END)
            yield veth, link_owner(veth.outer.group)


def _end(reference: str, link: records.LinkRecord) -> End:
    has_link_local = link.addr_gen_mode is not None and link.addr_gen_mode != wire.ADDR_GEN_NONE
    return End(reference, link.name, link.mac, link.mtu, link.is_up, link.group, link.alias, has_link_local)


def _write(before: t.Optional[Veth], after: t.Optional[Veth], numbers: Numbers) -> t.Iterator[KernelStep]:
    if after is None:
        if before is not None:
            yield KernelStep(before.outer.namespace, wire.delete_link(numbers.ifindexes[before.outer.place]))
        return
    inner = after.inner.namespace
    if before is None:
        ends = [
            wire.VethEnd(end.device, numbers.new_ifindex(end.place), end.mac, end.mtu, end.group)
            for end in (after.inner, after.outer)
        ]
        yield KernelStep(inner, wire.create_veth(ends[0], ends[1], numbers.descriptor(after.outer.namespace)))
    for end_before, end in ((before and before.inner, after.inner), (before and before.outer, after.outer)):
        if end_before != end:
            for message in _end_messages(end_before, end, numbers):
                yield KernelStep(end.namespace, message)


def _end_messages(before: t.Optional[End], after: End, numbers: Numbers) -> t.Iterator[wire.Message]:
    # Of one that gets another name either may be there, where a change is undone that was not finished.
    known = [end.place for end in (before, after) if end is not None and end.place in numbers.ifindexes]
    ifindex = numbers.ifindexes[known[0]]
    is_renamed = before is not None and before.device != after.device
    goes_down = before is not None and before.is_up and not after.is_up
    if is_renamed and goes_down:
        yield wire.set_link(ifindex, is_up=False)
    if before is None:
        yield wire.set_link(ifindex, alias=after.alias, addr_gen_mode=_addr_gen_mode(after, numbers))
    elif before._replace(is_up=after.is_up) != after:
        is_same_mode = before.has_link_local == after.has_link_local
        yield wire.set_link(
            ifindex,
            name=after.device if is_renamed else "",
            alias=None if before.alias == after.alias else after.alias,
            group=None if before.group == after.group else after.group,
            link_address="" if before.mac == after.mac else after.mac,
            mtu=0 if before.mtu == after.mtu else after.mtu,
            addr_gen_mode=None if is_same_mode else _addr_gen_mode(after, numbers),
        )
    if before is None or (before.is_up != after.is_up and not (is_renamed and goes_down)):
        yield wire.set_link(ifindex, is_up=after.is_up)


def _addr_gen_mode(end: End, numbers: Numbers) -> t.Optional[int]:
    if end.has_link_local is None or not numbers.has_ipv6:
        return None
    return wire.ADDR_GEN_EUI64 if end.has_link_local else wire.ADDR_GEN_NONE


KIND = Kind(
    VETH,
    2,
    _describe,
    _found,
    _write,
    compare=_compare,
    jointly_marked=_jointly_marked,
    clear_way=_clear_way,
    is_interface=True,
    is_last=True,
    # One that ended in a namespace without a name cannot be led there again.
    can_be_remade=lambda veth: bool(veth.inner.namespace != UNSEEN_NAMESPACE),
    site=lambda veth, is_going: str(veth.outer.namespace if is_going else veth.inner.namespace),
    places=_places,
    describe_change=_describe_change,
    tells_after_alone=True,
    gather=_gather,
    link_to_delete=lambda veth: veth.outer.place,
)
