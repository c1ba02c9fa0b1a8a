# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a rendered bird.conf bears on its BGP sessions: their options with templates resolved, and named parts."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .syntax import Statement, parse

Tokens = t.Tuple[str, ...]

_NAMED = ("define", "filter", "function")


@dataclass(frozen=True)
class Session:
    """One BGP session as it is configured.

    Args:
        protocol: the name of its protocol.
        statements: its own and those of its templates, the templates' first.
        whole: its own, as one.
    """

    protocol: str
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
    def name(self) -> str:
        """What people call the peer: its description up to the last comma, else its protocol."""
        description = " ".join(self.first("description")[1:]).strip('"')
        return description.rpartition(", ")[0] or description or self.protocol


@dataclass(frozen=True)
class Outline:
    """A configuration, sorted by what its parts are for.

    Args:
        sessions: BGP sessions by protocol.
        named: the definitions, filters, functions and tables by name, each as tokens with what fills it.
        statements: what defines each of them, by name.
        templates: templates by name.
        others: protocols that are not BGP, by name.
        settings: what stands at the top and is neither.
    """

    sessions: t.Mapping[str, Session]
    named: t.Mapping[str, Tokens]
    statements: t.Mapping[str, t.Tuple[Statement, ...]]
    templates: t.Mapping[str, Statement]
    others: t.Mapping[str, Statement]
    settings: t.Tuple[Statement, ...]


def _resolved(statement: Statement, templates: t.Mapping[str, Statement], depth: int = 0) -> t.Tuple[Statement, ...]:
    words = statement.words
    inherited: t.Tuple[Statement, ...] = ()
    if "from" in words[3:4] and len(words) > 4 and words[4] in templates and depth < 16:
        inherited = _resolved(templates[words[4]], templates, depth + 1)
    return (*inherited, *(statement.body or ()))


def _tables_of(statement: Statement) -> t.Iterator[str]:
    for inner in statement.body or ():
        if inner.words[:1] == ("table",) and len(inner.words) > 1:
            yield inner.words[1]
        yield from _tables_of(inner)


def outline(text: str) -> Outline:
    """Sort a configuration by what its parts are for.

    Args:
        text: a bird.conf of our rendering, with or without seal.

    Returns:
        Its outline.

    Raises:
        BirdError: brackets that do not match.
    """
    sessions: t.Dict[str, Session] = {}
    named: t.Dict[str, t.List[Statement]] = {}
    templates: t.Dict[str, Statement] = {}
    others: t.Dict[str, Statement] = {}
    settings: t.List[Statement] = []
    bgp: t.List[Statement] = []
    for statement in parse(text):
        words = statement.words
        if words[:1] == ("template",) and len(words) > 2:
            templates[words[2]] = statement
        elif words[:2] == ("protocol", "bgp") and len(words) > 2:
            bgp.append(statement)
        elif words[:1] == ("protocol",):
            others[words[2] if len(words) > 2 else " ".join(words)] = statement
        elif words[:1] and words[0] in _NAMED and len(words) > 1:
            named.setdefault(words[1], []).append(statement)
        elif words[1:2] == ("table",) and len(words) > 2:
            named.setdefault(words[2], []).append(statement)
        else:
            settings.append(statement)
    for statement in others.values():
        for table in _tables_of(statement):
            if table in named:
                named[table].append(statement)
    for statement in bgp:
        name = statement.words[2]
        sessions[name] = Session(name, _resolved(statement, templates), statement)
    return Outline(
        sessions=sessions,
        named={name: tuple(token for one in parts for token in one.tokens()) for name, parts in named.items()},
        statements={name: tuple(parts) for name, parts in named.items()},
        templates=templates,
        others=others,
        settings=tuple(settings),
    )


def used_names(tokens: t.Iterable[str], named: t.Mapping[str, Tokens]) -> t.FrozenSet[str]:
    """Find which named parts a piece of configuration rests on, however indirectly.

    Args:
        tokens: the piece.
        named: the parts by name.

    Returns:
        Names of parts.
    """
    found: t.Set[str] = set()
    open_ends = [token for token in tokens if token in named]
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            open_ends.extend(token for token in named[name] if token in named)
    return frozenset(found)
