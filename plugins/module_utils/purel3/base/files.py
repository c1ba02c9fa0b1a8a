# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One configuration file: read whole, replaced at once, put back as it was."""

from __future__ import annotations

import contextlib
import os
import typing as t
from dataclasses import dataclass

from .errors import FabricError

# Of a file that is being written; one that is found later was left by a run that was killed.
UNFINISHED = ".new"


@dataclass(frozen=True)
class Ownership:
    """Who may read a file: numeric owner and group, and permission bits."""

    user: int
    group: int
    mode: int


@dataclass(frozen=True)
class File:
    """A file's whole text and who may read it."""

    text: str
    ownership: Ownership


def read(path: str) -> t.Optional[File]:
    """Read a file, None where there is none; raises FabricError where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            status = os.fstat(file.fileno())
            return File(file.read(), Ownership(status.st_uid, status.st_gid, status.st_mode & 0o7777))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FabricError(f"{path}: cannot read it: {error.strerror}; run as root, and name a file") from error


def write(path: str, file: File) -> None:
    """Replace a file in a folder that exists, as `replace` does."""
    replace(path, file.text.encode("utf-8", "surrogateescape"), file.ownership)


def replace(path: str, content: bytes, ownership: Ownership, unfinished: str = UNFINISHED) -> None:
    """Replace a file at once; what was written survives a power cut.

    Args:
        path: absolute; its folder exists.
        content: all of it.
        ownership: who may read it; a group of -1 is that of whoever runs this.
        unfinished: what the name of the file that is being written has besides.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    new = path + unfinished
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchown(handle, ownership.user, ownership.group)
            os.fchmod(handle, ownership.mode)
            os.fsync(handle)
        os.rename(new, path)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        raise
    sync_folder(os.path.dirname(path))


def sync_folder(path: str) -> None:
    """Let what was renamed in a folder survive a power cut; raises OSError where the disk fails."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def restore(path: str, old: t.Optional[File]) -> None:
    """Put a file back as it was read, None for not there; raises OSError."""
    if old is None:
        os.unlink(path)
    else:
        write(path, old)
