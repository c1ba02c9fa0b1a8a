# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a node's kernel holds: one dump per table and namespace."""

from __future__ import annotations

import contextlib
import os
import typing as t
from types import MappingProxyType

from ...base.errors import InvalidInput, KernelError, MissingDependency
from ...kernel import namespaces, nf_tables, nftables, records, syscalls, sysctls, wire
from ...kernel.rtnetlink import Body, RtnetlinkSocket
from ..kinds.kind import Content, Found, Place
from ..kinds.namespace import Namespace, namespace_from, placeholder_owner
from ..kinds.ownership import link_owner
from ..kinds.registry import KINDS
from ..kinds.route import ROUTE
from ..kinds.scope import OWN_NAMESPACE, TABLE_MAIN, Scope
from ..kinds.sysctl import Sysctl
from ..kinds.table import TABLE
from ..kinds.veth import VETH, End, find_peer, settings_lost_with
from ..plan import Observed
from .assembly import assemble

_RECEIVE_BUFFER = 1 << 22


def read(scope: Scope, labels: t.Mapping[Place, End] = MappingProxyType({})) -> Observed:
    """Read the own namespace and those of a scope: everything found there, with the owner of each object of ours.

    labels: the names, marks and states that some interfaces will have, by what they are called now; they are seen as if
    that were so.

    Raises InvalidInput where a namespace that must exist does not, or two references mean the same one, and KernelError
    where the kernel refuses to answer.
    """
    try:
        return _Reader(scope, labels).read()
    except PermissionError as error:
        raise KernelError(f"the kernel refuses to show its network: {error.strerror}; run as root") from error
    except OSError as error:
        raise KernelError(f"the kernel refuses to show its network: {error}") from error


