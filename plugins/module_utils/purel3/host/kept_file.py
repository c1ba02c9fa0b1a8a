# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files of the host that are ours: known by their first line, replaced at once."""

from __future__ import annotations

import typing as t

from ..bird import file
from ..errors import ForeignObject
from ..ownership import FILE_HEADER

_MODE = 0o644


def read(path: str) -> t.Optional[file.File]:
    """Read a file of ours.

    Args:
        path: absolute.

    Returns:
        The file, or None where there is none.

    Raises:
        FabricError: it is not ours, or cannot be read.
    """
    found = file.read(path)
    if found is not None and found.text.splitlines()[:1] != [FILE_HEADER]:
        raise ForeignObject(f"{path} stands in the way: it is not ours; move it away")
    return found


def write(path: str, text: str, mode: int = _MODE) -> None:
    """Replace a file at once; what was written survives a power cut.

    Args:
        path: absolute; its folder exists.
        text: all of it, with our first line.
        mode: permission bits.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    file.write(path, file.File(text, file.Ownership(0, 0, mode)))
