# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calico's selectors: what an entry is for, by labels."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .scalars import BadValue

Labels = t.Mapping[str, str]
Matcher = t.Callable[[Labels], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>==|!=|&&|\|\||[!(){},])|'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<word>[A-Za-z0-9_./-]+))"""
)
_DEEPEST = 50
_SYNTAX = "write one such as rack == 'a' && has(tor); values stand in quotes"


@dataclass(frozen=True)
class Selector:
    """A condition on labels: its text as it is written, and the keys of the labels that it speaks of."""

    text: str
    keys: t.FrozenSet[str]
    _matcher: Matcher = field(compare=False, repr=False)

    def matches(self, labels: Labels) -> bool:
        """Whether an object with these labels is selected."""
        return self._matcher(labels)


class _Token(t.NamedTuple):
    kind: str
    text: str
    at: int


def parse(text: str) -> Selector:
    """Read a selector, for example `rack == 'a' && has(tor)`; raises BadValue where it is none.

    `==`, `!=`, `in {...}`, `not in {...}`, `contains`, `starts with`, `ends with`, `has(key)`, `all()`, joined by `!`,
    `&&` and `||` (in the order of their strength) and parentheses. As in Calico, `!=` and `not in` also hold where
    there is no such label.
    """
    reader = _Reader(tuple(_tokens(text)))
    matcher = reader.read()
    return Selector(text, frozenset(reader.keys), matcher)


def _tokens(text: str) -> t.Iterator[_Token]:
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            at = position + len(text[position:]) - len(text[position:].lstrip()) + 1
            raise BadValue(f"is not a selector: character {at} fits nowhere", _SYNTAX)
        kind = str(found.lastgroup)
        yield _Token("text" if kind in ("single", "double") else kind, found[kind], found.start(kind) + 1)
        position = found.end()
    yield _Token("end", "", len(text) + 1)


class _Reader:
    def __init__(self, tokens: t.Sequence[_Token]) -> None:
        self.keys: t.Set[str] = set()
        self._tokens = tokens
        self._index = 0
        self._depth = 0

    def read(self) -> Matcher:
        matcher = self._either()
        self._take("end", "", "the end, '&&' or '||'")
        return matcher

    def _either(self) -> Matcher:
        parts = [self._both()]
        while self._found("sign", "||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda labels: any(part(labels) for part in parts)

    def _both(self) -> Matcher:
        parts = [self._one()]
        while self._found("sign", "&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda labels: all(part(labels) for part in parts)

    def _one(self) -> Matcher:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadValue(f"is nested more than {_DEEPEST} levels deep", "write it with fewer '!' and parentheses")
        matcher = self._condition()
        self._depth -= 1
        return matcher

    def _condition(self) -> Matcher:
        if self._found("sign", "!"):
            inner = self._one()
            return lambda labels: not inner(labels)
        if self._found("sign", "("):
            inner = self._either()
            self._take("sign", ")", "')'")
            return inner
        word = self._take("word", None, "a label, has(...), all() or '('")
        if word in ("has", "all") and self._found("sign", "("):
            key = self._take("word", None, "a label") if word == "has" else ""
            self._take("sign", ")", "')'")
            if word == "all":
                return lambda labels: True
            self.keys.add(key)
            return lambda labels: key in labels
        self.keys.add(word)
        return self._comparison(word)

    def _comparison(self, key: str) -> Matcher:
        if self._found("sign", "=="):
            value = self._take("text", None, "a value in quotes")
            return lambda labels: labels.get(key) == value
        if self._found("sign", "!="):
            other = self._take("text", None, "a value in quotes")
            return lambda labels: labels.get(key) != other
        if self._found("word", "in"):
            values = self._values()
            return lambda labels: labels.get(key) in values
        if self._found("word", "not"):
            self._take("word", "in", "'in'")
            others = self._values()
            return lambda labels: labels.get(key) not in others
        if self._found("word", "contains"):
            part = self._take("text", None, "a value in quotes")
            return lambda labels: key in labels and part in labels[key]
        if self._found("word", "starts"):
            self._take("word", "with", "'with'")
            start = self._take("text", None, "a value in quotes")
            return lambda labels: key in labels and labels[key].startswith(start)
        if self._found("word", "ends"):
            self._take("word", "with", "'with'")
            end = self._take("text", None, "a value in quotes")
            return lambda labels: key in labels and labels[key].endswith(end)
        raise self._unexpected("'==', '!=', 'in', 'not in', 'contains', 'starts with' or 'ends with'")

    def _values(self) -> t.FrozenSet[str]:
        self._take("sign", "{", "'{'")
        found = [self._take("text", None, "a value in quotes")]
        while self._found("sign", ","):
            found.append(self._take("text", None, "a value in quotes"))
        self._take("sign", "}", "',' or '}'")
        return frozenset(found)

    def _found(self, kind: str, text: str) -> bool:
        token = self._tokens[self._index]
        if (token.kind, token.text) != (kind, text):
            return False
        self._index += 1
        return True

    def _take(self, kind: str, text: t.Optional[str], wanted: str) -> str:
        token = self._tokens[self._index]
        if token.kind != kind or text not in (None, token.text):
            raise self._unexpected(wanted)
        self._index += 1
        return token.text

    def _unexpected(self, wanted: str) -> BadValue:
        token = self._tokens[self._index]
        what = "it ends" if token.kind == "end" else f"there is {token.text!r}"
        return BadValue(f"is not a selector: at character {token.at} {what} instead of {wanted}", _SYNTAX)
