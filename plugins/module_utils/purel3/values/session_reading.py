# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of BGP sessions read and judged: one verdict, whether a fabric file or a node's variables say them."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Network

from .bgp import aggregate, community, within
from .scalars import as_number, node_address, one_of
from .session_options import Form

T = t.TypeVar("T")

_PAUSES_REMEDY = "give the shortest and the longest pause in seconds, such as [1, 30]"


class ValueSource(t.Protocol):
    """Where values stand: knows how they are written there, and takes what is wrong with them.

    `what` is what messages call the value, `item` the value as it stands, and None the answer when it is not usable.
    """

    def parse_number(self, what: str, item: t.Any, parse: t.Callable[[int], T]) -> t.Optional[T]: ...

    def parse_text(self, what: str, item: t.Any, parse: t.Callable[[str], T]) -> t.Optional[T]: ...

    def parse_truth(self, what: str, item: t.Any, others: t.Sequence[str] = ()) -> t.Union[bool, str, None]: ...

    def parse_list(self, what: str, item: t.Any) -> t.Optional[t.Sequence[t.Any]]: ...

    def complain(self, what: str, item: t.Any, problem: str, remedy: str) -> None: ...


class Contradiction(t.NamedTuple):
    """Options that are right by themselves, but not together.

    keys: their names; the fault is that of the first one that is given.
    problem: what is wrong, with the values.
    """

    keys: t.Tuple[str, ...]
    problem: str
    remedy: str


def read_option(source: ValueSource, what: str, item: t.Any, form: Form) -> t.Any:
    """Read a value of any form but rules; None when it is not usable, of which the source then knows."""
    return _READERS[form.name](source, what, item, form)


def contradictions(options: t.Mapping[str, t.Any]) -> t.Iterator[Contradiction]:
    """Find what cannot be true of all options of one session, or of all, together; defaults among them."""
    hold, keepalive, send_hold = (options[key] for key in ("hold_time", "keepalive_time", "send_hold_time"))
    if keepalive is not None and keepalive * 3 > hold:
        problem = f"keepalive_time {keepalive} is more than a third of hold_time {hold}"
        remedy = "three signs of life must fit: use a third of hold_time at most"
        yield Contradiction(("keepalive_time", "hold_time"), problem, remedy)
    if send_hold and send_hold <= hold:
        problem = f"send_hold_time {send_hold} is not more than hold_time {hold}"
        yield Contradiction(("send_hold_time", "hold_time"), problem, "use twice the hold_time, or 0 for no limit")
    widest: t.Optional[IPv4Network] = None
    for prefix in sorted(options["aggregates"]):
        if widest is not None and prefix.subnet_of(widest):
            problem = f"aggregate {prefix} lies inside of {widest}"
            yield Contradiction(("aggregates",), problem, "keep one of the two")
        else:
            widest = prefix


def _number(source: ValueSource, what: str, item: t.Any, form: Form) -> t.Optional[int]:
    return source.parse_number(what, item, within(form.low, form.high, form.unit))


def _pauses(source: ValueSource, what: str, item: t.Any, form: Form) -> t.Optional[t.Tuple[int, int]]:
    items = source.parse_list(what, item)
    if items is None:
        return None
    if len(items) != 2:
        source.complain(what, item, f"is a list of {len(items)}, not of two", _PAUSES_REMEDY)
        return None
    low, high = (_number(source, f"{what}[{index}]", one, form) for index, one in enumerate(items))
    if low is None or high is None:
        return None
    if low > high:
        source.complain(what, item, f"goes down, from {low} to {high}", _PAUSES_REMEDY)
    return low, high


def _texts(parse: t.Callable[[str], T]) -> t.Callable[[ValueSource, str, t.Any, Form], t.Optional[t.Tuple[T, ...]]]:
    def read(source: ValueSource, what: str, item: t.Any, form: Form) -> t.Optional[t.Tuple[T, ...]]:
        items = source.parse_list(what, item)
        if items is None:
            return None
        found = (source.parse_text(f"{what}[{index}]", one, parse) for index, one in enumerate(items))
        return tuple(one for one in found if one is not None)

    return read


_READERS: t.Mapping[str, t.Callable[[ValueSource, str, t.Any, Form], t.Any]] = {
    "number": _number,
    "word": lambda source, what, item, form: source.parse_text(what, item, one_of(form.choices)),
    "truth": lambda source, what, item, form: source.parse_truth(what, item, form.choices),
    "AS number": lambda source, what, item, form: source.parse_number(what, item, as_number),
    "address of the node": lambda source, what, item, form: source.parse_text(what, item, node_address),
    "communities": _texts(community),
    "aggregates": _texts(aggregate),
    "pauses": _pauses,
}
