# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a virtual machine is to be inside: its name, its interfaces, who may log in."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class GuestInterface:
    """An interface of the guest.

    name: as the guest's kernel is to call it, for example ens33.
    mac: by which the guest knows it, for example 02:1c:9a:00:11:22.
    address: with prefix length, for example 192.168.50.10/24.
    """

    name: str
    mac: str
    address: str


@dataclass(frozen=True)
class GuestAccess:
    """The interface by which the guest is reached from outside of its networks; name and mac are as in GuestInterface.

    address: for example 192.0.2.15; DHCP gives it out, too.
    network: where whoever reaches the guest comes from, for example 192.0.2.0/24.
    gateway: in that network, towards all others; None where it leads nowhere else.
    """

    name: str
    mac: str
    address: str
    network: str
    gateway: t.Optional[str] = None


@dataclass(frozen=True)
class GuestRoute:
    """A route of the guest.

    destination: for example 192.168.60.0/24.
    gateway: in the subnet of one of the guest's interfaces, for example 192.168.50.1.
    """

    destination: str
    gateway: str


@dataclass(frozen=True)
class GuestConfig:
    """All that distinguishes a guest from others with the same image.

    ssh_public_key: of the one key that may log in, as root; one line.
    access: how it is reached.
    interfaces: all others.
    routes: beyond those that follow from the addresses.
    mtu: of these interfaces; bytes.
    nameserver: where the guest asks for names.
    """

    hostname: str
    ssh_public_key: str
    access: GuestAccess
    interfaces: t.Tuple[GuestInterface, ...]
    routes: t.Tuple[GuestRoute, ...] = ()
    mtu: int = 1500
    # Where QEMU's user-mode network answers.
    nameserver: str = "192.0.2.3"

    @property
    def all_interfaces(self) -> t.Tuple[t.Union[GuestAccess, GuestInterface], ...]:
        """Those that are configured, the one by which the guest is reached first."""
        return (self.access, *self.interfaces)
