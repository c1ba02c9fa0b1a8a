# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor: messages that were encoded beforehand; timed are the system calls and the kernel."""

from __future__ import annotations

import os
import socket
import struct
import typing as t
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import (
    attributes,
    namespaces,
    records,
    syscalls,
    wire,
)

from ..fleet import DEVICE, GATEWAY, GROUP, MAC, Fleet, Member
from .way import CHANGE, CREATE, DELETE, NO_OP, Steps, Way

_HEADER = struct.Struct("=IHHII")
_ERROR, _DONE = 2, 3
_SOL_NETLINK, _CAP_ACK, _STRICT_CHECK = 270, 10, 12
_SO_RCVBUFFORCE = 33
_BUFFER = 1 << 18
_BATCH = 64
_FIRST_INDEX = 1000
_INNER_INDEX = 100
_MAIN, _BOOT, _UNICAST, _GLOBAL, _LINK = 254, 3, 1, 0, 253

_RTM_SETNEIGHTBL, _RTM_GETNEIGHTBL, _RTM_GETNETCONF = 67, 66, 82
_IFLA_AF_SPEC, _IFLA_INET_CONF, _DEVCONF_PROXY_ARP = 26, 1, 3
_NDTA_NAME, _NDTA_PARMS, _NDTPA_IFINDEX, _NDTPA_PROXY_DELAY = 1, 6, 1, 13

Batch = t.Tuple[bytes, int]


def prepare(fleet: Fleet, folder: Path) -> Steps:
    """Encode every message.

    Args:
        fleet: the workloads.
        folder: not used.

    Returns:
        The steps.
    """
    del folder
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    indexes = {member.name: _FIRST_INDEX + position for position, member in enumerate(fleet.members)}
    inside = [(member.name, _pack(_inside(member, indexes[member.name], own))) for member in fleet.members]
    outside = _batches([message for member in fleet.members for message in _host(member, indexes[member.name])])
    old, new = fleet.members[fleet.victim], fleet.changed[fleet.victim]
    host_index = indexes[old.name]
    moved = _pack(
        [wire.add_address(_INNER_INDEX, f"{new.address}/32"), wire.delete_address(_INNER_INDEX, f"{old.address}/32")]
    )
    rerouted = _pack([wire.delete_route(_host_route(old, host_index)), wire.add_route(_host_route(new, host_index))])
    gone = _pack([wire.delete_group(GROUP)])
    names = [member.name for member in fleet.members]
    return {
        CREATE: lambda: _create(own, inside, outside),
        NO_OP: lambda: _read(own, names),
        CHANGE: lambda: _change(own, new.name, moved, rerouted),
        DELETE: lambda: _delete(names, gone),
    }


def _create(own: int, inside: t.Sequence[t.Tuple[str, Batch]], outside: t.Sequence[Batch]) -> None:
    namespaces.prepare_folder()
    for name, batch in inside:
        syscalls.unshare(syscalls.CLONE_NEWNET)
        with _socket() as netlink:
            _exchange(netlink, batch)
        _bind(name)
    syscalls.setns(own)
    with _socket() as netlink:
        for batch in outside:
            _exchange(netlink, batch)


def _bind(name: str) -> None:
    path = f"{namespaces.FOLDER}/{name}"
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
    syscalls.mount(namespaces.OWN_PATH, path, flags=syscalls.MS_BIND)


