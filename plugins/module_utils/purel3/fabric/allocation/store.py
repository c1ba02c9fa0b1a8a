# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The allocation store: a small sorted text file that remembers which block and address belongs to whom."""

from __future__ import annotations

import hashlib
import typing as t
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from ...values import scalars
from ..file.document import Faults
from ..file.section import show
from ..parts.allocations import Allocations

TITLE = "# Blocks and addresses that purel3.fabric has allocated."
HEADER = (
    TITLE,
    "# Written by its module 'allocations': keep it in version control beside the fabric file,",
    "# so that adding a node or a workload never moves an old one.",
)

_RESTORE = "restore the file from version control, or delete the line to have it allocated anew"


@dataclass(frozen=True)
class Stored:
    """What a store holds, and on which lines.

    lines: the line of each block and address, counted from 1; a tunnel's address is an address.
    """

    allocations: Allocations = field(default_factory=Allocations)
    lines: t.Mapping[t.Union[IPv4Network, IPv4Address], int] = field(default_factory=dict)


def render(allocations: Allocations) -> str:
    """The text of a store: a header and one line an allocation."""
    lines = [*HEADER, *entries(allocations)]
    return "".join(f"{line}\n" for line in lines)


def entries(allocations: Allocations) -> t.List[str]:
    """The lines of a store, in numeric order.

    `address ADDRESS WORKLOAD`, `block CIDR NODE`, `freed ADDRESS` or `freed CIDR`, `tunnel ADDRESS NODE`.
    """
    addresses = [f"address {address} {allocations.addresses[address]}" for address in sorted(allocations.addresses)]
    blocks = [f"block {block} {allocations.blocks[block]}" for block in sorted(allocations.blocks)]
    freed = [f"freed {key}" for key in freed_in_words(allocations)]
    tunnels = [f"tunnel {address} {allocations.tunnels[address]}" for address in sorted(allocations.tunnels)]
    return addresses + blocks + freed + tunnels


def freed_in_words(allocations: Allocations) -> t.List[str]:
    """What somebody had and nobody has, in numeric order."""
    return [str(key) for key in sorted(allocations.freed, key=_position)]


def _position(key: t.Union[IPv4Network, IPv4Address]) -> t.Tuple[IPv4Address, int]:
    return (key.network_address, key.prefixlen) if isinstance(key, IPv4Network) else (key, key.max_prefixlen)


def lines_of(text: str) -> t.List[str]:
    """The lines of a store that hold an allocation, as they stand."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def digest(text: str) -> str:
    """What tells two stores apart that hold other allocations; comments and the order of lines do not count."""
    return hashlib.sha256("\n".join(sorted(lines_of(text))).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def parse(text: str, faults: Faults) -> Stored:
    """What could be read of the whole text of a store; nothing at all is an empty store."""
    reader = _Reader(faults)
    lines = text.splitlines()
    if lines and lines[0] != TITLE:
        faults.add(1, f"{show(lines[0])} is not the first line of an allocation store", f"it must be {TITLE!r}")
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if words and not line.startswith("#"):
            reader.read(number, line, words)
    if not faults:
        reader.check_addresses()
    allocations = Allocations(reader.blocks, reader.addresses, reader.tunnels, frozenset(reader.freed))
    return Stored(allocations, reader.lines)


class _Reader:
    def __init__(self, faults: Faults) -> None:
        self.blocks: t.Dict[IPv4Network, str] = {}
        self.addresses: t.Dict[IPv4Address, str] = {}
        self.tunnels: t.Dict[IPv4Address, str] = {}
        self.freed: t.Set[t.Union[IPv4Network, IPv4Address]] = set()
        self.lines: t.Dict[t.Union[IPv4Network, IPv4Address], int] = {}
        self._line_of_workload: t.Dict[str, int] = {}
        self._line_of_tunnel: t.Dict[str, int] = {}
        self._faults = faults

    def read(self, number: int, line: str, words: t.Sequence[str]) -> None:
        try:
            if len(words) == 3 and words[0] == "block":
                self._block(number, scalars.network(words[1]), scalars.word(words[2]))
                return
            if len(words) == 3 and words[0] == "address":
                self._address(number, scalars.address(words[1]), scalars.word(words[2]))
                return
            if len(words) == 3 and words[0] == "tunnel":
                self._tunnel(number, scalars.address(words[1]), scalars.word(words[2]))
                return
            if len(words) == 2 and words[0] == "freed":
                self._freed(number, scalars.network(words[1]) if "/" in words[1] else scalars.address(words[1]))
                return
        except scalars.BadValue as bad:
            self._faults.add(number, f"{show(line)!s} {bad.problem}", _RESTORE)
            return
        forms = "neither 'address ADDRESS WORKLOAD' nor 'block CIDR NODE' nor 'freed CIDR' nor 'tunnel ADDRESS NODE'"
        self._faults.add(number, f"{show(line)} is {forms}", _RESTORE)

    def _block(self, number: int, block: IPv4Network, node: str) -> None:
        if block in self.blocks:
            self._faults.add(number, f"{node}: block {block} is also on line {self.lines[block]}", _RESTORE)
            return
        self.blocks[block] = node
        self.lines[block] = number

    def _address(self, number: int, address: IPv4Address, workload: str) -> None:
        if address in self.lines:
            self._faults.add(number, f"{workload}: address {address} is also on line {self.lines[address]}", _RESTORE)
            return
        first = self._line_of_workload.setdefault(workload, number)
        if first != number:
            self._faults.add(number, f"{workload}: has an address on line {first} as well", _RESTORE)
            return
        self.addresses[address] = workload
        self.lines[address] = number

    def _freed(self, number: int, key: t.Union[IPv4Network, IPv4Address]) -> None:
        if key in self.lines:
            self._faults.add(number, f"freed: {key} is also on line {self.lines[key]}", _RESTORE)
            return
        self.freed.add(key)
        self.lines[key] = number

    def _tunnel(self, number: int, address: IPv4Address, node: str) -> None:
        if address in self.lines:
            problem = f"{node}: tunnel address {address} is also on line {self.lines[address]}"
            self._faults.add(number, problem, _RESTORE)
            return
        first = self._line_of_tunnel.setdefault(node, number)
        if first != number:
            self._faults.add(number, f"{node}: has a tunnel address on line {first} as well", _RESTORE)
            return
        self.tunnels[address] = node
        self.lines[address] = number

    def check_addresses(self) -> None:
        sizes = sorted({block.prefixlen for block in self.blocks})
        uses = [(address, f"{name}: address") for address, name in self.addresses.items()]
        uses += [(address, f"{name}: tunnel address") for address, name in self.tunnels.items()]
        for address, whose in uses:
            if not any(IPv4Network((int(address), size), strict=False) in self.blocks for size in sizes):
                problem = f"{whose} {address} is in none of the store's blocks"
                self._faults.add(self.lines[address], problem, _RESTORE)
