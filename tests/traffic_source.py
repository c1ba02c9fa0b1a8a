# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of steady_traffic: a socket in each of many network namespaces, all sending to all at a steady rate.

One process for all ends: a socket stays in the namespace where it was made. So there is one clock and one count.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import sys
import time
import typing as t

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.syscalls import setns

PORT = 9099
_PACKET = struct.Struct("!HHI")
_BUFFER = 1 << 22
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
# What has not arrived when nothing has for so long is lost; packets between namespaces wait for nothing but the CPU.
_SILENCE = 5.0

End = t.Dict[str, str]


def open_sockets(ends: t.Sequence[End]) -> t.List[socket.socket]:
    """A UDP socket in the namespace of each end."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    sockets = []
    for end in ends:
        there = os.open(end["namespace"], os.O_RDONLY)
        setns(there)
        os.close(there)
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        one.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _BUFFER)
        one.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        one.bind((end["address"], PORT))
        sockets.append(one)
    setns(own)
    os.close(own)
    return sockets


class Traffic:
    """What was sent and what arrived, by pair of ends."""

    def __init__(self, ends: t.Sequence[End], rate: int) -> None:
        self._interval = 1 / rate
        self._addresses = [(end["address"], PORT) for end in ends]
        self._sockets = open_sockets(ends)
        self._poll = select.epoll()
        self._by_fd = {one.fileno(): one for one in self._sockets}
        for fd in self._by_fd:
            self._poll.register(fd, select.EPOLLIN)
        self._pairs = [(a, b) for a in range(len(ends)) for b in range(len(ends)) if a != b]
        self._arrived: t.Dict[t.Tuple[int, int], t.Set[int]] = {pair: set() for pair in self._pairs}
        self._missing = 0
        self._rounds = 0
        self._longest_pause = 0.0

    def run(self, control: t.TextIO) -> t.Dict[str, t.Any]:
        """Send until the control closes, wait for stragglers, and tell."""
        self._poll.register(control.fileno(), select.EPOLLIN | select.EPOLLHUP)
        started = last = time.monotonic()
        is_on = True
        while is_on:
            pause = started + self._rounds * self._interval - time.monotonic()
            is_on = self._receive(max(pause, 0.0), control.fileno())
            now = time.monotonic()
            # Rounds that a busy machine kept us from are made good at once, so that the number always fits the time.
            while started + self._rounds * self._interval <= now:
                self._longest_pause = max(self._longest_pause, now - last)
                last = now
                self._send()
        self._poll.unregister(control.fileno())
        ended = time.monotonic()
        heard, missing = ended, self._missing
        while self._missing and time.monotonic() - heard < _SILENCE:
            self._receive(0.1, -1)
            if self._missing < missing:
                heard, missing = time.monotonic(), self._missing
        return {
            "seconds": ended - started,
            "rounds": self._rounds,
            "longest_pause": self._longest_pause,
            "lost": [
                [a, b, sorted(set(range(self._rounds)) - arrived)]
                for (a, b), arrived in self._arrived.items()
                if len(arrived) < self._rounds
            ],
        }

    def _send(self) -> None:
        for a, b in self._pairs:
            # A packet that the namespace itself refuses, for want of a route, is lost as any other.
            with contextlib.suppress(OSError):
                self._sockets[a].sendto(_PACKET.pack(a, b, self._rounds), self._addresses[b])
        self._missing += len(self._pairs)
        self._rounds += 1

    def _receive(self, timeout: float, control: int) -> bool:
        is_on = True
        for fd, _events in self._poll.poll(timeout):
            if fd == control:
                is_on = False
                continue
            with contextlib.suppress(BlockingIOError):
                while True:
                    a, b, number = _PACKET.unpack(self._by_fd[fd].recv(_PACKET.size))
                    arrived = self._arrived[a, b]
                    self._missing -= number not in arrived
                    arrived.add(number)
        return is_on


def main() -> None:
    """Run as steady_traffic starts it: the first line of standard input says what to do, its end says when to stop."""
    # It needs little of the CPU, but all the time; where the machine does not allow that, pauses are longer.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    asked = json.loads(sys.stdin.readline())
    traffic = Traffic(asked["ends"], asked["rate"])
    print("ready", flush=True)
    print(json.dumps(traffic.run(sys.stdin)), flush=True)


if __name__ == "__main__":
    main()
