# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD, which watches the peers of other protocols; what a change of it does to a session is BGP's matter."""

from __future__ import annotations

import typing as t

from .kind import ProtocolKind

KIND = ProtocolKind("bfd", is_local=True)


def lines(name: str, interval: int, multiplier: int, *, is_over_hops: bool) -> t.List[str]:
    """Write it; the interval is in milliseconds."""
    timers = [f"    interval {interval} ms;", f"    multiplier {multiplier};"]
    far = ["  multihop {", *timers, "  };"] if is_over_hops else []
    return [f"protocol bfd {name} {{", '  interface "*" {', *timers, "  };", *far, "}"]
