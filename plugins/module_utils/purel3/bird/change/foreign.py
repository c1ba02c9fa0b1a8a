# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Within read, what somebody wrote into a bird.conf that is not ours, and would be lost with it."""

from __future__ import annotations

import typing as t

from ...base.errors import BirdError
from .outline import Statement, Tokens, parse

# From the file with an include, and the pattern in it, to the paths and texts of the files that it names.
Look = t.Callable[[str, str], t.Iterable[t.Tuple[str, str]]]

# What is in the files that distributions ship, some of it as a comment that its reader is to open; with any value.
_SETTINGS: t.Tuple[Tokens, ...] = (("log",), ("router", "id"), ("debug",), ("watchdog",))
_CHANNELS = ("ipv4 ;", "ipv6 ;")
_SCAN_TIME = "scan time "
_PROTOCOLS: t.Mapping[str, t.Tuple[str, ...]] = {
    "device": (),
    "direct": ("disabled ;", *_CHANNELS),
    "kernel": ("ipv4 { export all ; }", "ipv6 { export all ; }"),
    "static": _CHANNELS,
}
_DEEPEST = 8


def foreign_parts(path: str, text: str, new_text: str, look: Look) -> t.Tuple[str, ...]:
    """Name what a file, or one that it includes, has and neither a new text has nor what distributions ship."""
    try:
        kept = frozenset(one.tokens() for one in parse(new_text))
    except BirdError:
        # BIRD itself refuses such a text.
        kept = frozenset()
    return tuple(_parts(path, text, kept, look, 0))


def _parts(path: str, text: str, kept: t.Collection[Tokens], look: Look, depth: int) -> t.Iterator[str]:
    try:
        statements = parse(text)
    except BirdError as error:
        yield f"what cannot be read: {error}"
        return
    for statement in statements:
        words = statement.words
        # Only the body has no words of a function that declares variables before it.
        if not words or statement.tokens() in kept or any(words[: len(one)] == one for one in _SETTINGS):
            continue
        if words[0] == "include":
            included = look(path, words[-1].strip('"')) if depth < _DEEPEST else ()
            found = [part for other, there in included for part in _parts(other, there, kept, look, depth + 1)]
            yield " ".join(words) + (f" ({', '.join(found)})" if found else "")
        elif words[0] == "protocol" and words[1:2] and words[1] in _PROTOCOLS:
            yield from _parts_of_protocol(statement)
        else:
            yield _head(statement)


def _parts_of_protocol(statement: Statement) -> t.Iterator[str]:
    shipped = _PROTOCOLS[statement.words[1]]
    lines = [" ".join(inner.tokens()) for inner in statement.body or ()]
    own = [
        line.replace(" ;", ";").rstrip(";") for line in lines if line not in shipped and not line.startswith(_SCAN_TIME)
    ]
    # With a template, or in use where the shipped one is not.
    is_other = "from" in statement.words or ("disabled ;" in shipped and "disabled ;" not in lines)
    if own or is_other:
        yield _head(statement) + (f" with {'; '.join(own)}" if own else "")


def _head(statement: Statement) -> str:
    """Name a statement; never by a constant's value, which may be a password."""
    words = statement.words
    if words[0] == "define":
        return " ".join(words[:2]).partition("=")[0]
    ends = [words.index(end) for end in ("(", "->", "from") if end in words]
    return " ".join(words[: min(ends, default=len(words))])
