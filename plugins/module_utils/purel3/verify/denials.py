# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets of a proof must not arrive, because policies deny them. Pure."""

from __future__ import annotations

import typing as t

from ..base.errors import InvalidInput
from ..policy.kinds import Decisions, Way
from ..policy.model import PROTOCOLS
from ..policy.reading import endpoints_from, rulebook_from
from ..policy.words import put_in_words
from ..values.checker import Checker
from .reachability import ICMP, Denials, Question

_SOURCE_PORT = 40000
_ECHO_REQUEST = 8


def denials_of(question: Question, options: t.Mapping[str, t.Any]) -> Denials:
    """Find what policies deny of a question, given as options of the module policy; raises InvalidInput."""
    if not options:
        return {}
    checker = Checker()
    endpoints = endpoints_from(checker, options["endpoints"] or {})
    book = rulebook_from(checker, options, endpoints)
    if checker.faults:
        raise InvalidInput(checker.faults)
    known = {one.name: one for one in endpoints}
    decisions = Decisions(book)
    ways = {protocol: _way(protocol, question.port) for protocol in question.protocols}
    denied: t.Dict[t.Tuple[str, str, str], str] = {}
    for position, destination in question.pairs():
        source, target = known.get(question.sources[position].name), known.get(destination.name)
        if source is None or target is None:
            continue
        for protocol, way in ways.items():
            last = decisions.on(source, target, way)[-1]
            if not last.is_allowed:
                denied[source.name, target.name, protocol] = put_in_words(last)
    return denied


def _way(protocol: str, port: int) -> Way:
    if protocol == ICMP:
        return PROTOCOLS[protocol], (0, 0), (_ECHO_REQUEST, 0)
    return PROTOCOLS[protocol], (_SOURCE_PORT, port), (0, 0)
