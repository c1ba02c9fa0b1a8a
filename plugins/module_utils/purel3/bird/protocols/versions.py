# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version of BIRD an option needs."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ...values.session_options import OPTIONS


@dataclass(frozen=True)
class _Option:
    name: str
    pattern: t.Pattern[str]
    since: str
    since_of_3: str

    def needed(self, version: str) -> str:
        return self.since_of_3 if _number(version) >= (3,) else self.since


def _option(name: str, since: str, since_of_3: str = "3.0") -> _Option:
    words = r"\s+".join(re.escape(word) for word in name.split())
    return _Option(name, re.compile(rf"(?:^|[;{{}}])\s*{words}\b", re.MULTILINE), since, since_of_3)


# What came with 2.0.12, the oldest version that the collection runs with, or after it.
_OPTIONS = (
    _option("authentication", "2.17"),
    _option("keys", "2.17"),
    _option("onlink", "2.0.12", "3.2"),
    _option("require route refresh", "2.15"),
    *(_option(words, *option.since) for option in OPTIONS.values() for words in option.words if option.since),
)
_TEXT_OR_COMMENT = re.compile(r'("[^"\n]*")|#[^\n]*|/\*.*?\*/', re.DOTALL)


def _number(version: str) -> t.Tuple[int, ...]:
    return tuple(int(part) for part in re.findall("[0-9]+", version))


def unsupported(text: str, version: str) -> t.Tuple[str, ...]:
    """Find options that a BIRD does not know."""
    plain = _TEXT_OR_COMMENT.sub(lambda match: '""' if match.group(1) else "", text)
    return tuple(
        f"BIRD {version} does not know `{option.name}`; install BIRD {option.needed(version)} or newer, "
        "or leave that option out"
        for option in _OPTIONS
        if _number(version) < _number(option.needed(version)) and option.pattern.search(plain)
    )
