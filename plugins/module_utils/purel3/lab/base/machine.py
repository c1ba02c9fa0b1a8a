# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a node of a lab a virtual machine: frozen types, from the options of the module."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

from .image_request import DEFAULT_PACKAGES, RELEASES

DEFAULT_MEMORY = 512
DEFAULT_CPUS = 1
DEFAULT_SSH_PORT = 22200
# By what SSH comes in, and from where. RFC 5737 keeps this network free of hosts.
MANAGEMENT_INTERFACE = "mgmt0"
MANAGEMENT_NETWORK = IPv4Network("192.0.2.0/24")

PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]+")

_LAST_PORT = 65535
_MAC = re.compile(r"[0-9a-f][02468ace](?::[0-9a-f]{2}){5}")
# Debian does not boot in less.
_LEAST_MEMORY = 256


@dataclass(frozen=True, order=True)
class ImageChoice:
    """Which image the disk of a machine starts from.

    Args:
        release: Debian's, of an image that is built.
        packages: what such an image holds beyond the minimum, sorted.
        path: of a cloud image to use instead; empty for none.
    """

    release: str
    packages: t.Tuple[str, ...] = ()
    path: str = ""

    def __str__(self) -> str:
        if self.path or self == image_from_params({"release": self.release}):
            return self.path or self.release
        return f"{self.release} with {' '.join(self.packages) or 'nothing more'}"


@dataclass(frozen=True, order=True)
class Machine:
    """A virtual machine.

    Args:
        image: what its disk starts from.
        memory: in MiB.
        cpus: how many.
        macs: of its interfaces, in the order of the node's links.
        ssh_port: on 127.0.0.1, which leads to its SSH.
        is_outbound: it reaches other networks through this machine.
        routes: destination and gateway of each, sorted.
    """

    image: ImageChoice
    memory: int
    cpus: int
    macs: t.Tuple[str, ...]
    ssh_port: int
    is_outbound: bool = False
    routes: t.Tuple[t.Tuple[str, str], ...] = ()

    def __str__(self) -> str:
        cpus = f"{self.cpus} CPU{'' if self.cpus == 1 else 's'}"
        reach = ", outbound" if self.is_outbound else ""
        routes = "".join(f", {destination} via {gateway}" for destination, gateway in self.routes)
        return f"{self.image}, {self.memory} MiB, {cpus}, ssh 127.0.0.1:{self.ssh_port}{reach}{routes}"


def image_from_params(params: t.Mapping[str, t.Any]) -> ImageChoice:
    """Read which image was asked for.

    Args:
        params: release, packages and image, as the module lab documents them.

    Returns:
        The choice; for a path nothing else counts.
    """
    if params.get("image"):
        return ImageChoice("", path=str(params["image"]))
    packages = params.get("packages")
    chosen = DEFAULT_PACKAGES if packages is None else packages
    return ImageChoice(str(params.get("release") or RELEASES[0]), tuple(sorted({str(name) for name in chosen})))


def option_faults(params: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    """Find what is wrong with the options that all machines share.

    Args:
        params: packages, image and timeout, as the module lab documents them.

    Returns:
        One sentence per fault.
    """
    packages = params.get("packages")
    if params.get("image") and packages is not None:
        yield "packages is for an image that is built, and image names one that is there; remove one of them"
    for name in packages or ():
        if not PACKAGE_NAME.fullmatch(str(name)):
            yield f"packages: {str(name)!r} is not the name of a Debian package; write it as in Debian, such as tcpdump"
    seconds = params.get("timeout")
    if seconds is not None and int(seconds) < 1:
        yield f"timeout {seconds} leaves machines no time; give 1 or more seconds, best some hundred"


def number_from_params(params: t.Mapping[str, t.Any], key: str, default: int) -> int:
    """Read a number.

    Args:
        params: as the module lab documents them.
        key: its name.
        default: where it was left out; 0 is a number.

    Returns:
        The number.
    """
    value = params.get(key)
    return default if value is None else int(value)


def machine_faults(name: str, machine: Machine, addresses: t.Mapping[str, str]) -> t.Iterator[str]:
    """Find what is wrong with a machine.

    Args:
        name: of its node.
        machine: the machine.
        addresses: with prefix length, without faults, by the name of the interface.

    Returns:
        One sentence per fault.
    """
    if machine.memory < _LEAST_MEMORY:
        yield f"node {name}: memory {machine.memory} MiB is too little for Debian; give {_LEAST_MEMORY} or more"
    if machine.cpus < 1:
        yield f"node {name}: cpus {machine.cpus} is no number of processors; give 1 or more"
    if not 1 <= machine.ssh_port <= _LAST_PORT:
        yield f"node {name}: ssh port {machine.ssh_port} is not 1 to {_LAST_PORT}; choose another ssh_port"
    if MANAGEMENT_INTERFACE in addresses:
        yield f"node {name}: interface {MANAGEMENT_INTERFACE} is what SSH comes in by; use another name, such as ens33"
    for address in addresses.values():
        if IPv4Interface(address).network.overlaps(MANAGEMENT_NETWORK):
            yield (
                f"node {name}: address {address} is in {MANAGEMENT_NETWORK}, by which SSH reaches virtual machines; "
                "give it another"
            )
    for mac in machine.macs:
        if not _MAC.fullmatch(mac):
            yield f"node {name}: mac {mac} is no unicast MAC address; write one such as 00:0c:29:63:9f:1e"
