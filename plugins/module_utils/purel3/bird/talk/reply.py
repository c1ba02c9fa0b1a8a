# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What BIRD's control socket says, line by line; nothing here reads a socket."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

FIRST_ERROR_CODE = 8000

_CODED = re.compile(r"([0-9]{4})([- ])(.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """One line of a reply.

    code: BIRD's four digits, which tell what the line is; continued lines carry their first line's.
    text: the rest, as BIRD indents it.
    """

    code: int
    text: str


def is_last(raw: str) -> bool:
    """Say whether a line ends its reply: `0003 Reconfigured` does; `1002-name` and continued lines do not."""
    match = _CODED.match(raw)
    return match is not None and match.group(2) == " "


def decode(raw_lines: t.Iterable[str]) -> t.Tuple[Line, ...]:
    """Give every line of a reply its code; one without content of its own is kept, as it separates objects."""
    lines = []
    code = 0
    for raw in raw_lines:
        match = _CODED.match(raw)
        if match is None:
            # A continued line starts with one blank in place of code and hyphen.
            lines.append(Line(code, raw[1:]))
        else:
            code = int(match.group(1))
            lines.append(Line(code, match.group(3)))
    return tuple(lines)
