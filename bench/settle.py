# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until the kernel has finished with namespaces that ended earlier, so that no turn pays for the one before."""

from __future__ import annotations

import os
import socket
import time

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import syscalls, wire
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.rtnetlink import RtnetlinkSocket

_NAME = "barrier"
_PAUSE = 0.005
_PATIENCE = 120.0


def settle() -> None:
    """End a namespace of our own and wait until its veth has gone: the kernel ends namespaces strictly in turn."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscalls.unshare(syscalls.CLONE_NEWNET)
        end, peer = wire.VethEnd("inside", 0, "", 0, 0), wire.VethEnd(_NAME, 0, "", 0, 0)
        with RtnetlinkSocket() as inside:
            refusals = inside.execute([wire.create_veth(end, peer, home)])
        if refusals:
            raise OSError(refusals[0].number, refusals[0].text)
        syscalls.setns(home)
    finally:
        os.close(home)
    deadline = time.monotonic() + _PATIENCE
    while is_there(_NAME):
        if time.monotonic() > deadline:
            raise TimeoutError("the kernel does not get done with ended namespaces")
        time.sleep(_PAUSE)


def is_there(device: str) -> bool:
    """Tell whether an interface exists.

    Args:
        device: its name.

    Returns:
        Whether it does, in the calling thread's namespace.
    """
    try:
        socket.if_nametoindex(device)
    except OSError:
        return False
    return True
