# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interface may have: an MTU, in bytes, and the address of a host."""

from __future__ import annotations

import typing as t
from ipaddress import AddressValueError, IPv4Address, IPv4Network

# The least that IPv4 takes (RFC 791), and the most that a veth does (ETH_MAX_MTU in linux/if_ether.h).
MTU_MINIMUM = 68
MTU_MAXIMUM = 65535
# What no host, router or workload may have.
UNUSABLE = (
    (IPv4Network("0.0.0.0/8"), "'this network' (0.0.0.0/8)"),
    (IPv4Network("127.0.0.0/8"), "loopback (127.0.0.0/8)"),
    (IPv4Network("169.254.0.0/16"), "link-local (169.254.0.0/16), where 169.254.1.1 is every workload's gateway"),
    (IPv4Network("224.0.0.0/4"), "multicast (224.0.0.0/4)"),
    (IPv4Network("240.0.0.0/4"), "reserved (240.0.0.0/4)"),
)


def is_of_host(text: str) -> t.Optional[bool]:
    """Whether a host may have an IPv4 address; None for what is no such address without prefix length."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return None
    return not any(address in network for network, _why in UNUSABLE)
