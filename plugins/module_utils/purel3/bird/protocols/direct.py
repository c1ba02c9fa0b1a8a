# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of the interfaces."""

from __future__ import annotations

import typing as t

from .kind import ProtocolKind

KIND = ProtocolKind("direct", is_local=True)


def lines(name: str, interfaces: t.Iterable[str]) -> t.List[str]:
    """Write it; an interface may be a pattern in quotes, and one behind `-` is left out."""
    return [f"protocol direct {name} {{", "  ipv4;", f"  interface {', '.join(interfaces)};", "}"]
