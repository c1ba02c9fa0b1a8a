# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step 3, impact: what loading another bird.conf does to each protocol that others notice, and to the way of packets.

A comparison of two texts, option by option.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ...base.errors import BirdError
from ...values.effects import ADDED, NONE, REFILTER, REMOVED, RESTART
from ...values.modes import MODES, NO_ENCAPSULATION, Mode
from ..protocols import bgp
from ..protocols.table import kind_of
from .outline import BGP, Outline, Protocol, Statement, Tokens, outline, used_names

_DEFINED = re.compile(r'^define (\w+)_password = "(.*)";$', re.MULTILINE)
_NETWORK = re.compile(r"[0-9.]+/[0-9]+\Z|[0-9a-f:]+:[0-9a-f:]*/[0-9]+\Z")
_LEARNING = ("cost", "gateway", "import", "preference")
_ORDER = (NONE, REFILTER, RESTART)
_LONGEST_SHOWN = 40
_FILTER = "fabric_to_kernel"
_ELSEWHERE = ("bgp_next_hop", "!~")

# What stands at the top: nothing to do with sessions, but for the identity in them.
SETTINGS: t.Mapping[str, str] = {
    "debug": NONE,
    "graceful restart wait": NONE,
    "include": NONE,
    "log": NONE,
    "mrtdump": NONE,
    "router id": RESTART,
    "timeformat": NONE,
}


@dataclass(frozen=True)
class Impact:
    """What happens to one of them.

    name: what people call the peer; of what is no BGP session, for example `protocol ospf backbone`.
    address: the peer's; empty where there is no single one.
    protocol: the name of the protocol.
    effect: none; refilter (routes are evaluated again, the session stays); restart; added; removed.
    reasons: the options that changed, in words; empty for none and added, and for a session that is removed.
    """

    name: str
    address: str
    protocol: str
    effect: str = NONE
    reasons: t.Tuple[str, ...] = ()

    @property
    def is_break(self) -> bool:
        """Whether neighbours are lost that nobody has said to be gone, as one does by not naming a peer any more."""
        return self.effect == RESTART or (self.effect == REMOVED and not self.address)


class ModeChange(t.NamedTuple):
    """A pool (with prefix length) whose packets travel another way, and the names of both modes."""

    pool: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.pool}: {self.before} -> {self.after}"


def option_of(words: Tokens, known: t.Container[str]) -> str:
    """Name the option that a statement sets: the longest known one that it begins with, else its first word."""
    for length in range(min(4, len(words)), 0, -1):
        name = " ".join(words[:length])
        if name in known:
            return name
    return words[0] if words else ""


def _options(statements: t.Iterable[Statement], known: t.Container[str]) -> t.Dict[str, t.Tuple[Statement, ...]]:
    found: t.Dict[str, t.Tuple[Statement, ...]] = {}
    for statement in statements:
        name = option_of(statement.words, known)
        # The last one counts in BIRD, but for options that this library does not know.
        found[name] = (statement,) if name in known else (*found.get(name, ()), statement)
    return found


def _value(statements: t.Tuple[Statement, ...], name: str) -> str:
    if not statements:
        return "not set"
    tokens = [token for one in statements for token in one.tokens()]
    return " ".join(tokens[len(name.split()) : -1]) or "on"


def _words(name: str, old: t.Tuple[Statement, ...], new: t.Tuple[Statement, ...]) -> str:
    before, after = _value(old, name), _value(new, name)
    if max(len(before), len(after)) > _LONGEST_SHOWN or name == "password":
        return name
    return f"{name}: {before} -> {after}"


def _tokens(statements: t.Iterable[Statement]) -> Tokens:
    return tuple(token for one in statements for token in one.tokens())


def _channels(statements: t.Iterable[Statement]) -> t.Dict[str, t.Tuple[Statement, ...]]:
    found: t.Dict[str, t.Tuple[Statement, ...]] = {}
    for one in statements:
        if one.words in (("ipv4",), ("ipv6",)):
            found[one.words[0]] = (*found.get(one.words[0], ()), *(one.body or ()))
    return found