class _Reader:
    def __init__(self, scope: Scope, labels: t.Mapping[Place, End]) -> None:
        self.scope = scope
        self.labels = labels
        self.contents: t.Dict[str, Content] = {}
        self.names: t.List[Namespace] = []

    def read(self) -> Observed:
        own = os.open(namespaces.OWN_PATH, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._read_contents(own)
            for viewer in sorted(self.scope.viewers & set(self.contents)):
                self._match_ends(viewer, own)
        finally:
            syscalls.setns(own)
            os.close(own)
        for (reference, device), label in self.labels.items():
            _relabel(self.contents[reference], device, label)
        for name, mode in namespaces.list_placeholders().items():
            owner = placeholder_owner(mode)
            if owner and (self.scope.has_every_own or name in self.scope.references):
                self.names.append(Namespace(name, owner, is_whole=False))
        lacks: t.Dict[str, str] = {}
        nft_tables = _read_nft_tables(self.scope, lacks)
        found = Found(self.contents, self.scope.viewers, self.names, tuple(self._settings()), nft_tables)
        return assemble(found, lacks)

    def _read_contents(self, own: int) -> None:
        seen = {_identity(own): OWN_NAMESPACE}
        with RtnetlinkSocket() as inside:
            inside.grow_receive_buffer(_RECEIVE_BUFFER)
            links = _read_links(inside) if self.scope.devices is None else _read_devices(inside, self.scope.devices)
            self.contents[OWN_NAMESPACE] = _read_content(inside, links, self.scope.tables)
        for reference in self._references():
            is_asked_for = reference in self.scope.references
            with _opened(reference) as fd:
                if fd is None:
                    continue
                if is_asked_for:
                    _refuse_alias(reference, seen, fd)
                syscalls.setns(fd)
                self._read_entered(reference, own, is_asked_for=is_asked_for)

    def _references(self) -> t.List[str]:
        names = set(self.scope.references)
        if self.scope.has_every_own:
            names.update(namespaces.list_names())
        return sorted(names - {OWN_NAMESPACE})

    def _read_entered(self, reference: str, own: int, *, is_asked_for: bool) -> None:
        with RtnetlinkSocket() as inside:
            links = _read_links(inside)
            is_named = not reference.startswith("/")
            name = namespace_from(reference, links[wire.LOOPBACK_INDEX]) if is_named else None
            if not is_asked_for and not (name and name.owner):
                return
            if name:
                self.names.append(name)
            tables = self.scope.tables if reference in self.scope.viewers else frozenset((TABLE_MAIN,))
            content = _read_content(inside, links, tables)
            self.contents[reference] = content
            # Asked from inside, where few others are known: the kernel searches all ids that a namespace has given.
            if any(link.peer_nsid is not None for link in links.values()):
                number = _ask_id(inside, own)
                if number >= 0:
                    content.ids[number] = OWN_NAMESPACE

    def _match_ends(self, viewer: str, own: int) -> None:
        """Learn where the veth pairs end that do not lead to the own namespace, or are of ours in namespaces unread."""
        if viewer != OWN_NAMESPACE:
            self._learn_ids(viewer, own, sorted(set(self.contents) - {viewer, OWN_NAMESPACE}))
        if self.scope.follows_pairs and self._ids_of_unread_ends(viewer):
            self._learn_ids(viewer, own, [name for name in namespaces.list_names() if name not in self.contents])

    def _ids_of_unread_ends(self, viewer: str) -> t.Set[t.Optional[int]]:
        matched = {
            place
            for reference, content in self.contents.items()
            for link in content.links.values()
            if link.kind == VETH
            for place in (find_peer(self.contents, reference, link),)
        }
        content = self.contents[viewer]
        return {
            link.peer_nsid
            for link in content.links.values()
            if link_owner(link.group) and link.peer_nsid not in content.ids and (viewer, link.name) not in matched
        } - {None}

    def _learn_ids(self, viewer: str, own: int, references: t.Sequence[str]) -> None:
        ids = self.contents[viewer].ids
        with _opened(viewer, own) as viewer_fd:
            if viewer_fd is None:
                return
            syscalls.setns(viewer_fd)
            with RtnetlinkSocket() as inside:
                for reference in references:
                    with _opened(reference, own) as fd:
                        if fd is None:
                            continue
                        number = _ask_id(inside, fd)
                        if number < 0:
                            continue
                        ids[number] = reference
                        if reference not in self.contents:
                            syscalls.setns(fd)
                            self._read_entered(reference, own, is_asked_for=True)

    def _settings(self) -> t.Iterator[t.Tuple[str, str, str]]:
        wanted = set(self.scope.sysctls)
        if self.scope.has_every_own:
            for link in self.contents[OWN_NAMESPACE].links.values():
                if link.kind == VETH and link_owner(link.group):
                    wanted.update(settings_lost_with((OWN_NAMESPACE, link.name)))
        names = {(reference, label.device): device for (reference, device), label in self.labels.items()}
        for reference, path in sorted(wanted):
            device = Sysctl(reference, path, "").device
            value = sysctls.read_in(
                reference, path.replace(f"/{device}/", f"/{names.get((reference, device), device)}/")
            )
            if value is not None:
                yield reference, path, value


def _relabel(content: Content, device: str, label: End) -> None:
    for ifindex, link in content.links.items():
        if link.name == device:
            content.links[ifindex] = link._replace(
                name=label.device, group=label.group, alias=label.alias, is_up=label.is_up
            )
            if link.is_up and not label.is_up:
                routes = content.dumps[ROUTE]
                routes[:] = [route for route in routes if route.ifindex != ifindex]


def _read_nft_tables(scope: Scope, lacks: t.Dict[str, str]) -> t.Dict[t.Tuple[str, str], nf_tables.TableContent]:
    found = {}
    try:
        for family, name in sorted(scope.nft_tables):
            content = nftables.read_table(family, name)
            if content is not None:
                found[(family, name)] = content
    except MissingDependency as error:
        lacks[TABLE] = str(error)
    return found


def _refuse_alias(reference: str, seen: t.Dict[t.Tuple[int, int], str], fd: int) -> None:
    first = seen.setdefault(_identity(fd), reference)
    if first != reference:
        other = f"netns {first}" if first else "this host's own namespace"
        raise InvalidInput([f"netns {reference} is the same as {other}; name each namespace once"])


def _ask_id(inside: RtnetlinkSocket, fd: int) -> int:
    answer = inside.get(wire.get_namespace_id(fd))
    return records.parse_namespace_id(*answer[1:]) if answer is not None else -1


@contextlib.contextmanager
def _opened(reference: str, own: int = -1) -> t.Iterator[t.Optional[int]]:
    fd = os.dup(own) if reference == OWN_NAMESPACE and own >= 0 else namespaces.open_namespace(reference)
    try:
        yield fd
    finally:
        if fd is not None:
            os.close(fd)


def _identity(fd: int) -> t.Tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _read_links(inside: RtnetlinkSocket) -> t.Dict[int, records.LinkRecord]:
    links = [records.parse_link(*body[1:]) for body in inside.dump(wire.dump_links())]
    return {link.ifindex: link for link in links}


def _read_devices(inside: RtnetlinkSocket, devices: t.Iterable[str]) -> t.Dict[int, records.LinkRecord]:
    answers = [inside.get(wire.get_link(name=device)) for device in devices]
    links = [records.parse_link(*answer[1:]) for answer in answers if answer is not None]
    return {link.ifindex: link for link in links}


def _read_content(inside: RtnetlinkSocket, links: t.Dict[int, records.LinkRecord], tables: t.FrozenSet[int]) -> Content:
    dumps: t.Dict[str, t.List[t.Any]] = {}
    for kind in KINDS.values():
        for dump in kind.dumps(tables):
            answers = [dump.parse(*body[1:]) for body in _dump(inside, dump.message)]
            dumps.setdefault(kind.name, []).extend(answer for answer in answers if answer is not None)
    return Content(links, dumps, {})


def _dump(inside: RtnetlinkSocket, message: wire.Message) -> t.List[Body]:
    try:
        return inside.dump(message)
    except FileNotFoundError:  # a table comes into being with its first route
        return []
