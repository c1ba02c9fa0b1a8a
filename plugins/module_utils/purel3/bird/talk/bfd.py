# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD's replies about BFD, which watches sessions."""

from __future__ import annotations

import re
import typing as t

from .reply import Line

UP = "Up"

_ROW = re.compile(r"\s*(?P<address>[0-9a-fA-F.:]+)(?:%\S+)?\s+\S+\s+(?P<state>AdminDown|Down|Init|Up|Unknown)\s")


def parse_bfd(lines: t.Iterable[Line]) -> t.Dict[str, str]:
    """Read the reply to show bfd sessions: the state of each by the address of the peer."""
    rows = (_ROW.match(line.text) for line in lines)
    return {row["address"]: row["state"] for row in rows if row is not None}
