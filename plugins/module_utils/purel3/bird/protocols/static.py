# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes that are written down."""

from __future__ import annotations

import typing as t

from .kind import ProtocolKind

KIND = ProtocolKind("static", is_local=True)


def lines(name: str, routes: t.Iterable[str], channel: t.Sequence[str] = ("ipv4;",)) -> t.List[str]:
    """Write it; a route is what stands behind `route`."""
    return [
        f"protocol static {name} {{",
        *(f"  {line}" for line in channel),
        *(f"  route {route};" for route in routes),
        "}",
    ]
