# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step 2, keep: beside the new text, for a while, the sessions of the old one that it does not have."""

from __future__ import annotations

import re
import typing as t

from .outline import Outline, Statement, Tokens, outline, used_names

_HEADER = "# Kept from the configuration before, until the next one is loaded without them."
_PREFIX = "kept_"
_INCLUDE = 'include "fabric_passwords.conf";'
_SEAL = "purel3_fabric_passwords"
_DEFINE = re.compile(r"^define (\w+) = (.*);$", re.MULTILINE)
_PASSWORD = re.compile(r"\bpassword (\w+);")


def _tokens(statements: t.Iterable[Statement]) -> Tokens:
    return tuple(token for one in statements for token in one.tokens())


def _template_of(statement: Statement) -> str:
    return statement.words[4] if statement.words[3:4] == ("from",) and len(statement.words) > 4 else ""


def _renamed(source: str, old: str, new: str) -> str:
    return re.sub(rf"\b{re.escape(old)}\b", new, source, count=1)


def _templates(old: Outline, new: Outline, names: t.Iterable[str]) -> t.Dict[str, t.Tuple[str, str]]:
    """Return what each template that is needed is called beside the new ones, and its text; empty where it is there."""
    found: t.Dict[str, t.Tuple[str, str]] = {}
    for name in sorted(set(names)):
        template = old.templates.get(name)
        if template is None or template == new.templates.get(name):
            continue
        # A session is the same to BIRD whatever its template is called, but not if an option of it changes.
        called = f"{_PREFIX}{name}" if name in new.templates else name
        found[name] = (called, _renamed(template.source, name, called))
    return found


def keep_peers(old_text: str, new_text: str) -> str:
    """Add to a new text, without seal, the sessions that only the old one has, unchanged.

    What they rest on and the new one lacks comes with them; what both define by one name is the new one's.

    Raises BirdError: a text whose brackets do not match.
    """
    old, new = outline(old_text), outline(new_text)
    kept = [old.sessions[name].whole for name in sorted(old.sessions) if name not in new.sessions]
    if not kept:
        return new_text
    templates = _templates(old, new, (_template_of(session) for session in kept))
    needed = [*kept, *(old.templates[name] for name in templates)]
    named = {**old.named, **{name: tokens for name, tokens in new.named.items() if name in old.named}}
    missing = [name for name in used_names(_tokens(needed), named) if name not in new.named]
    parts = [one.source for name in old.statements if name in missing for one in old.statements[name]]
    if any(_PASSWORD.search(one.source) for one in needed) and _INCLUDE not in new_text:
        parts.insert(0, _INCLUDE)
    parts += [source for dummy, source in templates.values()]
    for session in kept:
        called = templates.get(_template_of(session), ("", ""))[0]
        # Not the name of the protocol itself: the first word that is the template's own stands behind `from`.
        head, brace, body = session.source.partition("{")
        start, word, rest = head.partition(" from ")
        parts.append(f"{start}{word}{f'{called} ' if called else rest}{brace}{body}")
    return "\n\n".join([new_text.rstrip("\n"), _HEADER, *parts]) + "\n"


def keep_passwords(content: str, old: str, new: str) -> str:
    """Add to the new passwords those old ones that a configuration needs; without seal where some were added."""
    defined = dict(_DEFINE.findall(new))
    lines = [f"define {name} = {value};" for name, value in _DEFINE.findall(old)]
    needed = set(_PASSWORD.findall(content)) - set(defined)
    added = [line for line in lines if line.split()[1] in needed]
    if not added:
        return new
    kept = [line for line in new.splitlines() if not line.startswith(f"define {_SEAL} ")]
    return "".join(f"{line}\n" for line in [*kept, *added])
