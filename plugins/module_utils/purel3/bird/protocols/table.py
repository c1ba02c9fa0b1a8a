# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of BIRD's protocols that are known; of any other the worst is assumed."""

from __future__ import annotations

import typing as t

from . import bfd, bgp, device, direct, kernel, static
from .kind import ProtocolKind

KINDS: t.Mapping[str, ProtocolKind] = {one.KIND.name: one.KIND for one in (bfd, bgp, device, direct, kernel, static)}


def kind_of(name: str) -> ProtocolKind:
    """Return what is known of a kind by its name; for one that is not known, that every change is a restart."""
    return KINDS.get(name, ProtocolKind(name))
