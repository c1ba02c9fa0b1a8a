# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchange of routes with the kernel."""

from __future__ import annotations

import typing as t

from .kind import ProtocolKind

KIND = ProtocolKind("kernel", is_local=True)


def lines(
    name: str, *, learns_by: t.Optional[str], exports_by: str, scan_time: int, metric: int, ecmp_paths: int
) -> t.List[str]:
    """Write it; `learns_by` and `exports_by` are filters, and without the first nothing is learnt from the kernel."""
    return [
        f"protocol kernel {name} {{",
        *(["  learn;"] if learns_by is not None else []),
        "  persist;",
        f"  scan time {scan_time};",
        f"  metric {metric};",
        *([f"  merge paths on limit {ecmp_paths};"] if ecmp_paths > 1 else []),
        "  graceful restart;",
        "  ipv4 {",
        "    import none;" if learns_by is None else f"    import filter {learns_by};",
        f"    export filter {exports_by};",
        "  };",
        "}",
    ]
