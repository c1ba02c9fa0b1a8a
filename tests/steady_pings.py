# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What steady pings say of the packets that they lost.

ping is asked by SIGQUIT how many it has sent, and goes on. So the number of packets that must be answered does not
depend on answers, and those that are still on their way when ping ends are none of them.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

# Packets a second.
RATE = 10
_ANSWER = re.compile(r"bytes from .* icmp_seq=(\d+) ")
_STATUS = re.compile(r"\d+/(\d+) packets, \d+% loss")


@dataclass(frozen=True)
class Pinged:
    """How many packets one workload sent another until ping was asked, and the numbers of those that were answered."""

    sent: int
    answered: t.FrozenSet[int]

    @property
    def is_over(self) -> bool:
        """Whether ping has told what it sent, and one that was sent as late as that, or later, was answered."""
        return 0 < self.sent <= max(self.answered, default=0)

    @property
    def lost(self) -> t.List[int]:
        """The numbers of the packets that were not answered."""
        return sorted(set(range(1, self.sent + 1)) - self.answered)


def read(said: str) -> Pinged:
    """Understand what one ping has said so far."""
    told = _STATUS.findall(said)
    return Pinged(int(told[-1]) if told else 0, frozenset(map(int, _ANSWER.findall(said))))


@dataclass
class Pings:
    """Steady pings from some workloads to others; by the two of them, once they have ended."""

    ways: t.Dict[str, Pinged] = field(default_factory=dict)

    def assert_nothing_lost(self, seconds: int, background: str = "") -> None:
        """Fail unless every packet was answered, for at least so long; says what else is known of the time."""
        assert self.ways, "nothing was sent"
        lost = {
            way: f"{len(pinged.lost)} of {pinged.sent} lost, from {pinged.lost[0] / RATE:.1f} to "
            f"{pinged.lost[-1] / RATE:.1f} s"
            for way, pinged in self.ways.items()
            if pinged.lost
        }
        assert not lost, f"{lost}\n{background}"
        sent = {way: pinged.sent for way, pinged in self.ways.items()}
        assert all(number >= RATE * seconds for number in sent.values()), sent
