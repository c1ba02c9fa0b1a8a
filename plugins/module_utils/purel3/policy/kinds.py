# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions on many attempts: workloads of which a rulebook cannot tell one from another are asked about once."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Network

from .model import DIRECTIONS, Endpoint, Rulebook
from .verdict import Attempt, Decision, Sender, decide

Kind = t.Hashable
# A protocol, the ports of an attempt, and its type and code of ICMP.
Way = t.Tuple[int, t.Tuple[int, int], t.Tuple[int, int]]


class Decisions:
    """What a rulebook decides on attempts of workloads, each question once."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        self._nets = _nets_of(book)
        self._known: t.Dict[t.Tuple[Kind, Kind, Way], t.List[Decision]] = {}

    def kind(self, endpoint: Endpoint) -> Kind:
        """What the rulebook can tell of a workload: its labels, its ports, and in which networks it is."""
        return (
            frozenset(endpoint.labels.items()),
            frozenset(endpoint.ports.items()),
            tuple(endpoint.address in net for net in self._nets),
        )

    def on(self, source: Endpoint, destination: Endpoint, way: Way) -> t.List[Decision]:
        """What verdict.decide says of an attempt of one workload to reach another."""
        key = (self.kind(source), self.kind(destination), way)
        if key not in self._known:
            ends = Sender(source.address, source), Sender(destination.address, destination)
            protocol, ports, icmp = way
            self._known[key] = decide(self._book, Attempt(*ends, protocol, ports, icmp))
        return self._known[key]


def _nets_of(book: Rulebook) -> t.Tuple[IPv4Network, ...]:
    return tuple(
        sorted(
            {
                net
                for tier in book.tiers
                for policy in tier.policies
                for direction in DIRECTIONS
                for rule in policy.rules(direction)
                for side in (rule.source, rule.destination)
                for net in (*(side.nets or ()), *side.not_nets)
            }
        )
    )
