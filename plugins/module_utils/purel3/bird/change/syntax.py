# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a BIRD configuration as a tree of statements; knows brackets, strings and comments, but no option."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ...base.errors import BirdError

_TOKEN = re.compile(
    r'\s+|#[^\n]*|/\*.*?\*/|(?P<word>"[^"\n]*"|\'[^\'\n]*\'|[{}\[\]();,]|[^\s"\'#{}\[\]();,]+)', re.DOTALL
)
_OPENING = {"[": "]", "(": ")"}


@dataclass(frozen=True)
class Statement:
    """What ends in a semicolon, or in a body of further statements.

    Args:
        words: the tokens before the end or the body; strings keep their quotes, brackets are tokens.
        body: the statements between braces; None where there are none.
        source: as it was written, with its semicolon or closing brace; says nothing about equality.
    """

    words: t.Tuple[str, ...]
    body: t.Optional[t.Tuple[Statement, ...]] = None
    source: str = field(default="", compare=False, repr=False)

    def tokens(self) -> t.Tuple[str, ...]:
        """Return all of it as one row, which is equal for texts that differ in spaces and comments only."""
        if self.body is None:
            return (*self.words, ";")
        return (*self.words, "{", *(token for statement in self.body for token in statement.tokens()), "}")


def _tokens(text: str) -> t.Iterator[t.Tuple[str, int]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise BirdError(f"line {text.count(chr(10), 0, position) + 1} holds a string or comment without end")
        if match.group("word"):
            yield match.group("word"), position
        position = match.end()


def parse(text: str) -> t.Tuple[Statement, ...]:
    """Read a configuration.

    Args:
        text: all of it.

    Returns:
        Its statements in order; includes are statements, their files are not read.

    Raises:
        BirdError: brackets that do not match, with the line.
    """
    bodies: t.List[t.List[Statement]] = [[]]
    heads: t.List[t.Tuple[t.Tuple[str, ...], int]] = []
    words: t.List[str] = []
    start = 0
    expected: t.List[str] = []
    for token, position in _tokens(text):
        if not words:
            start = position
        if expected and token == expected[-1]:
            expected.pop()
        elif token in _OPENING:
            expected.append(_OPENING[token])
        elif not expected and token == "{":
            heads.append((tuple(words), start))
            bodies.append([])
            words = []
            continue
        elif not expected and token in ("}", "]", ")"):
            if token != "}" or words or not heads:
                raise BirdError(f"line {text.count(chr(10), 0, position) + 1} closes with {token!r} what is not open")
            body = tuple(bodies.pop())
            head, begin = heads.pop()
            bodies[-1].append(Statement(head, body, text[begin : position + 1]))
            continue
        elif not expected and token == ";":
            # A body may be followed by a semicolon of its own.
            if words:
                bodies[-1].append(Statement(tuple(words), None, text[start : position + 1]))
            words = []
            continue
        words.append(token)
    if words or heads or expected:
        raise BirdError("the text ends in the middle of a statement")
    return tuple(bodies[0])
