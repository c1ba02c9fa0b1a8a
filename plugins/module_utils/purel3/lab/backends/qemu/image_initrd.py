# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the initial RAM disk of an image: busybox, a script and a few modules, because a general one boots slowly."""

from __future__ import annotations

import lzma
import os
import re
import shutil
import typing as t

from . import image_programs, image_recipe

# What modprobe --show-depends prints; a module that the kernel has built in is shown in another way.
_SHOWN_MODULE = re.compile(r"^insmod (?P<path>/\S+)", re.MULTILINE)
_FOLDERS = ("bin", "dev", "modules", "proc", "root", "seed", "sys")


def make(root: str, version: str, path: str) -> None:
    """Make the initial RAM disk.

    version: of the kernel.
    path: of the file to make, on the same file system.

    Raises FabricError where a program failed; OSError.
    """
    tree = os.path.join(root, "tmp/initrd")
    for name in _FOLDERS:
        os.makedirs(os.path.join(tree, name))
    shutil.copy2(os.path.join(root, "bin/busybox"), os.path.join(tree, "bin"))
    _write(os.path.join(tree, "init"), image_recipe.INIT, 0o755)
    modules = _modules(root, version)
    for name, source in modules.items():
        _copy_module(root + source, os.path.join(tree, "modules", name))
    _write(os.path.join(tree, "modules/order"), "".join(f"{name}\n" for name in modules), 0o644)
    names = sorted(
        os.path.relpath(os.path.join(folder, name), tree)
        for folder, folders, files in os.walk(tree)
        for name in (*folders, *files)
    )
    image_programs.run(
        *("chroot", root, "cpio", "--quiet", "--create", "--format=newc", "--owner=0:0"),
        *("--directory=/tmp/initrd", "-O", "/tmp/initrd.cpio"),
        purpose="make the initial RAM disk",
        given="".join(f"{name}\n" for name in names),
    )
    os.rename(os.path.join(root, "tmp/initrd.cpio"), path)
    shutil.rmtree(tree)


def _modules(root: str, version: str) -> t.Dict[str, str]:
    """The path in the system of each module by its name, in the order in which they load."""
    found: t.Dict[str, str] = {}
    for module in image_recipe.INITRD_MODULES:
        shown = image_programs.run(
            *("chroot", root, "modprobe", "--set-version", version, "--show-depends", module),
            purpose=f"find the kernel module {module}",
        )
        for match in _SHOWN_MODULE.finditer(shown):
            name = os.path.basename(match["path"])
            found.setdefault(name[: -len(".xz")] if name.endswith(".xz") else name, match["path"])
    return found


def _copy_module(source: str, target: str) -> None:
    if source.endswith(".xz"):
        with lzma.open(source) as packed, open(target, "wb") as file:
            shutil.copyfileobj(packed, file)
    else:
        shutil.copyfile(source, target)


def _write(path: str, text: str, mode: int) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
