# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk images: found in the cache or built, and copy-on-write disks on them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
import time
import typing as t
from dataclasses import dataclass

from ....base.errors import FabricError
from . import image_build, image_programs, image_recipe
from .image_request import RELEASES, ImageRequest, key

_UNFINISHED = ".building-"
_LOCK = ".lock"
_BUILT = re.compile(rf"(?:{'|'.join(RELEASES)})-[0-9a-f]{{16}}")
# No lab will start from it again: it is one of an older recipe, or of packages that nobody asks for now.
_UNUSED_SECONDS = 30 * 24 * 3600.0
_MIB = 1024**2


@dataclass(frozen=True)
class Image:
    """A disk image and how it boots: without a kernel, what the disk's own boot loader finds.

    key: two images with the same key are the same.
    disk: path of the disk, which nobody writes to.
    format: of the disk, as QEMU calls it.
    kernel, initrd: paths.
    command_line: of the kernel.
    """

    key: str
    disk: str
    format: str
    kernel: t.Optional[str] = None
    initrd: t.Optional[str] = None
    command_line: t.Optional[str] = None


def find(request: ImageRequest, cache: str) -> t.Optional[Image]:
    """Find an image that is ready; None where it must be built first. The request is for no cloud image."""
    folder = _folder(request, cache)
    if not os.path.isdir(folder):
        return None
    disk, kernel, initrd = (
        os.path.join(folder, name) for name in (image_build.DISK, image_build.KERNEL, image_build.INITRD)
    )
    return Image(os.path.basename(folder), disk, "raw", kernel, initrd, image_recipe.COMMAND_LINE)


def require(request: ImageRequest, cache: str) -> str:
    """Check that an image is there, or that this machine has what builds it; nothing is written.

    Returns what people are told where it must be built; empty where not.

    Raises FabricError where the cloud image is none, MissingDependency where this machine lacks what is needed.
    """
    image_programs.require(("qemu-img",))
    if request.cloud_image:
        _require_qcow2(request.cloud_image.path)
    elif find(request, cache) is None:
        image_build.require()
        takes = "for a minute, or several where the machine or the mirror is slow, and nothing is shown"
        return f"the image of Debian {request.release} for the disks is built first, into {cache}: {takes}"
    return ""


def prepare(request: ImageRequest, cache: str) -> Image:
    """Find an image, or build it; that takes about a minute.

    cache: the folder of all images; made when it is missing. Builders wait for each other, and remove images from
        which nothing was started for a month.

    Raises FabricError where it cannot be built, and nothing is left of the attempt, or where the cloud image is none;
    MissingDependency where this machine lacks what is needed.
    """
    require(request, cache)
    if request.cloud_image:
        return Image(key(request, ""), request.cloud_image.path, "qcow2")
    try:
        found = find(request, cache)
        if found is None:
            with _locked(cache):
                found = find(request, cache) or _build(request, cache)
    except OSError as error:
        raise FabricError(
            f"lab: {cache}: the image cannot be built: {error}; nothing was kept; correct that, and run it again"
        ) from error
    # By this it is known to be in use.
    with contextlib.suppress(OSError):
        os.utime(os.path.dirname(found.disk))
    return found


def overlay(image: Image, path: str) -> None:
    """Make a qcow2 disk that holds only what differs from an image, which stays as it is.

    A disk that is there is replaced. Raises FabricError; MissingDependency where a program is not installed.
    """
    backing = ("-F", image.format, "-b", image.disk)
    image_programs.run("qemu-img", "create", "-q", "-f", "qcow2", *backing, path, purpose=f"make the disk {path}")


def _folder(request: ImageRequest, cache: str) -> str:
    return os.path.join(os.path.abspath(cache), key(request, image_recipe.digest()))


def _build(request: ImageRequest, cache: str) -> Image:
    _clear(cache)
    free = shutil.disk_usage(cache).free
    if free < image_recipe.BUILD_BYTES:
        raise FabricError(
            f"lab: {cache}: building an image needs {image_recipe.BUILD_BYTES // _MIB} MiB, and {free // _MIB} MiB are "
            "free there; make room, or remove images there that are no longer used"
        )
    unfinished = tempfile.mkdtemp(prefix=_UNFINISHED, dir=cache)
    try:
        image_build.build(request, unfinished)
        os.rename(unfinished, _folder(request, cache))
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    built = find(request, cache)
    if built is None:
        raise FabricError(f"lab: {cache}: the new image is gone already; find out who removes files there")
    return built


def _clear(cache: str) -> None:
    for name in os.listdir(cache):
        path = os.path.join(cache, name)
        # A machine that runs from it keeps it open.
        if _BUILT.fullmatch(name) and os.stat(path).st_mtime < time.time() - _UNUSED_SECONDS:
            # Half removed under its own name, it would be taken for an image.
            os.rename(path, os.path.join(cache, _UNFINISHED + name))
    for name in os.listdir(cache):
        if name.startswith(_UNFINISHED):
            shutil.rmtree(os.path.join(cache, name))


@contextlib.contextmanager
def _locked(cache: str) -> t.Iterator[None]:
    os.makedirs(cache, mode=0o755, exist_ok=True)
    descriptor = os.open(os.path.join(cache, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _require_qcow2(path: str) -> None:
    said = image_programs.run("qemu-img", "info", "--output=json", path, purpose=f"read the cloud image {path}")
    found = json.loads(said)
    if found["format"] != "qcow2":
        raise FabricError(f"{path}: is {found['format']}, not qcow2; give a cloud image in the format qcow2")
    purpose = f"use the cloud image {path}, which is damaged or was not fetched whole"
    image_programs.run("qemu-img", "check", "-q", "-f", "qcow2", path, purpose=purpose)
