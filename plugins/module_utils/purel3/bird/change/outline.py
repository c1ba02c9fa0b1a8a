# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For keep and impact, a bird.conf in its parts: statements; protocols with templates resolved, named parts, settings.

It knows brackets, strings and comments, but no option.
"""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from dataclasses import dataclass, field

from ...base.errors import BirdError

Tokens = t.Tuple[str, ...]

BGP = "bgp"

_TOKEN = re.compile(
    r'\s+|#[^\n]*|/\*.*?\*/|(?P<word>"[^"\n]*"|\'[^\'\n]*\'|[{}\[\]();,]|[^\s"\'#{}\[\]();,]+)', re.DOTALL
)
_OPENING = {"[": "]", "(": ")"}
_NAMED = ("define", "filter", "function")
# They may stand behind the kind of a protocol.
_VERSIONS = ("v2", "v3", "ng")


@dataclass(frozen=True)
class Statement:
    """What ends in a semicolon, or in a body of further statements.

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


@dataclass(frozen=True)
class Protocol:
    """One protocol as it is configured.

    kind: for example bgp or ospf.
    name: its own, or that which BIRD gives it.
    statements: its own and those of its templates, the templates' first.
    whole: its own, as one.
    """

    kind: str
    name: str
    statements: t.Tuple[Statement, ...]
    whole: Statement

    def first(self, word: str) -> Tokens:
        """Return the words of the last statement that begins with a word; empty where there is none."""
        found = [one.words for one in self.statements if one.words[:1] == (word,)]
        return found[-1] if found else ()

    @property
    def address(self) -> str:
        """The peer's address; empty where it is not written out."""
        return self.first("neighbor")[1:2][0] if len(self.first("neighbor")) > 1 else ""

    @property
    def peer(self) -> str:
        """What people call the peer: the description up to the last comma, else the protocol's name."""
        description = " ".join(self.first("description")[1:]).strip('"')
        return description.rpartition(", ")[0] or description or self.name


@dataclass(frozen=True)
class Outline:
    """A configuration, sorted by what its parts are for.

    protocols: by name.
    named: the definitions, filters, functions and tables by name, each as tokens with what fills it.
    statements: what defines each of them, by name.
    templates: templates by name.
    settings: what stands at the top and is neither.
    """

    protocols: t.Mapping[str, Protocol]
    named: t.Mapping[str, Tokens]
    statements: t.Mapping[str, t.Tuple[Statement, ...]]
    templates: t.Mapping[str, Statement]
    settings: t.Tuple[Statement, ...]

    @property
    def sessions(self) -> t.Dict[str, Protocol]:
        """The BGP sessions, by protocol."""
        return {name: one for name, one in self.protocols.items() if one.kind == BGP}


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
    """Read the statements of a configuration in order; includes are statements, their files are not read.

    Raises BirdError: brackets that do not match, with the line.
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
        elif not expected and token == "}" and words and heads and not bodies[-1]:
            # A list, as of what is logged: part of its statement, which has no body.
            bodies.pop()
            head, start = heads.pop()
            words = [*head, "{", *words]
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


def _head(words: Tokens) -> t.Tuple[str, str, str]:
    """Read what stands before the body of a protocol or template: its kind, name and template, each perhaps empty."""
    kind = words[1] if len(words) > 1 else ""
    rest = words[3:] if words[2:3] and words[2] in _VERSIONS else words[2:]
    name = rest[0] if rest and rest[0] != "from" else ""
    behind = rest[1:] if name else rest
    return kind, name, behind[1] if behind[:1] == ("from",) and len(behind) > 1 else ""


def _resolved(statement: Statement, templates: t.Mapping[str, Statement], depth: int = 0) -> t.Tuple[Statement, ...]:
    parent = templates.get(_head(statement.words)[2])
    inherited = _resolved(parent, templates, depth + 1) if parent is not None and depth < 16 else ()
    return (*inherited, *(statement.body or ()))


def _tables_of(statement: Statement) -> t.Iterator[str]:
    for inner in statement.body or ():
        if inner.words[:1] == ("table",) and len(inner.words) > 1:
            yield inner.words[1]
        yield from _tables_of(inner)


def outline(text: str) -> Outline:
    """Sort a configuration, with or without seal, by what its parts are for.

    Raises BirdError: brackets that do not match.
    """
    named: t.Dict[str, t.List[Statement]] = {}
    templates: t.Dict[str, Statement] = {}
    settings: t.List[Statement] = []
    configured: t.Dict[str, Statement] = {}
    unnamed: t.Counter[str] = Counter()
    for statement in parse(text):
        words = statement.words
        kind, name, _parent = _head(words)
        if words[:1] == ("template",) and name:
            templates[name] = statement
        elif words[:1] == ("protocol",):
            if not name:
                unnamed[kind] += 1
                name = f"{kind}{unnamed[kind]}"
            configured[name] = statement
        elif words[:1] and words[0] in _NAMED and len(words) > 1:
            named.setdefault(words[1], []).append(statement)
        elif words[1:2] == ("table",) and len(words) > 2:
            named.setdefault(words[2], []).append(statement)
        else:
            settings.append(statement)
    protocols = {
        name: Protocol(_head(one.words)[0], name, _resolved(one, templates), one) for name, one in configured.items()
    }
    for protocol in protocols.values():
        for table in _tables_of(protocol.whole) if protocol.kind != BGP else ():
            if table in named:
                named[table].append(protocol.whole)
    return Outline(
        protocols=protocols,
        named={name: tuple(token for one in parts for token in one.tokens()) for name, parts in named.items()},
        statements={name: tuple(parts) for name, parts in named.items()},
        templates=templates,
        settings=tuple(settings),
    )


def used_names(tokens: t.Iterable[str], named: t.Mapping[str, Tokens]) -> t.FrozenSet[str]:
    """Find which named parts a piece of configuration rests on, however indirectly."""
    found: t.Set[str] = set()
    open_ends = [token for token in tokens if token in named]
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            open_ends.extend(token for token in named[name] if token in named)
    return frozenset(found)
