# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single values: text or number in, typed value out; BadValue, with what is wrong and the remedy, for all others."""

from __future__ import annotations

import re
import typing as t
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network, IPv6Address

from . import names
from .interface import UNUSABLE
from .workload import HOST_DEVICE_PREFIX

LONGEST_NAME = 63
LARGEST_PID = 4194304
LARGEST_UINT32 = 4294967295

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_./-]*[A-Za-z0-9])?")
_PID = re.compile(r"[0-9]{1,20}")
_PATH = re.compile(r"/[A-Za-z0-9_./*?+@%:=,-]{1,254}")
_PEER_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}")
_NETNS_PATH = re.compile(r"(?:/[A-Za-z0-9_.:@-]+)+")

# Its groups, those of the inventory plugin, and the hosts that it takes for the controller (constants.LOCALHOST).
_HOST_NAMES_OF_ANSIBLE = ("all", "ungrouped", "fabric", "lab_routers", "localhost", "127.0.0.1")
_RESERVED_AS_NUMBERS = {
    0: "reserved",
    23456: "AS_TRANS, the stand-in for 4-byte numbers",
    65535: "reserved",
    LARGEST_UINT32: "reserved",
}
_NODE_ADDRESS_REMEDY = "use the address by which the other nodes reach this one"


class BadValue(ValueError):
    """A value that cannot be used.

    problem: what is wrong with it, to follow the value itself: `is not ...`.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}")


def word(text: str) -> str:
    """A name that is safe in paths, in bird.conf and in the allocation store."""
    if len(text) > LONGEST_NAME:
        raise BadValue(f"is a name of {len(text)} characters", f"use at most {LONGEST_NAME}")
    if not _NAME.fullmatch(text):
        raise BadValue(
            "is not a usable name",
            "use letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        )
    return text


def name(text: str) -> str:
    """A workload's name, which is also its namespace's unless the file says otherwise."""
    word(text)
    if _PID.fullmatch(text):
        raise BadValue("is a name of digits only, which reads as a process id", "put a letter in it")
    return text


def node_name(text: str) -> str:
    """A node's name, which is also its name in the inventory."""
    if text in _HOST_NAMES_OF_ANSIBLE:
        raise BadValue("is a name that Ansible uses itself", "choose another name for the node")
    return word(text)


def label(text: str) -> str:
    """A label's key or value."""
    if len(text) > LONGEST_NAME or not _LABEL.fullmatch(text):
        raise BadValue(
            "is not usable in a label",
            f"use at most {LONGEST_NAME} letters, digits, '-', '_', '.' and '/', with a letter or digit at both ends",
        )
    return text


def interface_name(text: str) -> str:
    """An interface's name, as the kernel accepts it, and as it can stand in bird.conf."""
    problem = names.problem_of_interface_name(text)
    if problem:
        raise BadValue(*problem)
    return text


def uplink_name(text: str) -> str:
    """The name of a node's interface; those that begin as the host's ends of workloads do are kept from all others."""
    if text.startswith(HOST_DEVICE_PREFIX):
        problem = f"begins with {HOST_DEVICE_PREFIX!r}, as the host's ends of workloads do"
        raise BadValue(problem, "give the host's interface another name")
    return interface_name(text)


def netns(text: str) -> str:
    """A network namespace: a name, an absolute path, or a process id in digits; raises BadValue for anything else.

    Returns one form for one namespace: NAME for `/run/netns/NAME`, and `/proc/PID/ns/net` for a process id.
    """
    if _PID.fullmatch(text):
        return pid(int(text))
    for folder in ("/run/netns/", "/var/run/netns/"):
        if (
            text.startswith(folder)
            and _NAME.fullmatch(text[len(folder) :])
            and not names.is_decimal(text[len(folder) :])
        ):
            return text[len(folder) :]
    is_path = _NETNS_PATH.fullmatch(text) and not any(part in (".", "..") for part in text.split("/"))
    if not is_path and not (_NAME.fullmatch(text) and len(text) <= LONGEST_NAME):
        remedy = "write a name such as web1, an absolute path such as /proc/4711/ns/net, or a process id"
        raise BadValue("is not a network namespace", remedy)
    return text


def pid(number: int) -> str:
    """The path of the namespace of a process."""
    if not 1 <= number <= LARGEST_PID:
        raise BadValue("is not a process id", f"use 1 to {LARGEST_PID}")
    return f"/proc/{number}/ns/net"


def address(text: str) -> IPv4Address:
    """The address of a workload."""
    if "/" in text:
        raise BadValue("has a prefix length", f"write {text.partition('/')[0]}")
    parsed = ipv4(text, "write one such as 10.244.1.2")
    _refuse_unusable(IPv4Network(parsed), "use an address of the node's block")
    return parsed


def floating_ip(text: str) -> IPv4Address:
    """An address by which a workload is reached as well."""
    if "/" in text:
        raise BadValue("has a prefix length", f"write {text.partition('/')[0]}")
    parsed = ipv4(text, "write one such as 198.51.100.10")
    _refuse_unusable(IPv4Network(parsed), "use one that is routed to the nodes, and nobody has")
    return parsed


