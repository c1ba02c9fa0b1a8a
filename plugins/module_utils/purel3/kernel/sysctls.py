# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings below /proc/sys, in any network namespace."""

from __future__ import annotations

import os
import typing as t

from . import namespaces, syscalls

_ROOT = "/proc/sys/"
_VALUE_LENGTH = 4096


def read_in(reference: str, path: str) -> t.Optional[str]:
    """Read a setting of a namespace, named as in namespaces.path_of; raises OSError.

    path: with slashes, for example net/ipv4/ip_forward.

    Returns:
        Its fields joined by one space, or None where there is no such setting or namespace.
    """
    if not reference:
        return _read(path)
    fd = namespaces.open_namespace(reference)
    if fd is None:
        return None
    try:
        with syscalls.entered(fd):
            return _read(path)
    finally:
        os.close(fd)


def _read(path: str) -> t.Optional[str]:
    try:
        fd = os.open(_ROOT + path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return " ".join(os.read(fd, _VALUE_LENGTH).decode().split())
    finally:
        os.close(fd)


def write(path: str, value: str) -> None:
    """Change a setting, as in read_in, of the calling thread's namespace; raises OSError."""
    fd = os.open(_ROOT + path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)
