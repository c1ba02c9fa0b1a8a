# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk image that was asked for, and the key under which it is kept: pure."""

from __future__ import annotations

import hashlib
import typing as t
from dataclasses import dataclass

RELEASES = ("bookworm", "trixie")
# What nodes need, so that no package has to be fetched into a running lab.
DEFAULT_PACKAGES = ("bird2", "nftables", "tcpdump")

# What every host has, and Ansible needs. The programs of the initial RAM disk are busybox-static and cpio.
_MINIMUM = (
    *("busybox-static", "cpio", "dbus", "iproute2", "iputils-ping", "kmod", "linux-image-cloud-amd64"),
    *("openssh-server", "procps", "python3", "python3-apt", "systemd-sysv", "udev"),
)


@dataclass(frozen=True, order=True)
class AptSource:
    """Where packages come from.

    uri: of the archive, for example http://deb.debian.org/debian.
    suite: for example bookworm-updates.
    """

    uri: str
    suite: str


@dataclass(frozen=True)
class CloudImage:
    """A disk image of the user's, with cloud-init in it.

    path: absolute.
    size: of the file, in bytes.
    modified: when it was last written, in nanoseconds.
    """

    path: str
    size: int
    modified: int


@dataclass(frozen=True)
class ImageRequest:
    """The disk image to find or to build.

    release: one of RELEASES.
    packages: what it holds beyond what every host has.
    sources: where apt finds packages, when the image is built and in the guest.
    apt_options: settings of apt that these sources need, such as Acquire::http::Proxy "http://10.0.0.1:3128".
    cloud_image: to use instead; nothing is built then.
    """

    release: str
    packages: t.Tuple[str, ...]
    sources: t.Tuple[AptSource, ...]
    apt_options: t.Tuple[str, ...] = ()
    cloud_image: t.Optional[CloudImage] = None

    @property
    def all_packages(self) -> t.Tuple[str, ...]:
        """The packages to install, sorted, each once."""
        transport = ("ca-certificates",) if any(source.uri.startswith("https:") for source in self.sources) else ()
        return tuple(sorted({*_MINIMUM, *transport, *self.packages}))


def key(request: ImageRequest, recipe: str) -> str:
    """Return what an image is kept under: two requests have one key if and only if they lead to the same image.

    It is for example bookworm-0123456789abcdef; recipe is a digest of how images are built.
    """
    if request.cloud_image:
        return f"cloud-{_digest(request.cloud_image)}"
    parts = (recipe, request.release, request.all_packages, tuple(sorted(set(request.sources))), request.apt_options)
    return f"{request.release}-{_digest(parts)}"


def _digest(what: t.Any) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]
