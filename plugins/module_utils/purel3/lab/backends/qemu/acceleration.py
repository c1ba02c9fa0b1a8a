# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How machines run: by KVM where a guest under it really answers, else by emulation."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import subprocess
import typing as t

from .command import KVM, TCG, probe_command

DEVICE = "/dev/kvm"
# A kernel under KVM gives up its search for a disk within a second or two.
PROBE_SECONDS = 20.0

_FOUND = "acceleration.json"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
# What a Linux kernel says when it has come as far as to look for its disk.
_ANSWER = b"Kernel panic - not syncing: VFS"


def choose(program: str, kernel: t.Optional[str], cache: str) -> str:
    """Find out how machines run here; a device file proves nothing, because a guest can still hang at its start.

    kernel: path of the one to try; None for this machine's own.
    cache: folder for what was found, which holds until the machine boots again.
    """
    kernels = [kernel] if kernel else sorted(glob.glob("/boot/vmlinuz-*"))[-1:]
    if not kernels or not os.access(DEVICE, os.R_OK | os.W_OK):
        return TCG
    # A kernel that was built or installed since may fare otherwise.
    subject = {"boot": _boot_id(), "kernel": kernels[0], "program": program}
    path = os.path.join(cache, _FOUND)
    known = _read(path)
    if {**known, "acceleration": None} == {**subject, "acceleration": None}:
        return str(known["acceleration"])
    found = KVM if answers(program, KVM, kernels[0]) else TCG
    with contextlib.suppress(OSError):
        os.makedirs(cache, mode=0o755, exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump({**subject, "acceleration": found}, file)
        os.replace(f"{path}.new", path)
    return found


def answers(program: str, acceleration: str, kernel: str, seconds: float = PROBE_SECONDS) -> bool:
    """Start a guest: whether its kernel started, looked for its disk, and ended the guest as it was told to."""
    command = ("setpriv", "--pdeathsig", "KILL", *probe_command(program, acceleration, kernel))
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and _ANSWER in done.stdout


def _boot_id() -> str:
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _read(path: str) -> t.Dict[str, t.Any]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
