# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter rules as data: from plain lists and mappings to frozen types, or what is wrong with them."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from ipaddress import IPv4Network

from .bgp import community
from .names import nearest
from .scalars import LARGEST_UINT32, BadValue, route_prefix

T = t.TypeVar("T")
Place = t.Tuple[t.Union[int, str], ...]

ACCEPT = "accept"
REJECT = "reject"
BLOCKS = "blocks"
PEERS = "peers"
STATIC = "static"
ANYTHING = IPv4Network("0.0.0.0/0")

_RULE_KEYS = ("match", "action", "set")
_MATCH_KEYS = ("prefix", "length", "community", "as_path", "source")
_SET_KEYS = ("communities", "prepend", "preference", "local_preference")
_LENGTH = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")
_LARGEST_PREPEND = 10
_LARGEST_PREFERENCE = 65535


@dataclass(frozen=True)
class Prefixes:
    """The networks inside of one whose prefix length is in a range, both ends included."""

    network: IPv4Network
    shortest: int
    longest: int

    def covers(self, other: Prefixes) -> bool:
        """Whether every network of another set is in this one."""
        return (
            other.network.subnet_of(self.network)
            and self.shortest <= max(other.shortest, other.network.prefixlen)
            and other.longest <= self.longest
        )


@dataclass(frozen=True)
class Rule:
    """One step of a filter: what is given of a match must all hold; None matches everything.

    community: one that the route bears, as `64512:100`.
    as_path: AS numbers, `?` for any one and `*` for any number of them.
    source: where the route comes from: blocks, peers or static.
    action: accept or reject; None goes on with the next rule.
    communities: added to the route.
    prepend: how often the own AS number is put before the path once more.
    preference: BIRD's own, between protocols.
    local_preference: BGP's.
    """

    prefixes: t.Optional[Prefixes] = None
    community: t.Optional[str] = None
    as_path: t.Optional[t.Tuple[str, ...]] = None
    source: t.Optional[str] = None
    action: t.Optional[str] = None
    communities: t.Tuple[str, ...] = ()
    prepend: t.Optional[int] = None
    preference: t.Optional[int] = None
    local_preference: t.Optional[int] = None

    @property
    def is_shadowing(self) -> bool:
        """Whether no later rule sees the networks that this one matches."""
        return self.action is not None and self.community is None and self.as_path is None and self.source is None


@dataclass(frozen=True)
class RuleFault:
    """What is wrong with a list of rules.

    path: what leads to it: the rule's index, then keys.
    problem: the value and what is wrong with it.
    """

    path: Place
    problem: str
    remedy: str


def parse_rules(rules: t.Any) -> t.Tuple[t.Tuple[Rule, ...], t.Tuple[RuleFault, ...]]:
    """Read and check the rules of one filter, given as plain data.

    Returns the rules, to be used only if there is no fault, and all faults.
    """
    if not isinstance(rules, (list, tuple)):
        return (), (RuleFault((), f"{rules!r} is not a list of rules", "write each rule on a line that begins '- '"),)
    reader = _Reader()
    if not rules:
        reader.fault((), "has no rule and so rejects everything", "write [{action: reject}] if that is meant")
    found = tuple(reader.rule(index, rule) for index, rule in enumerate(rules))
    if not reader.faults:
        reader.check_reach(found)
    return found, tuple(reader.faults)


def unreachable_on_import(rules: t.Sequence[Rule]) -> t.Optional[int]:
    """The index of a filter's first rule that cannot match what a peer sends, or None."""
    return next((index for index, rule in enumerate(rules) if rule.source not in (None, PEERS)), None)


