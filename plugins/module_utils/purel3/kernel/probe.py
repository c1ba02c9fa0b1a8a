# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets from many namespaces to many addresses, all from one thread."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import time
import typing as t
from dataclasses import dataclass

from .syscalls import entered

Pair = t.Tuple[int, str]

_ECHO_REQUEST = 8
_ECHO_REPLY = 0
_UNREACHABLE = 3
_TOO_LARGE = 4
_TIME_EXCEEDED = 11
_COMPLAINTS = {
    (_UNREACHABLE, 0): "network unreachable",
    (_UNREACHABLE, 1): "host unreachable",
    (_UNREACHABLE, 9): "network prohibited",
    (_UNREACHABLE, 10): "host prohibited",
    (_UNREACHABLE, 13): "prohibited",
    (_TIME_EXCEEDED, 0): "time to live exceeded, so the packet went in a loop",
}
_ICMP = struct.Struct("!BBHHH")
_SOL_RAW = 255
_ICMP_FILTER = 1
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_RECEIVE_BUFFER = 1 << 20
_IP_MTU_DISCOVER = 10
_IP_PMTUDISC_PROBE = 3
# The headers of IP and ICMP, and what tells one request from the others.
_SMALLEST_PACKET = 20 + 8 + 12
# Open sockets at a time stay well below the usual limit of 1,024 files.
_SOURCES_AT_ONCE = 64
_CONNECTIONS_AT_ONCE = 256
_PACKETS_PER_SECOND = 5000
_BURST = 32
_WAIT = 1.0


@dataclass(frozen=True)
class ProbeSource:
    """Where packets start: an open file of the network namespace, and the address there that they come from."""

    namespace: int
    address: str


@dataclass(frozen=True)
class Answer:
    """What came of one pair.

    milliseconds: from the packet that was answered to its answer; None when none was.
    tries: packets sent.
    complaint: why there was no answer.
    """

    milliseconds: t.Optional[float]
    tries: int
    complaint: str = ""


def probe_icmp(sources: t.Sequence[ProbeSource], pairs: t.Iterable[Pair], seconds: float) -> t.Dict[Pair, Answer]:
    """Send ICMP echo requests until all are answered or the time is over.

    pairs: for each packet, the position of its source and the address of its destination.
    seconds: how long silent pairs are tried again; each is tried once whatever it says.
    """
    return _repeat(sources, pairs, seconds, _SOURCES_AT_ONCE, _icmp_round)


