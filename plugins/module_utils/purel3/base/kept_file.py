# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files of the host that are ours: known by their first line, replaced at once."""

from __future__ import annotations

import contextlib
import os
import typing as t

from . import files
from .errors import ForeignObject
from .marks import FILE_HEADER

_MODE = 0o644


def read(path: str) -> t.Optional[files.File]:
    """Read a file of ours, None where there is none; raises ForeignObject where it is not ours, or FabricError."""
    found = files.read(path)
    if found is not None and found.text.splitlines()[:1] != [FILE_HEADER]:
        raise ForeignObject(f"{path} stands in the way: it is not ours; move it away")
    return found


def unfinished(path: str) -> str:
    """The path of what a run has left that was killed while it wrote a file; empty for nothing."""
    new = path + files.UNFINISHED
    return new if os.path.lexists(new) else ""


def remove(path: str) -> None:
    """Remove a file of ours, and what is left of an unfinished one; neither need be there. Raises OSError."""
    for name in (path + files.UNFINISHED, path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def write(path: str, text: str, mode: int = _MODE) -> None:
    """Replace a file by a text with our first line, as files.replace does."""
    files.write(path, files.File(text, files.Ownership(os.geteuid(), os.getegid(), mode)))
