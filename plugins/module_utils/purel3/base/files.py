# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One configuration file: read whole, replaced at once, put back as it was."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import typing as t
from dataclasses import dataclass

from .errors import FabricError, ForeignObject

# Of a file that is being written; one that is found later was left by a run that was killed. No name that people give
# to what they keep beside a file, as .new is.
UNFINISHED = ".purel3-new"


@dataclass(frozen=True)
class Ownership:
    """Who may read a file: numeric owner and group, and permission bits."""

    user: int
    group: int
    mode: int


WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class File:
    """A file's whole text and who may read it."""

    text: str
    ownership: Ownership


def read(path: str) -> t.Optional[File]:
    """Read a file as text, as `read_bytes` does."""
    found = read_bytes(path)
    if found is None:
        return None
    content, status = found
    text = content.decode("utf-8", "surrogateescape")
    return File(text, Ownership(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)))


def read_bytes(path: str) -> t.Optional[t.Tuple[bytes, os.stat_result]]:
    """Read a file that may be replaced, None where there is none.

    Raises ForeignObject: a link or something else than a file is there; FabricError: it cannot be read.
    """
    if not os.path.isabs(path):
        raise FabricError(f"{path!r} is not an absolute path; write it from / on")
    found = _other(path)
    if found:
        raise ForeignObject(f"{path} is {found} and so not ours; move it away, or choose another path")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FabricError(f"{path}: cannot read it: {error.strerror}; see who may, or run as root") from error
    with open(handle, "rb") as file:
        return file.read(), os.fstat(handle)


def _other(path: str) -> str:
    """Say what stands in a file's place; empty for a file, or nothing."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return ""
    if stat.S_ISLNK(mode):
        return f"a link to {os.readlink(path)}"
    return "" if stat.S_ISREG(mode) else "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"


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
        OSError: it cannot be written, or is no file; what was there is as it was.
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
        rename(new, path)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        raise


def rename(new: str, path: str) -> None:
    """Let a file that is written take the place of another, or of nothing, and survive a power cut.

    Raises OSError: that is not possible, or no file is there; nothing was changed.
    """
    found = _other(path)
    if found:
        raise OSError(errno.EEXIST, f"{found} is there, not a file", path)
    os.rename(new, path)
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
