# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others did to a bird.conf of ours since it was put in place."""

from __future__ import annotations

import typing as t

from ...base.errors import FabricError
from ...base.files import WRITABLE_BY_OTHERS, read
from .seal import is_intact, is_sealed


def faults_of_config(path: str) -> t.Iterator[str]:
    """Say what is wrong with the file, one sentence each; nothing of one that is not ours, or not there."""
    try:
        file = read(path)
    except FabricError as error:
        yield str(error)
        return
    if file is None or not is_sealed(file.text):
        return
    if not is_intact(file.text):
        yield (
            f"{path} was changed by hand after it was put in place, which BIRD obeys from its next start on; run "
            "site.yml, which undoes that, and name a file with what is to stay in bird_includes"
        )
    if file.ownership.mode & WRITABLE_BY_OTHERS:
        yield f"{path} may be changed by others than its owner (mode {file.ownership.mode:o}); run site.yml"
