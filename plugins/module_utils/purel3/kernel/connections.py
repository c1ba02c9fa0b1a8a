# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections that the kernel tracks, read and ended by netlink, without the program conntrack."""

from __future__ import annotations

import errno
import socket
import typing as t

from ..base.errors import KernelError
from . import conntrack
from .rtnetlink import RtnetlinkSocket

_NETLINK_NETFILTER = 12
_RECEIVE_BUFFER = 1 << 22
_UNKNOWN = (errno.EINVAL, errno.EOPNOTSUPP)
_LACKING = "this kernel does not show its connections; load the module that does: modprobe nf_conntrack_netlink"


def end_connections(destinations: t.AbstractSet[str]) -> None:
    """Forget all connections whose first packet was for one of some addresses, before any translation.

    What comes of them afterwards is taken for new ones. Raises KernelError where the kernel refuses.
    """
    wanted = {socket.inet_aton(address) for address in destinations}
    try:
        with RtnetlinkSocket(_NETLINK_NETFILTER) as inside:
            inside.grow_receive_buffer(_RECEIVE_BUFFER)
            shown = (conntrack.parse_connection(*body[1:]) for body in inside.dump(conntrack.dump_connections()))
            for known in [one for one in shown if one.destination in wanted]:
                for refusal in inside.execute([conntrack.delete_connection(known)]):
                    # It has ended by itself.
                    if refusal.number != errno.ENOENT:
                        raise KernelError(f"connections cannot be ended: {refusal.text}")
    except OSError as error:
        words = _LACKING if error.errno in _UNKNOWN else f"connections cannot be read: {error.strerror}"
        raise KernelError(words) from error
