# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way packets would take, asked of the kernel itself: with its rules, its tables, and what it forwards at all."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import typing as t

from . import wire
from .attributes import RTA_OIF, RTMSG, U32, walk
from .rtnetlink import RtnetlinkSocket


def refusals(packets: t.Iterable[wire.Packet]) -> t.Dict[wire.Packet, str]:
    """Find the packets that the kernel would neither pass on nor answer ARP for, and say why, in its words.

    Packets of interfaces that do not exist are left out. Raises OSError: the socket failed.
    """
    found: t.Dict[wire.Packet, str] = {}
    with RtnetlinkSocket() as inside:
        for packet in packets:
            with contextlib.suppress(OSError):
                complaint = _complaint(inside, packet, socket.if_nametoindex(packet.device))
                if complaint:
                    found[packet] = complaint
    return found


def _complaint(inside: RtnetlinkSocket, packet: wire.Packet, ifindex: int) -> str:
    try:
        answer = inside.get(wire.get_route(packet, ifindex))
    except OSError as error:
        return os.strerror(error.errno or 0)
    if answer is None:
        return os.strerror(errno.ENETUNREACH)
    _kind, data, start, end = answer
    out = next((begin for number, begin, _stop in walk(data, start + RTMSG.size, end) if number == RTA_OIF), None)
    is_back = out is not None and U32.unpack_from(data, out)[0] == ifindex
    return f"its way leads back out of {packet.device}" if is_back else ""
