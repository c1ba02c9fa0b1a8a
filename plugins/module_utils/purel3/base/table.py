# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in the form of calicoctl."""

from __future__ import annotations

import typing as t


def draw_table(headings: t.Sequence[str], rows: t.Sequence[t.Sequence[str]]) -> t.Tuple[str, ...]:
    """Draw a table with centred headings, as lines without newlines."""
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"

    def centred(text: str, width: int) -> str:
        left = (width - len(text)) // 2
        return " " * left + text + " " * (width - len(text) - left)

    heading = "| " + " | ".join(centred(text, width) for text, width in zip(headings, widths)) + " |"
    body = ["| " + " | ".join(text.ljust(width) for text, width in zip(row, widths)) + " |" for row in rows]
    return (rule, heading, rule, *body, rule)
