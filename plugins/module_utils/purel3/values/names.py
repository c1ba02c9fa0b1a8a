# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names the kernel, BIRD and a shell can all bear."""

from __future__ import annotations

import difflib
import re
import typing as t

from ..base.errors import InvalidInput
from .modes import MODE_OF_DEVICE

_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_DEVICE = re.compile(r"[^\s/:]{1,15}")
_INTERFACE = re.compile(r"[A-Za-z0-9_.-]+")
_LONGEST_DEVICE = 15
_NAMESPACE_LENGTH = 255
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_MULTICAST_BIT = 0x01

# What is wrong with a value, to follow it, and the remedy.
Problem = t.Tuple[str, str]
# In a namespace there is such an interface, or may be (fb_tunnels_only_for_init_net), or its settings lie where those
# of an interface would (sysctl_dev_name_is_allowed in net/ipv4/devinet.c).
_TAKEN = {
    "lo": "is the loopback interface",
    "all": "is what the kernel calls all interfaces at once",
    "default": "is what the kernel calls interfaces that are still to come",
    **dict.fromkeys(MODE_OF_DEVICE, "is the interface of the tunnel itself"),
}


def fault_of_word(name: str) -> str:
    """Say in a sentence what is wrong with the name of a node or workload; empty where it is right."""
    if _WORD.fullmatch(name):
        return ""
    return f"name {name!r} is not 1 to 63 letters, digits, '.', '_' or '-' with a letter or digit at both ends"


def fault_of_device(name: str) -> str:
    """Say in a sentence what is wrong with an interface's name; empty for one that an interface can have."""
    return _about_device(name, _problem_of_device(name))


def fault_of_new_device(name: str) -> str:
    """Say in a sentence what is wrong with the name of an interface that is to be made; empty for nothing."""
    return _about_device(name, _problem_of_taken(name) or _problem_of_device(name))


def fault_of_interface_name(name: str) -> str:
    """Say in a sentence what is wrong with the option interface_name of a workload; empty where it is right."""
    problem = problem_of_interface_name(name)
    return f"interface_name {name!r} {'; '.join(problem)}" if problem else ""


def problem_of_interface_name(name: str) -> t.Optional[Problem]:
    """Find why no interface may get a name: bird.conf takes fewer than the kernel."""
    size = len(name.encode())
    if size > _LONGEST_DEVICE:
        return f"is an interface name of {size} bytes", f"the kernel takes at most {_LONGEST_DEVICE}"
    if name in (".", "..") or not _INTERFACE.fullmatch(name):
        return "is not an interface name", "use letters, digits, '-', '_' and '.' only"
    return _problem_of_taken(name)


def _problem_of_taken(name: str) -> t.Optional[Problem]:
    if "%" in name:
        # In the name of a new interface (dev_alloc_name in net/core/dev.c).
        return "holds '%', for which the kernel puts a number of its own", "leave it out"
    return (_TAKEN[name], "name the interface that carries the traffic") if name in _TAKEN else None


def _problem_of_device(name: str) -> t.Optional[Problem]:
    """As the kernel does (dev_valid_name in net/core/dev.c)."""
    if len(name.encode()) > _LONGEST_DEVICE:
        return f"has {len(name.encode())} bytes", f"the kernel takes {_LONGEST_DEVICE} at most"
    if name in (".", "..") or not _DEVICE.fullmatch(name):
        return "is not one that the kernel takes", "leave out '/', ':' and white space"
    return None


def _about_device(name: str, problem: t.Optional[Problem]) -> str:
    return f"interface name {name!r} {'; '.join(problem)}" if problem else ""


def read_mac(text: str) -> str:
    """Write a MAC address as the kernel does: in lower case, with colons."""
    return str(text).lower().replace("-", ":")


def problem_of_mac(mac: str) -> t.Optional[Problem]:
    """Find what is wrong with a MAC address that read_mac() has returned."""
    if not _MAC.fullmatch(mac) or int(mac[:2], 16) & _MULTICAST_BIT or mac == "00:00:00:00:00:00":
        remedy = "write six pairs of hexadecimal digits, of which the first is even"
        return "is not a unicast MAC address such as 02:00:00:00:00:01", remedy
    return None


def fault_of_namespace(reference: str) -> str:
    """Say what is wrong with a namespace's name in /run/netns or absolute path; empty where it is right."""
    if reference.startswith("/"):
        return ""
    if reference in ("", ".", "..") or "/" in reference or len(reference.encode()) > _NAMESPACE_LENGTH:
        return f"netns {reference!r} is neither a name nor an absolute path; use for example web1 or /proc/4711/ns/net"
    return fault_of_word(reference).replace("name", "netns name", 1)


def is_decimal(text: str) -> bool:
    """Whether a text is a number in plain digits; for isdigit() also superscripts are, which int() does not read."""
    return text.isascii() and text.isdigit()


def path_of_process(reference: t.Union[str, int]) -> str:
    """Write a process id as the path of its namespace; any other reference stays as it is."""
    text = str(reference)
    return f"/proc/{text}/ns/net" if is_decimal(text) else text


def namespace_from(option: t.Optional[str]) -> str:
    """Read a namespace given as an option: a name in /run/netns, an absolute path, or a process id.

    Returns the reference that the library uses, empty for None, the host's own; raises InvalidInput for anything else.
    """
    if option is None:
        return ""
    reference = path_of_process(option)
    fault = fault_of_namespace(reference)
    if fault:
        raise InvalidInput([fault])
    return reference


def nearest(word: str, known: t.Iterable[str]) -> t.Optional[str]:
    """The known word that somebody may have meant; None where no one is near."""
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1)), None)
