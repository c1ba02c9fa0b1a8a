# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What BIRD knows of the interfaces."""

from __future__ import annotations

import typing as t

from .kind import ProtocolKind

KIND = ProtocolKind("device", is_local=True)


def lines(name: str, scan_time: int) -> t.List[str]:
    return [f"protocol device {name} {{", f"  scan time {scan_time};", "}"]
