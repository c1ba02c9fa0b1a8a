# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a guest's seed: the small disk from which it learns what it is to be."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile

from ....base.errors import FabricError
from . import image_programs, image_recipe, seed_contents
from .guest import GuestConfig


def write(path: str, config: GuestConfig) -> None:
    """Write a seed, a raw image with a FAT; one that is there is replaced in one step.

    Raises FabricError; MissingDependency where a program is not installed.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".seed-", dir=os.path.dirname(os.path.abspath(path))) as folder:
            disk = os.path.join(folder, "seed.img")
            _make_disk(os.path.join(folder, "files"), config, disk)
            os.rename(disk, path)
    except OSError as error:
        raise FabricError(
            f"lab: {path}: the seed cannot be written: {error}; correct that, and run it again"
        ) from error


def _make_disk(folder: str, config: GuestConfig, disk: str) -> None:
    os.mkdir(folder)
    texts = seed_contents.cloud_init_files(config)
    texts[image_recipe.SEED_INTERFACES] = seed_contents.interface_lines(config)
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    with tarfile.open(os.path.join(folder, image_recipe.SEED_ARCHIVE), "w", format=tarfile.USTAR_FORMAT) as archive:
        for found in seed_contents.guest_files(config):
            _add(archive, found)
    # QEMU shows a folder as a FAT by itself, so this takes no program that makes file systems.
    source = {"driver": "vvfat", "dir": folder, "label": image_recipe.SEED_LABEL, "floppy": True}
    image_programs.run("qemu-img", "convert", "-O", "raw", f"json:{json.dumps(source)}", disk, purpose="make the seed")


def _add(archive: tarfile.TarFile, file: seed_contents.GuestFile) -> None:
    content = file.text.encode()
    entry = tarfile.TarInfo(file.path)
    entry.size, entry.mode = len(content), file.mode
    archive.addfile(entry, io.BytesIO(content))
