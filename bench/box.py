# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private box for each turn: own network, mounts and process numbers, so that all of it ends with one process."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import traceback
import typing as t
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import syscalls, wire
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.rtnetlink import RtnetlinkSocket

FOLDER = Path("/run/bench")
# The ends of the one link that a box has from the start.
UPLINK = ("uplink", "switch")
_PR_SET_PDEATHSIG = 1
_UPLINK_ADDRESS = "192.168.50.10/24"


class BoxError(Exception):
    """What ran in a box did not end well."""


def run_in_box(action: t.Callable[[Path], t.Any]) -> t.Any:
    """Run something in a box.

    Args:
        action: gets a folder of its own; returns what JSON can hold.

    Returns:
        What it returned.

    Raises:
        BoxError: with the traceback from inside.
    """

    def furnished() -> t.Any:
        # From a terminal, an interrupt reaches all; whoever started the box ends it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _furnish()
        return action(FOLDER)

    return _run_in_fork(_fork_into_new_processes, furnished)


def run_in_child(action: t.Callable[[], t.Any]) -> t.Any:
    """Run something in a process of its own, whose locks end with it.

    Args:
        action: returns what JSON can hold.

    Returns:
        What it returned.

    Raises:
        BoxError: with the traceback from inside.
    """
    return _run_in_fork(os.fork, action)


def _run_in_fork(fork: t.Callable[[], int], action: t.Callable[[], t.Any]) -> t.Any:
    receiving, sending = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = fork()
    if pid == 0:
        os.close(receiving)
        _answer(action, sending)
    os.close(sending)
    try:
        with open(receiving, encoding="utf-8") as answers:
            answer = answers.read()
    except BaseException:
        # The first process of a PID namespace takes all others with it.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.waitpid(pid, 0)
    if not answer:
        raise BoxError("the process was killed")
    kind, value = json.loads(answer)
    if kind != "value":
        raise BoxError(value)
    return value


def _fork_into_new_processes() -> int:
    home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscalls.unshare(syscalls.CLONE_NEWPID)
        pid = os.fork()
        if pid:
            syscalls.setns(home, syscalls.CLONE_NEWPID)
        return pid
    finally:
        os.close(home)


def _answer(action: t.Callable[[], t.Any], sending: int) -> t.NoReturn:
    status = 0
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        answer = ["value", action()]
    except BaseException:
        status = 1
        answer = ["error", traceback.format_exc()]
    with open(sending, "w", encoding="utf-8") as stream:
        json.dump(answer, stream)
    os._exit(status)


def _furnish() -> None:
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET)
    syscalls.mount("", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("proc", "/proc", "proc")
    syscalls.mount("tmpfs", "/run", "tmpfs")
    FOLDER.mkdir()
    # As on any node, one interface has an address; without one, the kernel searches all interfaces for each route.
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    uplink, switch = (wire.VethEnd(name, ifindex, "", 0, 0) for ifindex, name in enumerate(UPLINK, 2))
    with RtnetlinkSocket() as netlink:
        refusals = netlink.execute(
            [
                wire.set_link(wire.LOOPBACK_INDEX, is_up=True),
                wire.create_veth(uplink, switch, own),
                *(wire.set_link(end.ifindex, addr_gen_mode=wire.ADDR_GEN_NONE) for end in (uplink, switch)),
                *(wire.set_link(end.ifindex, is_up=True) for end in (uplink, switch)),
                wire.add_address(uplink.ifindex, _UPLINK_ADDRESS),
            ]
        )
    os.close(own)
    if refusals:
        raise BoxError(f"the box could not be furnished: {refusals}")
