# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From raw records of several namespaces to what is there: ends of veth pairs matched, owners told."""

from __future__ import annotations

import typing as t

from ...kernel import records, wire
from ..model import (
    OWN_NAMESPACE,
    UNSEEN_NAMESPACE,
    Address,
    End,
    Key,
    Namespace,
    Place,
    Resource,
    Route,
    Sysctl,
    Tunnel,
    Veth,
    VethKey,
    pair,
)
from ..ownership import TUNNEL_DEVICE, link_owner, recorded_addresses, route_owner
from ..plan import Interface, Observed

_UNSEEN_END = End(UNSEEN_NAMESPACE, "", "", 0, False, 0, "", None)


class Content(t.NamedTuple):
    """What one namespace holds.

    Args:
        links: by ifindex.
        addresses: all.
        routes: of the tables that were asked for.
        ids: which namespace an id means here, as far as it was asked.
    """

    links: t.Dict[int, records.LinkRecord]
    addresses: t.List[records.AddressRecord]
    routes: t.List[records.RouteRecord]
    ids: t.Dict[int, str]


def find_peer(contents: t.Mapping[str, Content], reference: str, link: records.LinkRecord) -> t.Optional[Place]:
    """Find the other end of a veth.

    Args:
        contents: by namespace.
        reference: the namespace of this end.
        link: this end.

    Returns:
        Namespace and name of the other end; None where its namespace was not read.
    """
    other = reference if link.peer_nsid is None else contents[reference].ids.get(link.peer_nsid)
    peer = contents[other].links.get(link.peer_ifindex) if other is not None and other in contents else None
    if other is None or peer is None or peer.peer_ifindex != link.ifindex:
        return None
    return (other, peer.name)


def assemble(
    contents: t.Mapping[str, Content],
    names: t.Iterable[Namespace],
    settings: t.Iterable[Sysctl],
    viewers: t.AbstractSet[str],
) -> Observed:
    """Put together what was read.

    Args:
        contents: by namespace.
        names: the named namespaces.
        settings: the kernel settings.
        viewers: where pairs of which only one end was read count too.

    Returns:
        Everything, with the owner of each object of ours.
    """
    assembly = _Assembly()
    for name in names:
        assembly.note(name, name.owner)
    for reference, content in contents.items():
        for link in content.links.values():
            if link.kind == "veth":
                assembly.note_pair(contents, reference, link)
    for reference, content in contents.items():
        assembly.note_interfaces(reference, content, reference in viewers)
        assembly.note_addresses(reference, content)
        assembly.note_routes(reference, content)
    for setting in settings:
        assembly.note(setting, "")
    return Observed(assembly.resources, assembly.owners, assembly.interfaces, frozenset(contents))


class _Assembly:
    def __init__(self) -> None:
        self.resources: t.Dict[Key, Resource] = {}
        self.owners: t.Dict[Key, str] = {}
        self.interfaces: t.Dict[Place, Interface] = {}
        self.pairs: t.Dict[Place, VethKey] = {}

    def note(self, resource: Resource, owner: str) -> None:
        if resource.key in self.resources:
            return
        self.resources[resource.key] = resource
        if owner:
            self.owners[resource.key] = owner

    def note_pair(self, contents: t.Mapping[str, Content], reference: str, link: records.LinkRecord) -> None:
        if (reference, link.name) in self.pairs:
            return
        place = find_peer(contents, reference, link)
        if place is not None:
            peer = contents[place[0]].links[link.peer_ifindex]
            self._note_veth(pair(_end(reference, link), _end(place[0], peer)))

    def _note_veth(self, veth: Veth) -> None:
        self.note(veth, link_owner(veth.outer.group))
        self.pairs[veth.outer.place] = self.pairs[veth.inner.place] = veth.key

    def note_interfaces(self, reference: str, content: Content, is_viewer: bool) -> None:
        for link in content.links.values():
            place = (reference, link.name)
            if is_viewer and link.kind == "veth" and place not in self.pairs:
                self._note_veth(pair(_end(reference, link), _UNSEEN_END))
            if place == (OWN_NAMESPACE, TUNNEL_DEVICE):
                tunnel = Tunnel(reference, link.name, link.mtu, link.is_up, link.group, link.alias)
                self.note(tunnel, link_owner(link.group))
            self.interfaces[place] = Interface(
                link.ifindex, link.kind, link_owner(link.group), self.pairs.get(place), link.is_up
            )

    def note_addresses(self, reference: str, content: Content) -> None:
        for record in content.addresses:
            link = content.links.get(record.ifindex)
            if link is not None:
                is_ours = record.address in recorded_addresses(link.alias)
                self.note(Address(reference, link.name, record.address), link_owner(link.group) if is_ours else "")

    def note_routes(self, reference: str, content: Content) -> None:
        for record in content.routes:
            link = content.links.get(record.ifindex)
            route = Route(
                reference, record.table, record.destination, record.metric, record.kind, record.gateway,
                link.name if link else "", record.scope, record.protocol, record.is_onlink, record.is_simple,
            )  # fmt: skip
            owner, alias = (link_owner(link.group), link.alias) if link else ("", "")
            self.note(route, route_owner(route, owner, alias))


def _end(reference: str, link: records.LinkRecord) -> End:
    has_link_local = link.addr_gen_mode is not None and link.addr_gen_mode != wire.ADDR_GEN_NONE
    return End(reference, link.name, link.mac, link.mtu, link.is_up, link.group, link.alias, has_link_local)