def probe_sizes(
    sources: t.Sequence[ProbeSource], sizes: t.Mapping[Pair, int], seconds: float
) -> t.Dict[Pair, t.Tuple[int, str]]:
    """Find out which packets arrive that nobody may cut into fragments, of pairs that reach each other.

    sizes: of a whole packet, in bytes, for each pair; what is known of the path's MTU is not asked.
    seconds: as in probe_icmp.

    Returns for each pair the largest packet that arrives, and why one of the whole size does not.
    """

    def send(lengths: t.Mapping[Pair, int], patience: float) -> t.Dict[Pair, Answer]:
        return _repeat(
            sources, lengths, patience, _SOURCES_AT_ONCE, lambda origins, some: _icmp_round(origins, some, lengths)
        )

    whole = send(sizes, seconds)
    passing = {pair: _SMALLEST_PACKET for pair, answer in whole.items() if answer.milliseconds is None}
    failing = {pair: sizes[pair] for pair in passing}
    while True:
        tried = {pair: (size + failing[pair]) // 2 for pair, size in passing.items() if failing[pair] - size > 1}
        if not tried:
            break
        for pair, answer in send(tried, 0).items():
            (failing if answer.milliseconds is None else passing)[pair] = tried[pair]
    return {pair: (passing.get(pair, sizes[pair]), answer.complaint) for pair, answer in whole.items()}


def probe_tcp(
    sources: t.Sequence[ProbeSource], pairs: t.Iterable[Pair], seconds: float, port: int
) -> t.Dict[Pair, Answer]:
    """Open TCP connections until all are answered or the time is over; a refusal is an answer, too.

    pairs, seconds: as in probe_icmp.
    port: of the destination; nobody need listen there.
    """

    def connect(origins: t.Sequence[ProbeSource], some: t.Sequence[Pair]) -> t.Dict[Pair, t.Union[float, str]]:
        found: t.Dict[Pair, t.Union[float, str]] = {}
        for start in range(0, len(some), _CONNECTIONS_AT_ONCE):
            found.update(_tcp_round(origins, some[start : start + _CONNECTIONS_AT_ONCE], port))
        return found

    return _repeat(sources, pairs, seconds, _SOURCES_AT_ONCE, connect)


def _repeat(
    sources: t.Sequence[ProbeSource],
    pairs: t.Iterable[Pair],
    seconds: float,
    sources_at_once: int,
    attempt: t.Callable[[t.Sequence[ProbeSource], t.Sequence[Pair]], t.Dict[Pair, t.Union[float, str]]],
) -> t.Dict[Pair, Answer]:
    answers = {pair: Answer(None, 0) for pair in pairs}
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        silent = sorted(pair for pair, answer in answers.items() if answer.milliseconds is None)
        for group in _grouped(silent, sources_at_once):
            for pair, outcome in attempt(sources, group).items():
                tries = answers[pair].tries + 1
                if isinstance(outcome, str):
                    answers[pair] = Answer(None, tries, outcome)
                else:
                    answers[pair] = Answer(outcome, tries)
        if all(answer.milliseconds is not None for answer in answers.values()) or time.monotonic() >= deadline:
            return answers
        # Errors come back at once; trying again at once would only make noise.
        time.sleep(max(0.0, min(began + _WAIT, deadline) - time.monotonic()))


def _grouped(pairs: t.Sequence[Pair], sources_at_once: int) -> t.Iterator[t.Sequence[Pair]]:
    origins = sorted({pair[0] for pair in pairs})
    for start in range(0, len(origins), sources_at_once):
        some = frozenset(origins[start : start + sources_at_once])
        yield [pair for pair in pairs if pair[0] in some]


def _icmp_round(
    sources: t.Sequence[ProbeSource], pairs: t.Sequence[Pair], lengths: t.Optional[t.Mapping[Pair, int]] = None
) -> t.Dict[Pair, t.Union[float, str]]:
    found: t.Dict[Pair, t.Union[float, str]] = {}
    cookie = os.urandom(8)
    sent: t.Dict[int, int] = {}
    with contextlib.ExitStack() as stack:
        sockets: t.Dict[int, socket.socket] = {}
        for origin in sorted({pair[0] for pair in pairs}):
            try:
                sockets[origin] = stack.enter_context(_icmp_socket(sources[origin]))
            except OSError as error:
                text = _source_complaint(sources[origin], error)
                found.update({pair: text for pair in pairs if pair[0] == origin})
        poll = select.poll()
        for opened in sockets.values():
            poll.register(opened, select.POLLIN)
        by_descriptor = {opened.fileno(): opened for opened in sockets.values()}

        def receive(seconds: float) -> None:
            for descriptor, _event in poll.poll(seconds * 1000):
                for number, outcome in _read_answers(by_descriptor[descriptor], cookie, sent):
                    if not isinstance(found.get(pairs[number]), float):
                        found[pairs[number]] = outcome

        began = time.monotonic()
        waiting = [number for number, pair in enumerate(pairs) if pair[0] in sockets]
        for position, number in enumerate(waiting):
            origin, address = pairs[number]
            try:
                sent[number] = time.time_ns()
                length = lengths[pairs[number]] if lengths else _SMALLEST_PACKET
                sockets[origin].sendto(_echo_request(cookie, number, length), (address, 0))
            except OSError as error:
                found[pairs[number]] = f"ICMP: {os.strerror(error.errno or 0)}"
            if position % _BURST == _BURST - 1:
                receive(max(0.0, began + position / _PACKETS_PER_SECOND - time.monotonic()))
        deadline = time.monotonic() + _WAIT
        while len(found) < len(pairs) and time.monotonic() < deadline:
            receive(max(0.0, deadline - time.monotonic()))
    return {pair: found.get(pair, "no ICMP echo reply") for pair in pairs}


def _icmp_socket(source: ProbeSource) -> socket.socket:
    with entered(source.namespace):
        opened = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
    try:
        wanted = (1 << _ECHO_REPLY) | (1 << _UNREACHABLE) | (1 << _TIME_EXCEEDED)
        opened.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~wanted & 0xFFFFFFFF))
        opened.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        # The kernel's own clock at arrival: what this process does meanwhile does not count.
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        opened.bind((source.address, 0))
    except OSError:
        opened.close()
        raise
    return opened