def _read(own: int, names: t.Sequence[str]) -> None:
    content = [
        _request(message) for message in (wire.dump_links(), wire.dump_addresses(), wire.dump_routes(table=_MAIN))
    ]
    settings = [
        _request(wire.Message(_RTM_GETNETCONF, wire.NLM_F_DUMP, struct.pack("=Bxxx", socket.AF_INET))),
        _request(wire.Message(_RTM_GETNEIGHTBL, wire.NLM_F_DUMP, struct.pack("=Bxxx", socket.AF_INET))),
    ]
    with _socket() as netlink:
        netlink.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 22)
        for request in content + settings:
            _dump(netlink, request)
    for name in names:
        fd = os.open(f"{namespaces.FOLDER}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        syscalls.setns(fd)
        os.close(fd)
        with _socket() as netlink:
            for request in content:
                _dump(netlink, request)
    syscalls.setns(own)


def _change(own: int, name: str, moved: Batch, rerouted: Batch) -> None:
    fd = os.open(f"{namespaces.FOLDER}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    syscalls.setns(fd)
    os.close(fd)
    with _socket() as netlink:
        _exchange(netlink, moved)
    syscalls.setns(own)
    with _socket() as netlink:
        _exchange(netlink, rerouted)


def _delete(names: t.Sequence[str], gone: Batch) -> None:
    with _socket() as netlink:
        _exchange(netlink, gone)
    for name in names:
        path = f"{namespaces.FOLDER}/{name}"
        syscalls.unmount(path)
        os.unlink(path)


def _inside(member: Member, host_index: int, own: int) -> t.Iterator[wire.Message]:
    inner = wire.VethEnd(DEVICE, _INNER_INDEX, "", 0, GROUP)
    outer = wire.VethEnd(member.host, host_index, MAC, 0, GROUP)
    way_out = records.RouteRecord(
        _MAIN, f"{GATEWAY}/32", 0, _UNICAST, "", _INNER_INDEX, _LINK, _BOOT, False, True
    )  # fmt: skip
    yield wire.set_link(wire.LOOPBACK_INDEX, is_up=True)
    yield wire.create_veth(inner, outer, own)
    yield wire.set_link(_INNER_INDEX, addr_gen_mode=wire.ADDR_GEN_NONE)
    yield wire.set_link(_INNER_INDEX, is_up=True)
    yield wire.add_address(_INNER_INDEX, f"{member.address}/32")
    yield wire.add_route(way_out)
    yield wire.add_route(way_out._replace(destination="0.0.0.0/0", gateway=GATEWAY, scope=_GLOBAL))


def _host(member: Member, index: int) -> t.Iterator[wire.Message]:
    silent = wire.set_link(index, addr_gen_mode=wire.ADDR_GEN_NONE)
    proxy_arp = attributes.nested(
        socket.AF_INET, attributes.nested(_IFLA_INET_CONF, attributes.number(_DEVCONF_PROXY_ARP, 1))
    )
    up = wire.set_link(index, is_up=True)
    yield silent
    yield up._replace(body=up.body + attributes.nested(_IFLA_AF_SPEC, proxy_arp))
    yield _no_proxy_delay(index)
    yield wire.add_route(_host_route(member, index))


def _no_proxy_delay(index: int) -> wire.Message:
    delay = attributes.attribute(_NDTPA_PROXY_DELAY, struct.pack("=Q", 0))
    settings = attributes.nested(_NDTA_PARMS, attributes.number(_NDTPA_IFINDEX, index), delay)
    body = struct.pack("=Bxxx", socket.AF_INET) + attributes.text(_NDTA_NAME, "arp_cache") + settings
    return wire.Message(_RTM_SETNEIGHTBL, 0, body)


def _host_route(member: Member, index: int) -> records.RouteRecord:
    return records.RouteRecord(_MAIN, f"{member.address}/32", 0, _UNICAST, "", index, _LINK, _BOOT, False, True)


def _request(message: wire.Message, flags: int = 0, sequence: int = 1) -> bytes:
    flags |= message.flags | wire.NLM_F_REQUEST
    return _HEADER.pack(len(message.body) + 16, message.kind, flags, sequence, 0) + message.body


def _pack(messages: t.Iterable[wire.Message]) -> Batch:
    requests = [_request(message, wire.NLM_F_ACK, number) for number, message in enumerate(messages, 1)]
    return b"".join(requests), len(requests)


def _batches(messages: t.Sequence[wire.Message]) -> t.List[Batch]:
    return [_pack(messages[start : start + _BATCH]) for start in range(0, len(messages), _BATCH)]


def _socket() -> socket.socket:
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    for option in (_CAP_ACK, _STRICT_CHECK):
        netlink.setsockopt(_SOL_NETLINK, option, 1)
    return netlink


def _exchange(netlink: socket.socket, batch: Batch) -> None:
    requests, outstanding = batch
    netlink.send(requests)
    while outstanding:
        answers = netlink.recv(_BUFFER)
        for offset in range(0, len(answers), 36):
            _length, kind, _flags, sequence, _port, status = struct.unpack_from("=IHHIIi", answers, offset)
            if kind != _ERROR or status:
                raise OSError(-status, f"message {sequence}: {os.strerror(-status)}")
            outstanding -= 1


def _dump(netlink: socket.socket, request: bytes) -> None:
    netlink.send(request)
    while True:
        answers = netlink.recv(_BUFFER)
        offset = 0
        while offset < len(answers):
            length, kind = struct.unpack_from("=IH", answers, offset)
            if kind == _DONE:
                return
            if kind == _ERROR:
                raise OSError("the kernel refuses a dump")
            offset += (length + 3) & ~3


WAY = Way("replay", "messages encoded beforehand: the floor", prepare)
