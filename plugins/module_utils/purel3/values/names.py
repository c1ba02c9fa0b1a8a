# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names the kernel, BIRD and a shell can all bear."""

from __future__ import annotations

import re
import typing as t

from ..base.errors import InvalidInput

_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_DEVICE = re.compile(r"[^\s/:]{1,15}")
_NAMESPACE_LENGTH = 255
_NEW_DEVICE = re.compile(r"[A-Za-z0-9_.-]+")
_LONGEST_DEVICE = 15


def fault_of_word(name: str) -> str:
    """Say in a sentence what is wrong with the name of a node or workload; empty where it is right."""
    if _WORD.fullmatch(name):
        return ""
    return f"name {name!r} is not 1 to 63 letters, digits, '.', '_' or '-' with a letter or digit at both ends"


def fault_of_device(name: str) -> str:
    """Say why no interface can have a name (dev_valid_name in net/core/dev.c); empty where it can."""
    if len(name.encode()) > 15:
        return f"interface name {name!r} has {len(name.encode())} bytes; the kernel takes 15 at most"
    if name in (".", "..") or not _DEVICE.fullmatch(name):
        return f"interface name {name!r} is not one that the kernel takes; leave out '/', ':' and white space"
    return ""


def judge_new_device(name: str) -> t.Optional[t.Tuple[str, str]]:
    """Say why no interface may get a name, though the kernel might take it: what is wrong, and the remedy."""
    size = len(name.encode())
    if size > _LONGEST_DEVICE:
        return f"is an interface name of {size} bytes", f"the kernel takes at most {_LONGEST_DEVICE}"
    if name in (".", "..") or not _NEW_DEVICE.fullmatch(name):
        return "is not an interface name", "use letters, digits, '-', '_' and '.' only"
    if name == "lo":
        return "is the loopback interface", "name the interface that carries the traffic"
    return None


def fault_of_new_device(option: str, name: str) -> str:
    """Say in a sentence what is wrong with the name that an option gives to an interface; empty where it is right."""
    fault = judge_new_device(name)
    return f"{option} {name!r} {fault[0]}; {fault[1]}" if fault is not None else ""


def fault_of_namespace(reference: str) -> str:
    """Say what is wrong with a namespace's name in /run/netns or absolute path; empty where it is right."""
    if reference.startswith("/"):
        return ""
    if reference in ("", ".", "..") or "/" in reference or len(reference.encode()) > _NAMESPACE_LENGTH:
        return f"netns {reference!r} is neither a name nor an absolute path; use for example web1 or /proc/4711/ns/net"
    return fault_of_word(reference).replace("name", "netns name", 1)


def namespace_from(option: t.Optional[str]) -> str:
    """Read a namespace given as an option: a name in /run/netns, an absolute path, or a process id.

    Returns:
        The reference that the library uses; empty for None, the host's own.

    Raises:
        InvalidInput: it is none of these.
    """
    if option is None:
        return ""
    reference = f"/proc/{option}/ns/net" if option.isdigit() else option
    fault = fault_of_namespace(reference)
    if fault:
        raise InvalidInput([fault])
    return reference
