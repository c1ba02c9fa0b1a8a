# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of a switch for virtual machines: open taps."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import typing as t

from ..base.errors import MissingDependency
from .switch import bridge_index, open_netlink

_TUN = "/dev/net/tun"
# linux/if_tun.h
_TUNSETIFF = 0x400454CA
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_IFF_VNET_HDR = 0x4000


def require() -> None:
    """Check that there can be taps; raises MissingDependency."""
    if not os.path.exists(_TUN):
        raise MissingDependency(f"lab: {_TUN} does not exist; load the kernel module: modprobe tun")


def open_taps(switch: int, taps: t.Sequence[t.Tuple[str, str]]) -> t.List[int]:
    """Make ports for virtual machines; each is there for as long as its file is open, in whatever process.

    taps: name of the port and of its bridge, for each.

    Returns:
        The open files, in this order; the caller closes them.

    Raises:
        KernelError: the kernel's refusal; nothing stays open then.
        MissingDependency: no pyroute2.
    """
    with contextlib.ExitStack() as stack, open_netlink(switch, "switch") as netlink:
        opened: t.List[int] = []
        for port, bridge in taps:
            # Opened here, because it belongs to the namespace in which it is opened.
            opened.append(os.open(_TUN, os.O_RDWR | os.O_CLOEXEC))
            stack.callback(os.close, opened[-1])
            flags = _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR
            fcntl.ioctl(opened[-1], _TUNSETIFF, struct.pack("16sH22x", port.encode(), flags))
            index = netlink.link_lookup(ifname=port)[0]
            netlink.link("set", index=index, master=bridge_index(netlink, bridge), state="up")
        stack.pop_all()
    return opened
