# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around disk images, and what is left then."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
import typing as t
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError, MissingDependency
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu import (
    image,
    image_build,
    image_programs,
    image_recipe,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.image_request import (
    AptSource,
    ImageRequest,
    key,
)

REQUEST = ImageRequest("bookworm", ("bird2",), (AptSource("http://deb.example/debian", "bookworm"),))
NAME = key(REQUEST, image_recipe.digest())
FILES = {image_build.DISK, image_build.KERNEL, image_build.INITRD}

Usage = namedtuple("Usage", "total used free")


class Builder:
    """Stands for the programs that build an image."""

    def __init__(self, failure: t.Optional[Exception] = None) -> None:
        self.failure = failure
        self.built: t.List[str] = []

    def build(self, _request: ImageRequest, folder: str) -> None:
        self.built.append(folder)
        for name in FILES:
            Path(folder, name).write_text(name)
        if self.failure:
            raise self.failure


@pytest.fixture(name="builder")
def builder_without_programs(monkeypatch: pytest.MonkeyPatch) -> Builder:
    builder = Builder()
    monkeypatch.setattr(image_build, "build", builder.build)
    monkeypatch.setattr(image_build, "require", lambda: None)
    monkeypatch.setattr(image_programs, "require", lambda _names: None)
    return builder


def left(cache: Path) -> t.List[str]:
    """What a later run would find; the lock's file is always there."""
    return sorted(path.name for path in cache.iterdir() if path.name != ".lock")


def test_an_image_is_built_once_and_found_again(builder: Builder, tmp_path: Path) -> None:
    first = image.prepare(REQUEST, str(tmp_path / "cache"))
    assert image.prepare(REQUEST, str(tmp_path / "cache")) == first
    assert len(builder.built) == 1
    assert first.key == NAME
    assert left(tmp_path / "cache") == [NAME]
    assert {path.name for path in (tmp_path / "cache" / NAME).iterdir()} == FILES


def test_builders_at_the_same_time_build_one_image(builder: Builder, tmp_path: Path) -> None:
    found: t.List[image.Image] = []
    threads = [
        threading.Thread(target=lambda: found.append(image.prepare(REQUEST, str(tmp_path / "cache"))))
        for _number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(builder.built) == 1


FAILURES: t.Dict[str, t.Tuple[Exception, str]] = {
    "a program that fails": (FabricError("lab: cannot install: no such mirror"), "lab: cannot install: no such mirror"),
    "a full disk": (OSError(errno.ENOSPC, "No space left on device"), "the image cannot be built.*No space left"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_nothing_is_left_of_a_build_that_failed(name: str, builder: Builder, tmp_path: Path) -> None:
    builder.failure, message = FAILURES[name]
    with pytest.raises(FabricError, match=message):
        image.prepare(REQUEST, str(tmp_path))
    assert left(tmp_path) == []


def test_nothing_is_left_of_a_build_that_was_interrupted(builder: Builder, tmp_path: Path) -> None:
    builder.failure = KeyboardInterrupt()  # type: ignore[assignment]  # no Exception, on purpose
    with pytest.raises(KeyboardInterrupt):
        image.prepare(REQUEST, str(tmp_path))
    assert left(tmp_path) == []


def test_the_next_build_sweeps_what_a_killed_one_left(builder: Builder, tmp_path: Path) -> None:
    (tmp_path / ".building-killed/root/etc").mkdir(parents=True)
    (tmp_path / "notes-of-the-user").mkdir()
    image.prepare(REQUEST, str(tmp_path))
    assert left(tmp_path) == sorted([NAME, "notes-of-the-user"])
    assert len(builder.built) == 1


DAY = 24 * 3600.0
# How many days ago it was used, and whether it stays: images of other recipes or packages, and what is none of ours.
CACHED: t.Dict[str, t.Tuple[float, bool]] = {
    "bookworm-0123456789abcdef": (31, False),
    "trixie-0123456789abcdef": (400, False),
    "bookworm-fedcba9876543210": (29, True),
    "trixie-of-the-user": (400, True),
    "cloud-0123456789abcdef": (400, True),
}


def test_the_next_build_sweeps_what_nobody_has_used_for_a_month(builder: Builder, tmp_path: Path) -> None:
    for name, (days, _stays) in CACHED.items():
        (tmp_path / name / "root").mkdir(parents=True)
        os.utime(tmp_path / name, times=(0, time.time() - days * DAY))
    image.prepare(REQUEST, str(tmp_path))
    assert left(tmp_path) == sorted([NAME, *(name for name, (_days, stays) in CACHED.items() if stays)])
    assert len(builder.built) == 1


def test_an_image_that_is_used_is_not_swept(builder: Builder, tmp_path: Path) -> None:
    image.prepare(REQUEST, str(tmp_path))
    os.utime(tmp_path / NAME, times=(0, 0))
    image.prepare(REQUEST, str(tmp_path))
    other = replace(REQUEST, release="trixie")
    image.prepare(other, str(tmp_path))
    assert left(tmp_path) == sorted([NAME, key(other, image_recipe.digest())])
    assert len(builder.built) == 2


@pytest.mark.usefixtures("builder")
def test_half_an_image_that_was_being_swept_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image.prepare(REQUEST, str(tmp_path))
    os.utime(tmp_path / NAME, times=(0, 0))

    def killed(_path: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            image.prepare(replace(REQUEST, release="trixie"), str(tmp_path))
    assert image.find(REQUEST, str(tmp_path)) is None
    image.prepare(REQUEST, str(tmp_path))
    assert left(tmp_path) == [NAME]


def test_what_is_missing_to_build_an_image_is_told_without_writing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if name == "mmdebstrap" else f"/usr/bin/{name}")
    with pytest.raises(MissingDependency, match="missing on this machine: mmdebstrap; install them: apt-get install"):
        image.require(REQUEST, str(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_an_image_that_is_there_needs_nothing_that_builds_one(
    builder: Builder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    image.prepare(REQUEST, str(tmp_path))
    monkeypatch.setattr(image_build, "require", lambda: pytest.fail("nothing is to be built"))
    image.require(REQUEST, str(tmp_path))
    assert len(builder.built) == 1


def test_that_an_image_is_built_first_is_told(builder: Builder, tmp_path: Path) -> None:
    assert image.require(REQUEST, str(tmp_path)) == (
        f"the image of Debian bookworm for the disks is built first, into {tmp_path}: for a minute, or several where "
        "the machine or the mirror is slow, and nothing is shown"
    )
    image.prepare(REQUEST, str(tmp_path))
    assert image.require(REQUEST, str(tmp_path)) == ""


def test_too_little_space_is_said_before_anything_is_built(
    builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10 * 2**30, 9 * 2**30, 300 * 2**20))
    needed = image_recipe.BUILD_BYTES // 2**20
    with pytest.raises(FabricError, match=f"building an image needs {needed} MiB, and 300 MiB are free there; make"):
        image.prepare(REQUEST, str(tmp_path))
    assert builder.built == []
    assert left(tmp_path) == []


def test_a_cache_that_cannot_be_made_is_named(builder: Builder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        FabricError, match=r"file/cache: the image cannot be built: .*Not a directory.*; nothing was kept"
    ):
        image.prepare(REQUEST, str(tmp_path / "file/cache"))
    assert builder.built == []


def test_all_missing_programs_are_named_at_once_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(MissingDependency) as caught:
        image_build.require()
    assert "missing on this machine: chroot, mke2fs, mmdebstrap, setpriv, unshare" in str(caught.value)
    assert "apt-get install coreutils e2fsprogs mmdebstrap util-linux" in str(caught.value)


def test_without_qemu_nothing_is_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if name == "qemu-img" else f"/usr/bin/{name}")
    with pytest.raises(MissingDependency, match=r"qemu-img; install them: apt-get install qemu-utils"):
        image.prepare(REQUEST, str(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()