class _Changes:
    """The effects that were found, and why."""

    def __init__(self) -> None:
        self.found: t.List[t.Tuple[str, str]] = []

    def add(self, effect: str, reason: str) -> None:
        if effect != NONE and (effect, reason) not in self.found:
            self.found.append((effect, reason))

    def compare(
        self,
        old: t.Mapping[str, t.Tuple[Statement, ...]],
        new: t.Mapping[str, t.Tuple[Statement, ...]],
        known: t.Mapping[str, str],
    ) -> None:
        """Compare options by name."""
        for name in sorted({*old, *new}):
            before, after = old.get(name, ()), new.get(name, ())
            if _tokens(before) == _tokens(after):
                continue
            effect, reason = known.get(name, RESTART), _words(name, before, after)
            if name not in known:
                reason += " (an option that this version does not know)"
            if name == "bfd" and _is_on(before) and not _is_on(after):
                # The other side sees its BFD session end, and ends the BGP session.
                effect = RESTART
            self.add(effect, reason)

    def compare_named(self, old: Outline, new: Outline, before: Tokens, after: Tokens) -> None:
        """Compare what filters rest on, for filters whose own words are the same."""
        names = used_names(before, old.named) | used_names(after, new.named)
        for name in sorted(names):
            if old.named.get(name) != new.named.get(name):
                self.add(REFILTER, name)

    def impact(self, protocol: Protocol) -> Impact:
        effect = max((effect for effect, dummy in self.found), key=_ORDER.index, default=NONE)
        found = sorted(self.found, key=lambda change: -_ORDER.index(change[0]))
        return _impact(protocol, effect, tuple(reason for dummy, reason in found))


def _is_on(statements: t.Tuple[Statement, ...]) -> bool:
    return bool(statements) and statements[-1].words[1:2] not in (("off",), ("no",))


def _impact(protocol: Protocol, effect: str, reasons: t.Tuple[str, ...] = ()) -> Impact:
    if protocol.kind == BGP:
        return Impact(protocol.peer, protocol.address, protocol.name, effect, reasons)
    return _impact_of_other(protocol.kind, protocol.name, effect, reasons)


def _impact_of_other(kind: str, name: str, effect: str, reasons: t.Tuple[str, ...] = ()) -> Impact:
    return Impact(f"protocol {kind} {name}", "", name, effect, reasons)


def _of_session(
    old: Outline, new: Outline, name: str, in_channel: t.Mapping[str, str], *, has_new_password: bool
) -> Impact:
    before, after = old.protocols[name], new.protocols[name]
    changes = _Changes()
    changes.compare(_options(old.settings, SETTINGS), _options(new.settings, SETTINGS), SETTINGS)
    known = bgp.KIND.options
    changes.compare(_options(before.statements, known), _options(after.statements, known), known)
    if has_new_password and (before.first("password") or after.first("password")):
        changes.add(RESTART, "password")
    channels = _channels(before.statements), _channels(after.statements)
    for family in sorted({*channels[0], *channels[1]}):
        if (family in channels[0]) != (family in channels[1]):
            changes.add(RESTART, f"{family} channel")
            continue
        options = tuple(_options(channel[family], in_channel) for channel in channels)
        changes.compare(options[0], options[1], in_channel)
        filters = [_tokens(part for key in ("import", "export") for part in found.get(key, ())) for found in options]
        changes.compare_named(old, new, filters[0], filters[1])
    return changes.impact(after)


def _of_other(old: Outline, new: Outline, name: str) -> Impact:
    before, after = old.protocols[name], new.protocols[name]
    changes = _Changes()
    changes.compare(_options(old.settings, SETTINGS), _options(new.settings, SETTINGS), SETTINGS)
    if before.kind != after.kind:
        changes.add(RESTART, f"protocol: {before.kind} -> {after.kind}")
    kind = kind_of(after.kind)
    for option, reason in _differences(before.statements, after.statements, kind.options):
        changes.add(kind.options.get(option, kind.otherwise), reason)
    return changes.impact(after)


def _differences(
    old: t.Iterable[Statement], new: t.Iterable[Statement], known: t.Container[str]
) -> t.Iterator[t.Tuple[str, str]]:
    """Name the innermost options that differ, and how, of statements whose meaning need not be known."""
    before, after = _parts(old, known), _parts(new, known)
    for name in sorted({*before, *after}):
        pair = before.get(name, ()), after.get(name, ())
        if _tokens(pair[0]) == _tokens(pair[1]):
            continue
        inner = [one[0].body if len(one) == 1 else None for one in pair]
        if inner[0] is not None and inner[1] is not None and name != "password":
            yield from _differences(inner[0], inner[1], known)
        else:
            yield name, _words(name, *pair)


def _parts(statements: t.Iterable[Statement], known: t.Container[str]) -> t.Dict[str, t.Tuple[Statement, ...]]:
    found: t.Dict[str, t.Tuple[Statement, ...]] = {}
    for one in statements:
        if any("password" in word for word in one.words):
            # It may be part of what stands before a body, and is never told.
            name = "password"
        else:
            name = " ".join(one.words) if one.body is not None else option_of(one.words, known)
        found[name] = (*found.get(name, ()), one)
    return found


