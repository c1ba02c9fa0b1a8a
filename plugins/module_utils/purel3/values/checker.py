# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single values of a node's variables: made safe for bird.conf, with all faults in one report."""

from __future__ import annotations

import difflib
import ipaddress
import re
import typing as t

from .bgp import community
from .scalars import BadValue

LARGEST_AS = 2**32 - 1

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62})\Z")
_PATH = re.compile(r"/[A-Za-z0-9_./*?+@%:=,-]{1,254}\Z")


class Checker:
    """Converts values and collects what is wrong with them; a wrong one becomes any safe one.

    Every method takes the variable (such as bird_peers[0].port) and its value, and returns the converted value.

    Attributes:
        faults: one sentence each, naming place, value and remedy.
    """

    def __init__(self) -> None:
        self.faults: t.List[str] = []

    def refuse(self, where: str, value: t.Any, remedy: str) -> None:
        """Note a fault.

        Args:
            where: the variable, for example bird_peers[0].port.
            value: what it holds.
            remedy: what is wrong and what to do, to follow the value.
        """
        self.faults.append(f"{where}: {value!r} {remedy}")

    def integer(self, where: str, value: t.Any, low: int, high: int, what: str) -> int:
        """Return a whole number, which templates may hand over as text."""
        number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,20}", value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            self.refuse(where, value, f"is not {what}; give a number from {low} to {high}")
            return low
        return number

    def boolean(self, where: str, value: t.Any) -> bool:
        """Return a truth, which templates may hand over as text."""
        known = {"true": True, "yes": True, "false": False, "no": False}
        if isinstance(value, str) and value.lower() in known:
            return known[value.lower()]
        if not isinstance(value, bool):
            self.refuse(where, value, "is neither true nor false; give one of them")
            return False
        return value

    def items(self, where: str, value: t.Any) -> t.Sequence[t.Any]:
        """Return the members of a list."""
        if not isinstance(value, (list, tuple)):
            self.refuse(where, value, "is not a list; write it as a YAML list, [] for none")
            return ()
        return value

    def choice(self, where: str, value: t.Any, known: t.Sequence[str]) -> str:
        """Return one of some words."""
        if not isinstance(value, str) or value not in known:
            self.refuse(where, value, f"is not known; use one of {', '.join(known)}")
            return known[0]
        return value

    def name(self, where: str, value: t.Any) -> str:
        """Return the name of a peer."""
        if not isinstance(value, str) or not _NAME.match(value):
            self.refuse(
                where,
                value,
                "is not a name; use 1 to 63 letters, digits, dots, hyphens and underscores, first a letter or digit",
            )
            return ""
        return value

    def words(self, where: str, value: t.Any) -> str:
        """Return the type of a peer."""
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", value):
            self.refuse(where, value, "is not a peer type; use letters, digits, spaces and hyphens")
            return ""
        return value

    def path(self, where: str, value: t.Any) -> str:
        """Return an absolute path that needs no quoting."""
        if not isinstance(value, str) or not _PATH.match(value):
            self.refuse(where, value, "is not an absolute path without spaces and quotes; give one")
            return ""
        return value

    def address(self, where: str, value: t.Any, what: str = "an IPv4 address") -> ipaddress.IPv4Address:
        """Return the address of one host."""
        try:
            address = ipaddress.IPv4Address(value if isinstance(value, str) else "")
        except ValueError:
            self.refuse(where, value, f"is not {what}; give one without prefix length, like 192.168.50.10")
            return ipaddress.IPv4Address(0)
        if address.is_unspecified or address.is_multicast or address.is_reserved:
            self.refuse(where, value, f"cannot be {what}; give one from 0.0.0.1 to 223.255.255.255")
        return address

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

    def networks(self, where: str, value: t.Any) -> t.Tuple[ipaddress.IPv4Network, ...]:
        """Return prefixes, sorted, each once."""
        found = (self.network(f"{where}[{index}]", item) for index, item in enumerate(self.items(where, value)))
        return tuple(sorted({network for network in found if network is not None}))

    def communities(self, where: str, value: t.Any) -> t.Tuple[str, ...]:
        """Return communities, sorted, each once."""
        found = set()
        for index, item in enumerate(self.items(where, value)):
            try:
                found.add(community(item if isinstance(item, str) else ""))
            except BadValue as bad:
                self.refuse(f"{where}[{index}]", item, f"{bad.problem}; {bad.remedy}")
        return tuple(sorted(found, key=lambda one: [int(part) for part in one.split(":")]))

    def keys(self, where: str, value: t.Mapping[t.Any, t.Any], known: t.Iterable[str]) -> None:
        """Refuse keys that are not known."""
        names = sorted(known)
        for key in value:
            if key not in names:
                near = difflib.get_close_matches(str(key), names, n=1)
                self.faults.append(
                    f"{where}: {key!r} is not known; "
                    + (f"did you mean {near[0]}?" if near else f"use one of {', '.join(names)}")
                )