class _Reader:
    def __init__(self) -> None:
        self.faults: t.List[RuleFault] = []

    def fault(self, path: Place, problem: str, remedy: str) -> None:
        self.faults.append(RuleFault(path, problem, remedy))

    def rule(self, index: int, rule: t.Any) -> Rule:
        if not self._is_mapping((index,), rule, _RULE_KEYS, "a rule"):
            return Rule()
        match = rule.get("match", {})
        if not self._is_mapping((index, "match"), match, _MATCH_KEYS, "a match"):
            match = {}
        changes = rule.get("set", {})
        if not self._is_mapping((index, "set"), changes, _SET_KEYS, "a set"):
            changes = {}
        action = self._choice((index, "action"), rule.get("action"), (ACCEPT, REJECT))
        # An empty list of communities changes nothing.
        if rule.get("action") is None and all(value in (None, [], ()) for value in changes.values()):
            self.fault((index,), "does nothing", "give it an action (accept or reject) or something to set")
        if action == REJECT and changes:
            self.fault((index, "set"), "changes a route that is rejected", "remove it, or accept the route")
        return Rule(
            prefixes=self._prefixes((index, "match"), match),
            community=self._community((index, "match", "community"), match.get("community")),
            as_path=self._as_path((index, "match", "as_path"), match.get("as_path")),
            source=self._choice((index, "match", "source"), match.get("source"), (BLOCKS, PEERS, STATIC)),
            action=action,
            communities=self._communities((index, "set", "communities"), changes.get("communities", ())),
            prepend=self._number((index, "set", "prepend"), changes.get("prepend"), 1, _LARGEST_PREPEND),
            preference=self._number((index, "set", "preference"), changes.get("preference"), 0, _LARGEST_PREFERENCE),
            local_preference=self._number(
                (index, "set", "local_preference"), changes.get("local_preference"), 0, LARGEST_UINT32
            ),
        )

    def check_reach(self, rules: t.Sequence[Rule]) -> None:
        earlier: t.List[t.Tuple[int, Prefixes]] = []
        for index, rule in enumerate(rules):
            own = rule.prefixes or Prefixes(ANYTHING, 0, 32)
            shadow = next((number for number, prefixes in earlier if prefixes.covers(own)), None)
            if shadow is not None:
                problem = f"can never match, because rule {shadow + 1} {rules[shadow].action}s all of it before"
                self.fault((index,), problem, "remove it, or put it first")
            elif rule.is_shadowing:
                earlier.append((index, own))

    def _is_mapping(self, path: Place, value: t.Any, keys: t.Sequence[str], what: str) -> bool:
        if not isinstance(value, t.Mapping):
            self.fault(path, f"{value!r} is not {what}", f"write a mapping with {_listed(keys)}")
            return False
        for key in value:
            if key not in keys:
                near = nearest(str(key), keys)
                remedy = f"did you mean {near!r}?" if near else f"choose from {', '.join(keys)}"
                self.fault((*path, str(key)), f"unknown key {key!r}", remedy)
        return True

    def _prefixes(self, path: Place, match: t.Mapping[str, t.Any]) -> t.Optional[Prefixes]:
        network = self._network((*path, "prefix"), match.get("prefix"))
        if "length" not in match:
            return None if network is None else Prefixes(network, network.prefixlen, network.prefixlen)
        shortest, longest = self._length((*path, "length"), match["length"])
        inside = network or ANYTHING
        if longest < inside.prefixlen:
            problem = f"{match['length']} can never match: what lies in {inside} is at least /{inside.prefixlen}"
            self.fault((*path, "length"), problem, f"use {inside.prefixlen} to 32")
        return Prefixes(inside, max(shortest, inside.prefixlen), longest)

    def _network(self, path: Place, value: t.Any) -> t.Optional[IPv4Network]:
        if value is None:
            return None
        return self._parsed(path, value, route_prefix, "write one in quotes, such as '10.1.0.0/16'")

    def _length(self, path: Place, value: t.Any) -> t.Tuple[int, int]:
        found = _LENGTH.fullmatch(str(value)) if not isinstance(value, (bool, float)) else None
        shortest = int(found[1]) if found else 33
        longest = int(found[2] or found[1]) if found else 0
        if shortest > longest or longest > 32:
            self.fault(path, f"{value} is not a range of prefix lengths", "write one such as 24, or 16-24")
            return 0, 32
        return shortest, longest

    def _community(self, path: Place, value: t.Any) -> t.Optional[str]:
        return None if value is None else self._parsed(path, value, community, "write one in quotes, as '64512:100'")

    def _communities(self, path: Place, value: t.Any) -> t.Tuple[str, ...]:
        if not isinstance(value, (list, tuple)):
            self.fault(path, f"{value!r} is not a list of communities", "write one such as ['64512:100']")
            return ()
        found = (self._community((*path, index), item) for index, item in enumerate(value))
        return tuple(item for item in found if item is not None)

    def _as_path(self, path: Place, value: t.Any) -> t.Optional[t.Tuple[str, ...]]:
        if value is None:
            return None
        parts = tuple(value.split()) if isinstance(value, str) else (str(value),) if _is_integer(value) else ()
        for part in parts:
            if part not in ("*", "?") and not (re.fullmatch("[0-9]{1,10}", part) and 0 < int(part) < LARGEST_UINT32):
                parts = ()
        if not parts:
            remedy = "write AS numbers, ? for any one and * for any number of them, such as '* 100 *'"
            self.fault(path, f"{value!r} is not a pattern of AS numbers", remedy)
        return parts

    def _choice(self, path: Place, value: t.Any, choices: t.Sequence[str]) -> t.Optional[str]:
        if value is not None and value not in choices:
            self.fault(path, f"{value!r} is not known", f"use {' or '.join(choices)}")
            return None
        return value if value is None else str(value)

    def _number(self, path: Place, value: t.Any, low: int, high: int) -> t.Optional[int]:
        if value is None:
            return None
        # Templates hand numbers over as text when jinja2_native is off.
        number = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,10}", value) else value
        if not _is_integer(number) or not low <= number <= high:
            self.fault(path, f"{value!r} is out of range", f"use {low} to {high}")
            return None
        return int(number)

    def _parsed(self, path: Place, value: t.Any, parse: t.Callable[[str], T], remedy: str) -> t.Optional[T]:
        if not isinstance(value, str):
            self.fault(path, f"{value!r} is not text", remedy)
            return None
        try:
            return parse(value)
        except BadValue as bad:
            self.fault(path, f"{value!r} {bad.problem}", bad.remedy)
            return None


def _is_integer(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _listed(words: t.Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"