def unknown(text: str, reason: str) -> t.Tuple[Impact, ...]:
    """Describe what may happen when it is not known, for some reason, what BIRD runs: the worst.

    Returns:
        A restart for each protocol that others notice, sorted by name; none where the text cannot be read.
    """
    try:
        found = _noticed(outline(text))
    except BirdError:
        return ()
    return tuple(_impact(found[name], RESTART, (f"unknown: {reason}",)) for name in sorted(found))


def _noticed(text: Outline) -> t.Dict[str, Protocol]:
    return {name: one for name, one in text.protocols.items() if not kind_of(one.kind).is_local}


def predict(
    old_text: str,
    new_text: str,
    changed_passwords: t.Collection[str] = (),
    version: str = "",
    running: t.Optional[t.Mapping[str, str]] = None,
) -> t.Tuple[Impact, ...]:
    """Say what loading one configuration in place of another does to each protocol that other routers notice.

    changed_passwords: the protocols whose password is another one, comes or goes.
    version: of the running BIRD, for example 2.0.12; empty for the worst of all.
    running: the kinds of the protocols that run, by name; those of neither text stand in files that it includes.

    Returns:
        One item a protocol of either text, sorted by name, then those that may go with a file.
    """
    try:
        old, new = outline(old_text), outline(new_text)
    except BirdError as error:
        return unknown(new_text, f"the configuration cannot be compared: {error}")
    # BIRD 2 takes this up at the next restart of the session, whenever that is; BIRD 3 restarts it.
    in_channel = {**bgp.KIND.in_channel, "import keep filtered": NONE if version.startswith("2.") else RESTART}
    before, after = _noticed(old), _noticed(new)
    found = []
    for name in sorted({*before, *after}):
        if name not in before:
            found.append(_impact(after[name], ADDED))
        elif name not in after:
            found.append(_impact(before[name], REMOVED))
        elif before[name].kind == after[name].kind == BGP:
            found.append(_of_session(old, new, name, in_channel, has_new_password=name in changed_passwords))
        else:
            found.append(_of_other(old, new, name))
    return (*found, *_of_files(old, new, running or {}))


def _of_files(old: Outline, new: Outline, running: t.Mapping[str, str]) -> t.Iterator[Impact]:
    """Of files that are not included any more, it is not known which of the protocols stand in them."""
    before, after = ([one.words[1] for one in text.settings if one.words[:1] == ("include",)] for text in (old, new))
    gone = tuple(f"include: {file} -> not set" for file in before if file not in after)
    for name in sorted(set(running) - {*old.protocols, *new.protocols}) if gone else ():
        kind = running[name].lower()
        if not kind_of(kind).is_local:
            yield _impact_of_other(kind, name, REMOVED, gone)


def _import_of(text: Outline, name: str) -> t.Tuple[Tokens, t.Dict[str, Tokens]]:
    """Return how a session treats what it learns: its own words, and the named parts that they rest on."""
    found: t.List[str] = []
    for statements in _channels(text.sessions[name].statements).values():
        options = _options(statements, bgp.KIND.in_channel)
        found.extend(token for option in _LEARNING for token in _tokens(options.get(option, ())))
    return tuple(found), {part: text.named[part] for part in used_names(found, text.named)}


def import_changes(old_text: str, new_text: str) -> t.Dict[str, t.FrozenSet[str]]:
    """Find the sessions that evaluate what they have learnt anew.

    Returns:
        By protocol, the networks that the new one accepts by a plain list; empty where a text cannot be read.
    """
    try:
        old, new = outline(old_text), outline(new_text)
    except BirdError:
        return {}
    found = {}
    for name in {*old.sessions} & {*new.sessions}:
        after = _import_of(new, name)
        if _import_of(old, name) != after:
            # More than a list of networks may keep anything out, as its author means it to.
            is_list = " ".join(after[0]).partition("import where net ~ [ ")[1] and not after[1]
            found[name] = frozenset(token for token in after[0] if is_list and _NETWORK.match(token))
    return found


def changed_passwords(old_text: str, new_text: str) -> t.FrozenSet[str]:
    """Name the protocols whose password in the file of passwords is another one, comes or goes."""
    old, new = dict(_DEFINED.findall(old_text)), dict(_DEFINED.findall(new_text))
    return frozenset(name for name in {*old, *new} if old.get(name) != new.get(name))


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
