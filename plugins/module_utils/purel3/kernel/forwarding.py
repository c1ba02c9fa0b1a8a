# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a network namespace passes on what is not for itself."""

from __future__ import annotations

from ..base.errors import KernelError
from . import syscalls

_FORWARDING = "/proc/sys/net/ipv4/ip_forward"


def make_router(namespace: int) -> None:
    """Have a network namespace, given as an open file, forward; raises KernelError."""
    try:
        with syscalls.entered(namespace), open(_FORWARDING, "w", encoding="ascii") as file:
            file.write("1")
    except OSError as error:
        raise KernelError(f"lab: {_FORWARDING}: the kernel said: {error.strerror}; run it again") from error


def is_router(namespace: int) -> bool:
    """Tell whether a network namespace, given as an open file, forwards; raises KernelError."""
    try:
        with syscalls.entered(namespace), open(_FORWARDING, encoding="ascii") as file:
            return file.read().strip() == "1"
    except OSError as error:
        raise KernelError(f"lab: {_FORWARDING}: the kernel said: {error.strerror}; run it again") from error
