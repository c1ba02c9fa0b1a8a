# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of which pools packets travel another way with another bird.conf: its export filter to the kernel says it."""

from __future__ import annotations

import typing as t

from ...base.errors import BirdError
from ...values.modes import MODES, NO_ENCAPSULATION, Mode
from .outline import outline
from .syntax import Statement

_FILTER = "fabric_to_kernel"
_ELSEWHERE = ("bgp_next_hop", "!~")


class ModeChange(t.NamedTuple):
    """A pool (with prefix length) whose packets travel another way, and the names of both modes."""

    pool: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.pool}: {self.before} -> {self.after}"


def mode_changes(old_text: str, new_text: str) -> t.Tuple[ModeChange, ...]:
    """Find the pools whose packets travel another way with another configuration; sorted."""
    old, new = _modes_in(old_text), _modes_in(new_text)
    ways = (
        ModeChange(pool, old.get(pool, NO_ENCAPSULATION), new.get(pool, NO_ENCAPSULATION))
        for pool in sorted({*old, *new})
    )
    return tuple(way for way in ways if way.before != way.after)


def _modes_in(text: str) -> t.Dict[str, str]:
    try:
        filters = outline(text).statements.get(_FILTER, ())
    except BirdError:
        # BIRD itself refuses such a text.
        return {}
    return {
        prefix.rstrip("+"): mode.name
        for condition in _conditions(filters)
        for mode in MODES.values()
        if _leads_into(mode, condition)
        for prefix in _prefixes(condition.words)
    }


def _leads_into(mode: Mode, condition: Statement) -> bool:
    if _holds(condition.words, _ELSEWHERE) != mode.is_across_subnets_only:
        return False
    return any(_holds(inner.words, ("ifname", "=", f'"{mode.device}"')) for inner in condition.body or ())


def _conditions(statements: t.Iterable[Statement]) -> t.Iterator[Statement]:
    for statement in statements:
        if statement.words[:1] == ("if",):
            yield statement
        yield from _conditions(statement.body or ())


def _holds(words: t.Sequence[str], wanted: t.Sequence[str]) -> bool:
    return any(tuple(words[start : start + len(wanted)]) == tuple(wanted) for start in range(len(words)))


def _prefixes(words: t.Sequence[str]) -> t.Iterator[str]:
    """Return the members of the set in `net ~ [ ... ]`."""
    for start in range(len(words)):
        if tuple(words[start : start + 3]) == ("net", "~", "["):
            end = words.index("]", start)
            yield from (word for word in words[start + 3 : end] if word != ",")
