# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`vars`: host vars of all nodes."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .nodes import read_variables
from .part import Draft, Part

if t.TYPE_CHECKING:
    from .fabric import Fabric


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, variables=read_variables(draft.file, "vars", draft.computed))


PART = Part(keys=("vars",), read=_read, of_nodes=lambda checked: dict(checked.fabric.variables))
