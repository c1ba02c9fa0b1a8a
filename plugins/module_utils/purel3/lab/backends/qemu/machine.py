# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a node of a lab a virtual machine: frozen types."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from ipaddress import IPv4Network

from .image_request import DEFAULT_PACKAGES, RELEASES

# By what SSH comes in, and from where. RFC 5737 keeps this network free of hosts.
MANAGEMENT_INTERFACE = "mgmt0"
MANAGEMENT_NETWORK = IPv4Network("192.0.2.0/24")


@dataclass(frozen=True, order=True)
class ImageChoice:
    """Which image the disk of a machine starts from.

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
class VirtualMachine:
    """A virtual machine.

    memory: in MiB.
    macs: of its interfaces, in the order of the node's links.
    ssh_port: on 127.0.0.1, which leads to its SSH.
    is_outbound: it reaches other networks through this machine.
    routes: destination and gateway of each, sorted.
    """

    backend: t.ClassVar[str] = "qemu"
    introduction: t.ClassVar[str] = "answer"

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
    """Read release, packages and image of the module lab; for a path nothing else counts."""
    if params.get("image"):
        return ImageChoice("", path=str(params["image"]))
    packages = params.get("packages")
    chosen = DEFAULT_PACKAGES if packages is None else packages
    return ImageChoice(str(params.get("release") or RELEASES[0]), tuple(sorted({str(name) for name in chosen})))
