# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds a disk image from Debian packages: the system in a folder, then the disk, the kernel and its RAM disk."""

from __future__ import annotations

import glob
import os
import shutil

from ....base.errors import FabricError, MissingDependency
from . import image_initrd, image_programs, image_recipe
from .image_request import ImageRequest

DISK = "disk.raw"
KERNEL = "vmlinuz"
INITRD = "initrd"


def require() -> None:
    """Check that this machine can build images; raises MissingDependency."""
    image_programs.require(("chroot", "mke2fs", "mmdebstrap", "setpriv", "unshare"))
    if os.uname().machine != "x86_64":
        raise MissingDependency(
            f"lab: images are built on x86-64, and this machine is {os.uname().machine}; "
            "give the lab a cloud image by its option image"
        )
    if not os.path.exists(image_recipe.KEYRING):
        raise MissingDependency(
            f"lab: {image_recipe.KEYRING} is missing; install it: apt-get install debian-archive-keyring"
        )


def build(request: ImageRequest, folder: str) -> None:
    """Build an image in an empty folder, which afterwards holds the files DISK, KERNEL and INITRD, and nothing else.

    Raises FabricError where something could not be made, OSError where it could not be written; the folder then holds
    anything.
    """
    root = os.path.join(folder, "root")
    # mmdebstrap gives this folder, which becomes the guest's /, the mode that it finds.
    os.mkdir(root)
    os.chmod(root, 0o755)
    image_programs.run(
        "mmdebstrap",
        *image_recipe.debootstrap_arguments(request, root),
        purpose=f"install Debian {request.release}",
        environment=image_recipe.BUILD_ENVIRONMENT,
    )
    kernels = glob.glob(os.path.join(root, "boot/vmlinuz-*"))
    if len(kernels) != 1:
        raise FabricError(f"lab: the image should hold one kernel, and holds {len(kernels)}; list none in packages")
    shutil.copyfile(kernels[0], os.path.join(folder, KERNEL))
    version = os.path.basename(kernels[0])[len("vmlinuz-") :]
    image_initrd.make(root, version, os.path.join(folder, INITRD))
    _settle(root)
    disk = os.path.join(folder, DISK)
    arguments = (*image_recipe.FILE_SYSTEM, "-q", "-d", root, disk, image_recipe.DISK_SIZE)
    image_programs.run("mke2fs", *arguments, purpose="make the disk")
    shutil.rmtree(root)
    for name in (DISK, KERNEL, INITRD):
        with open(os.path.join(folder, name), "rb") as file:
            os.fsync(file.fileno())


def _settle(root: str) -> None:
    for path in glob.glob(os.path.join(root, "etc/ssh/ssh_host_*")):
        os.unlink(path)
    for path, text in image_recipe.FILES.items():
        target = os.path.join(root, path)
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
    for verb, units in (("enable", image_recipe.ENABLED_UNITS), ("mask", image_recipe.MASKED_UNITS)):
        image_programs.run("chroot", root, "systemctl", "-q", verb, *units, purpose=f"{verb} units of the image")
