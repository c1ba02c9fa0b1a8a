# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`bird_includes`: files on the nodes with protocols of the user's own, which BIRD reads besides."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...values import scalars
from .part import Draft, Part, Variables

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric


def _read(draft: Draft) -> Fabric:
    paths = (
        draft.file.parse_text(f"bird_includes[{index}]", entry, scalars.absolute_path)
        for index, entry in enumerate(draft.file.sequence("bird_includes"))
    )
    return replace(draft.fabric, includes=tuple(path for path in paths if path is not None))


def _of_nodes(checked: CheckedFabric) -> Variables:
    includes = checked.fabric.includes
    return {"bird_includes": list(includes)} if includes else {}


PART = Part(keys=("bird_includes",), read=_read, of_nodes=_of_nodes)
