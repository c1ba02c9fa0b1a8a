# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of ours on a node: read with respect for what is not ours, replaced at once, put back when something fails."""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t
from dataclasses import dataclass, field

from ..base.files import UNFINISHED, Ownership, read_bytes, replace, sync_folder


@dataclass(frozen=True)
class InstalledFile:
    """A file's content and who may use it.

    mode: permission bits.
    owner: numeric; whoever runs this, where it is not given.
    """

    content: bytes
    mode: int
    owner: int = field(default_factory=os.geteuid)


@dataclass(frozen=True)
class FileChange:
    """A file as it is and as it should be; None where there is none."""

    path: str
    old: t.Optional[InstalledFile]
    new: t.Optional[InstalledFile]

    @property
    def operation(self) -> str:
        """What happens to it, in one line; empty for nothing."""
        if self.old == self.new:
            return f"- file {self.path}{UNFINISHED}" if os.path.lexists(self.path + UNFINISHED) else ""
        if self.old is not None and self.new is not None and self.old.content == self.new.content:
            return f"~ {'mode' if self.old.owner == self.new.owner else 'owner'} of {self.path}"
        return f"{'+' if self.old is None else '-' if self.new is None else '~'} file {self.path}"

    def make(self) -> None:
        """Make it; raises OSError where it cannot be made, and the file is as it was."""
        if self.old == self.new:
            _remove(self.path + UNFINISHED)
        else:
            _put(self.path, self.new)

    def undo(self) -> None:
        """Put the file back as it was; raises OSError."""
        if self.old != self.new:
            _put(self.path, self.old)


def read(path: str) -> t.Optional[InstalledFile]:
    """Read a file, as `read_bytes` does."""
    found = read_bytes(path)
    return None if found is None else InstalledFile(found[0], stat.S_IMODE(found[1].st_mode), found[1].st_uid)


def write(path: str, file: InstalledFile) -> None:
    """Replace a file at once, as `replace` does; its folder is made if it does not exist."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o755)
        sync_folder(os.path.dirname(folder))
    replace(path, file.content, Ownership(file.owner, -1, file.mode))


def _put(path: str, file: t.Optional[InstalledFile]) -> None:
    if file is not None:
        write(path, file)
        return
    _remove(path + UNFINISHED)
    _remove(path)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)