def node_address(text: str) -> IPv4Address:
    """A node's own address, without its subnet."""
    if "/" in text:
        raise BadValue("has a prefix length", f"write {text.partition('/')[0]}")
    parsed = ipv4(text, "write one such as 192.168.50.10")
    _refuse_unusable(IPv4Network(parsed), _NODE_ADDRESS_REMEDY)
    return parsed


def router_id(text: str) -> IPv4Address:
    """A BGP identifier, in the form of an IPv4 address."""
    parsed = ipv4(text, "write one in the form of an address, such as 192.168.50.10")
    if int(parsed) == 0 or parsed >= IPv4Address("224.0.0.0"):
        raise BadValue("is not a router id", "use 0.0.0.1 to 223.255.255.255, best the node's own address")
    return parsed


def interface_address(text: str) -> IPv4Interface:
    """A node's address with the prefix length of its subnet, such as 192.168.50.10/24."""
    host, slash, length = text.partition("/")
    parsed = ipv4(host, "write one such as 192.168.50.10/24")
    if not slash:
        raise BadValue("has no prefix length", f"write it with its subnet's, such as {text}/24")
    interface = IPv4Interface((int(parsed), _prefix_length(length)))
    _refuse_unusable(IPv4Network(parsed), _NODE_ADDRESS_REMEDY)
    network = interface.network
    if network.prefixlen < 31 and parsed == network.network_address:
        raise BadValue(f"is the address of its network {network} itself", "use the host's own address")
    if network.prefixlen < 31 and parsed == network.broadcast_address:
        raise BadValue(f"is the broadcast address of {network}", "use the host's own address")
    return interface


def network(text: str) -> IPv4Network:
    """A pool or a block."""
    found = _network(text, "10.244.0.0/16", "26", _prefix_length)
    _refuse_unusable(found, "use a private range such as 10.244.0.0/16")
    return found


def absolute_path(text: str) -> str:
    """The path of a file, without anything that must be quoted in bird.conf."""
    if not _PATH.fullmatch(text):
        raise BadValue("is not an absolute path without spaces and quotes", "give one")
    return text


def peer_type(text: str) -> str:
    """How a peering came about, as the status table shows it."""
    if not _PEER_TYPE.fullmatch(text):
        raise BadValue("is not a peer type", "use letters, digits, spaces and hyphens")
    return text


def as_number(number: int) -> int:
    """An autonomous system's number."""
    remedy = "use 1 to 4294967294, best a private one: 64512 to 65534"
    if not 0 <= number <= LARGEST_UINT32:
        raise BadValue("is not an AS number", remedy)
    if number in _RESERVED_AS_NUMBERS:
        raise BadValue(f"is an AS number that must not be used ({_RESERVED_AS_NUMBERS[number]})", remedy)
    return number


def block_size(number: int) -> int:
    """The prefix length of a pool's blocks."""
    if not 8 <= number <= 31:
        raise BadValue("is out of range", "give the prefix length of a block, 8 to 31; 26 is usual")
    return number


def kernel_metric(number: int) -> int:
    """The metric of the routes that BIRD installs; 0 is none."""
    if not 0 <= number <= LARGEST_UINT32:
        raise BadValue("is out of range", f"use 0 (no metric) to {LARGEST_UINT32}")
    return number


def route_prefix(text: str) -> IPv4Network:
    """A network that routes may lead to, the default route's included."""
    return _network(text, "10.1.0.0/16", "24", lambda length: 0 if length == "0" else _prefix_length(length))


def ipv4(text: str, remedy: str) -> IPv4Address:
    """An IPv4 address of any kind; the remedy is for what is none."""
    try:
        return IPv4Address(text)
    except AddressValueError:
        pass
    if _is_ipv6(text):
        raise BadValue("is IPv6, which is not supported yet", "use an IPv4 address")
    raise BadValue("is not an IPv4 address", remedy)


def one_of(choices: t.Sequence[str]) -> t.Callable[[str], str]:
    """A parser that accepts some words only."""

    def parse(text: str) -> str:
        if text not in choices:
            raise BadValue("is not known", f"use {' or '.join(choices)}")
        return text

    return parse


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _prefix_length(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", text) or not 1 <= int(text) <= 32:
        raise BadValue(f"has no usable prefix length after the '/': {text!r}", "use a number from 1 to 32")
    return int(text)


def _network(text: str, example: str, usual_length: str, parse_length: t.Callable[[str], int]) -> IPv4Network:
    host, slash, length = text.partition("/")
    parsed = ipv4(host, f"write a network such as {example}")
    if not slash:
        raise BadValue("has no prefix length", f"write it with one, such as {text}/{usual_length}")
    found = IPv4Network((int(parsed), parse_length(length)), strict=False)
    if found.network_address != parsed:
        raise BadValue("has host bits set", f"write {found}")
    return found


def _refuse_unusable(network: IPv4Network, remedy: str) -> None:
    for unusable, why in UNUSABLE:
        if network.overlaps(unusable):
            raise BadValue(f"{'is' if network.prefixlen == 32 else 'overlaps'} {why}", remedy)