def _source_complaint(source: ProbeSource, error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return f"the source's own address {source.address} is not in its namespace"
    return f"its source: {os.strerror(error.errno or 0)}"


def _echo_request(cookie: bytes, number: int, length: int) -> bytes:
    payload = cookie + struct.pack("!I", number)
    identifier, sequence = cookie[0] << 8 | cookie[1], number & 0xFFFF
    header = _ICMP.pack(_ECHO_REQUEST, 0, 0, identifier, sequence)
    # Zeros at the end do not change the sum.
    padding = bytes(length - _SMALLEST_PACKET)
    return _ICMP.pack(_ECHO_REQUEST, 0, _checksum(header + payload), identifier, sequence) + payload + padding


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def _read_answers(
    opened: socket.socket, cookie: bytes, sent: t.Mapping[int, int]
) -> t.Iterator[t.Tuple[int, t.Union[float, str]]]:
    while True:
        try:
            packet, ancillary, _flags, sender = opened.recvmsg(2048, 256)
        except BlockingIOError:
            return
        body = packet[(packet[0] & 15) * 4 :]
        kind, code, _sum, _unused, next_mtu = _ICMP.unpack_from(body)
        if kind != _ECHO_REPLY:
            # The packet that caused the error follows its header.
            body = body[8 + (body[8] & 15) * 4 :] if len(body) > 8 else b""
        payload = body[8:20]
        if len(payload) != 12 or payload[:8] != cookie:
            continue
        number = int.from_bytes(payload[8:], "big")
        if number not in sent:
            continue
        if kind == _ECHO_REPLY:
            yield number, max(0.0, (_arrival(ancillary) - sent[number]) / 1e6)
        else:
            complaint = _COMPLAINTS.get((kind, code), f"unreachable (code {code})")
            if (kind, code) == (_UNREACHABLE, _TOO_LARGE):
                complaint = f"the next link takes packets of {next_mtu} bytes"
            yield number, f"ICMP: {complaint}, says {sender[0]}"


def _arrival(ancillary: t.Sequence[t.Tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds) * 10**9 + int(nanoseconds)
    return time.time_ns()


def _tcp_round(
    sources: t.Sequence[ProbeSource], pairs: t.Sequence[Pair], port: int
) -> t.Dict[Pair, t.Union[float, str]]:
    found: t.Dict[Pair, t.Union[float, str]] = {}
    began: t.Dict[int, t.Tuple[Pair, float]] = {}
    poll = select.poll()
    with contextlib.ExitStack() as stack:
        opened: t.Dict[int, socket.socket] = {}
        for pair in pairs:
            source = sources[pair[0]]
            try:
                with entered(source.namespace):
                    connection = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                connection.setblocking(False)
                # Closing resets the connection, so nothing of it stays behind.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.bind((source.address, 0))
            except OSError as error:
                found[pair] = _source_complaint(source, error)
                continue
            opened[connection.fileno()] = connection
            began[connection.fileno()] = (pair, time.monotonic())
            refusal = connection.connect_ex((pair[1], port))
            if refusal == errno.EINPROGRESS:
                poll.register(connection, select.POLLOUT)
            else:
                found[pair] = _tcp_outcome(refusal, 0.0)
        deadline = time.monotonic() + _WAIT
        while len(found) < len(pairs) and time.monotonic() < deadline:
            for descriptor, _event in poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                pair, start = began[descriptor]
                refusal = opened[descriptor].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                found[pair] = _tcp_outcome(refusal, (time.monotonic() - start) * 1000)
                poll.unregister(descriptor)
    return {pair: found.get(pair, f"no answer to a TCP SYN to port {port}") for pair in pairs}


def _tcp_outcome(refusal: int, milliseconds: float) -> t.Union[float, str]:
    # A reset proves the way there and back just as well as a connection.
    if refusal in (0, errno.ECONNREFUSED):
        return milliseconds
    return f"TCP: {os.strerror(refusal)}"
