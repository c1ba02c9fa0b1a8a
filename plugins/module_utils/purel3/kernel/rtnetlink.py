# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A raw netlink socket: many requests in one send, every answer checked."""

from __future__ import annotations

import errno
import os
import socket
import struct
import typing as t

from .attributes import walk
from .wire import NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, Message

_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_NLM_F_DUMP_INTR = 0x10
_NLM_F_CAPPED = 0x100
_NLM_F_ACK_TLVS = 0x200
_NLMSGERR_ATTR_MSG = 1
_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NETLINK_GET_STRICT_CHK = 12
_SO_SNDBUFFORCE = 32
_SO_RCVBUFFORCE = 33
_HEADER = struct.Struct("=IHHII")
# The kernel never builds a larger buffer for a dump (netlink_dump in net/netlink/af_netlink.c), and Python allocates
# and gives back as much for each answer.
_RECEIVE_SIZE = 1 << 15
_BATCH = 64
_DUMP_TRIES = 10
_ANSWER_TIMEOUT = 30.0

Body = t.Tuple[int, bytes, int, int]


class Refusal(t.NamedTuple):
    """The kernel's refusal of one request: its place in the batch, the errno, and the kernel's own words."""

    position: int
    number: int
    text: str


class RtnetlinkSocket:
    """A NETLINK_ROUTE socket of the namespace in which it is made, or one of another protocol of netlink.

    Raises OSError: the kernel's refusal.
    """

    def __init__(self, protocol: int = socket.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK):
            self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._socket.settimeout(_ANSWER_TIMEOUT)
        self._sequence = 0

    def __enter__(self) -> RtnetlinkSocket:
        return self

    def __exit__(self, *_details: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def grow_receive_buffer(self, size: int) -> None:
        """Make room for answers of so many bytes (CAP_NET_ADMIN)."""
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)

    def execute(self, messages: t.Sequence[Message]) -> t.List[Refusal]:
        """Send changes, in batches, and wait until the kernel has acknowledged each.

        Returns:
            The refusals, in order; empty when all were carried out. All of a batch are tried even if one is refused,
            but no further batch is sent after a refusal.

        Raises OSError: the socket failed.
        """
        for start in range(0, len(messages), _BATCH):
            refusals = self._execute_batch(messages[start : start + _BATCH], start)
            if refusals:
                return refusals
        return []

    def _execute_batch(self, messages: t.Sequence[Message], start: int) -> t.List[Refusal]:
        first = self._send(messages, NLM_F_ACK)
        refusals = []
        outstanding = len(messages)
        while outstanding:
            data = self._socket.recv(_RECEIVE_SIZE)
            for kind, flags, sequence, offset, end in _split(data):
                if kind == _NLMSG_ERROR and 0 <= sequence - first < len(messages):
                    outstanding -= 1
                    number, words = _parse_error(data, flags, offset, end)
                    if number:
                        refusals.append(Refusal(start + sequence - first, number, words))
        return sorted(refusals)

    def transact(self, messages: t.Sequence[Message]) -> t.List[Refusal]:
        """Send a transaction of nfnetlink, from its beginning to its end: all of it is carried out, or nothing.

        Returns the refusals; that of the first message is one of the whole transaction.

        Raises OSError: the socket failed.
        """
        # Only the last change asks for an answer: one for each would not fit into the buffer.
        marked = [*messages[:-2], messages[-2]._replace(flags=messages[-2].flags | NLM_F_ACK), messages[-1]]
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, 4096 + 2 * sum(len(m.body) + 20 for m in marked))
        first = self._send(marked, 0)
        refusals: t.List[Refusal] = []
        while True:
            data = self._socket.recv(_RECEIVE_SIZE)
            for kind, flags, sequence, offset, end in _split(data):
                position = sequence - first
                if kind != _NLMSG_ERROR or not 0 <= position < len(marked):
                    continue
                number, words = _parse_error(data, flags, offset, end)
                if number:
                    refusals.append(Refusal(position, number, words))
                if position in (0, len(marked) - 2):
                    return refusals

    def _send(self, messages: t.Sequence[Message], flags: int) -> int:
        first = self._sequence + 1
        self._sequence += len(messages)
        self._socket.send(
            b"".join(
                _HEADER.pack(len(m.body) + 16, m.kind, m.flags | flags | NLM_F_REQUEST, first + i, 0) + m.body
                for i, m in enumerate(messages)
            )
        )
        return first

    def dump(self, message: Message) -> t.List[Body]:
        """Ask for a whole table, again if it changed while it was read.

        Raises OSError: the kernel's refusal; EINTR where the table never stood still.
        """
        for _try in range(_DUMP_TRIES):
            bodies = self._dump_once(message)
            if bodies is not None:
                return bodies
        raise OSError(errno.EINTR, "the table kept changing while it was read")

    def _dump_once(self, message: Message) -> t.Optional[t.List[Body]]:
        sequence = self._send([message], NLM_F_DUMP)
        bodies: t.List[Body] = []
        is_whole = True
        while True:
            data = self._socket.recv(_RECEIVE_SIZE)
            for kind, flags, answered, offset, end in _split(data):
                if answered != sequence:
                    continue
                if flags & _NLM_F_DUMP_INTR:
                    is_whole = False
                if kind == _NLMSG_DONE:
                    (status,) = struct.unpack_from("=i", data, offset)
                    if status < 0 and -status != errno.EINTR:
                        raise OSError(-status, os.strerror(-status))
                    return bodies if is_whole and not status else None
                if kind == _NLMSG_ERROR:
                    number, words = _parse_error(data, flags, offset, end)
                    raise OSError(number, words)
                bodies.append((kind, data, offset, end))

    def get(self, message: Message) -> t.Optional[Body]:
        """Ask for one object; None where it does not exist, raises OSError."""
        sequence = self._send([message], 0)
        while True:
            data = self._socket.recv(_RECEIVE_SIZE)
            for kind, flags, answered, offset, end in _split(data):
                if answered != sequence:
                    continue
                if kind != _NLMSG_ERROR:
                    return kind, data, offset, end
                number, words = _parse_error(data, flags, offset, end)
                if number in (errno.ENODEV, errno.ENOENT, errno.ESRCH):
                    return None
                raise OSError(number, words)


def _split(data: bytes) -> t.Iterator[t.Tuple[int, int, int, int, int]]:
    offset = 0
    while offset + 16 <= len(data):
        length, kind, flags, sequence, _port = _HEADER.unpack_from(data, offset)
        if length < 16:
            return
        yield kind, flags, sequence, offset + 16, offset + length
        offset += (length + 3) & ~3


def _parse_error(data: bytes, flags: int, offset: int, end: int) -> t.Tuple[int, str]:
    (status,) = struct.unpack_from("=i", data, offset)
    if not status:
        return 0, ""
    words = os.strerror(-status)
    if flags & _NLM_F_ACK_TLVS:
        (length,) = struct.unpack_from("=I", data, offset + 4)
        start = offset + 20 if flags & _NLM_F_CAPPED else offset + 4 + ((length + 3) & ~3)
        for kind, inner_start, inner_stop in walk(data, start, end):
            if kind == _NLMSGERR_ATTR_MSG:
                words += f" ({data[inner_start:inner_stop].rstrip(bytes(1)).decode(errors='replace')})"
    return -status, words
