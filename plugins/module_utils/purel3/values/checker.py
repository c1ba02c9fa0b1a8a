# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single values of a node's variables: made safe for bird.conf, with all faults in one report."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .names import nearest
from .scalars import BadValue, absolute_path

T = t.TypeVar("T")

_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


class Checker:
    """Converts values and collects what is wrong with them: one sentence a fault, naming place, value and remedy.

    Every method takes the variable (such as bird_peers[0].port) and its value, and returns the converted value, or what
    stands for none where there is a fault.
    """

    def __init__(self) -> None:
        self.faults: t.List[str] = []

    def refuse(self, where: str, value: t.Any, remedy: str) -> None:
        """Note a fault; `remedy` follows the value, and says what is wrong and what to do."""
        self.faults.append(f"{where}: {value!r} {remedy}")

    def complain(self, what: str, item: t.Any, problem: str, remedy: str) -> None:
        self.refuse(what, item, f"{problem}; {remedy}")

    def parse_number(self, what: str, item: t.Any, parse: t.Callable[[int], T]) -> t.Optional[T]:
        """Return a whole number, which templates may hand over as text."""
        number = int(item) if isinstance(item, str) and re.fullmatch(r"[0-9]{1,20}", item) else item
        if isinstance(number, bool) or not isinstance(number, int):
            self.refuse(what, item, "is not a whole number; write it in digits")
            return None
        return self._parse(what, item, number, parse)

    def parse_text(self, what: str, item: t.Any, parse: t.Callable[[str], T]) -> t.Optional[T]:
        if not isinstance(item, str):
            self.refuse(what, item, "is not text; write it in quotes")
            return None
        return self._parse(what, item, item, parse)

    def parse_truth(self, what: str, item: t.Any, others: t.Sequence[str] = ()) -> t.Union[bool, str, None]:
        """Return a truth, which templates may hand over as text, or one of other words."""
        if isinstance(item, str) and item.lower() in _TRUTHS:
            return _TRUTHS[item.lower()]
        if isinstance(item, bool) or item in others:
            return t.cast(t.Union[bool, str], item)
        wanted = f"none of {', '.join([*others, 'true and false'])}" if others else "neither true nor false"
        self.refuse(what, item, f"is {wanted}; give one of them")
        return None

    def parse_list(self, what: str, item: t.Any) -> t.Optional[t.Sequence[t.Any]]:
        if not isinstance(item, (list, tuple)):
            self.refuse(what, item, "is not a list; write it as a YAML list, [] for none")
            return None
        return item

    def truth(self, where: str, value: t.Any) -> bool:
        return self.parse_truth(where, value) is True

    def items(self, where: str, value: t.Any) -> t.Sequence[t.Any]:
        """Return the members of a list."""
        return self.parse_list(where, value) or ()

    def choice(self, where: str, value: t.Any, known: t.Sequence[str]) -> str:
        """Return one of some words."""
        if not isinstance(value, str) or value not in known:
            self.refuse(where, value, f"is not known; use one of {', '.join(known)}")
            return known[0]
        return value

    def path(self, where: str, value: t.Any) -> str:
        """Return an absolute path that needs no quoting."""
        return self.parse_text(where, value, absolute_path) or ""

    def network(self, where: str, value: t.Any, what: str = "a block") -> t.Optional[ipaddress.IPv4Network]:
        """Return a prefix without host bits."""
        if not isinstance(value, str) or "/" not in value:
            self.refuse(where, value, f"is not {what}; give one with prefix length, like 10.244.104.0/26")
            return None
        try:
            return ipaddress.IPv4Network(value)
        except ValueError as error:
            try:
                loose = ipaddress.IPv4Network(value, strict=False)
            except ValueError:
                self.refuse(where, value, f"is not {what} ({error}); give one like 10.244.104.0/26")
            else:
                self.refuse(where, value, f"has host bits set; write {loose}")
            return None

    def networks(self, where: str, value: t.Any, what: str = "a block") -> t.Tuple[ipaddress.IPv4Network, ...]:
        """Return prefixes, sorted, each once."""
        found = (self.network(f"{where}[{index}]", item, what) for index, item in enumerate(self.items(where, value)))
        return tuple(sorted({network for network in found if network is not None}))

    def keys(self, where: str, value: t.Mapping[t.Any, t.Any], known: t.Iterable[str]) -> None:
        """Refuse keys that are not known."""
        names = sorted(known)
        for key in value:
            if key not in names:
                near = nearest(str(key), names)
                self.faults.append(
                    f"{where}: {key!r} is not known; "
                    + (f"did you mean {near}?" if near else f"use one of {', '.join(names)}")
                )

    def _parse(self, what: str, item: t.Any, value: t.Any, parse: t.Callable[[t.Any], T]) -> t.Optional[T]:
        try:
            return parse(value)
        except BadValue as bad:
            self.complain(what, item, bad.problem, bad.remedy)
            return None
