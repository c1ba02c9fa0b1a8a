# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy as data: who may send what to whom, in the terms and with the meaning that Calico gives them."""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address, IPv4Network

from ..values.selector import Labels, Selector

INGRESS, EGRESS = "ingress", "egress"
DIRECTIONS = (INGRESS, EGRESS)
ALLOW, DENY, PASS, LOG = "allow", "deny", "pass", "log"
ACTIONS = (ALLOW, DENY, PASS, LOG)
# IANA's numbers; any other is written as a number.
PROTOCOLS: t.Mapping[str, int] = {"icmp": 1, "tcp": 6, "udp": 17, "sctp": 132, "udplite": 136}
PROTOCOL_NAMES: t.Mapping[int, str] = {number: name for name, number in PROTOCOLS.items()}
WITH_PORTS = frozenset(PROTOCOLS[name] for name in ("tcp", "udp", "sctp", "udplite"))
ICMP = PROTOCOLS["icmp"]


class ProtocolPort(t.NamedTuple):
    """A port of a workload that has a name."""

    protocol: int
    number: int

    def __str__(self) -> str:
        """As users write it, such as tcp/80."""
        return f"{PROTOCOL_NAMES[self.protocol]}/{self.number}"


class Endpoint(t.NamedTuple):
    """A workload, as policy sees it."""

    name: str
    address: IPv4Address
    labels: Labels
    ports: t.Mapping[str, ProtocolPort] = {}


class PortRange(t.NamedTuple):
    """Ports from the first to the last, both included."""

    first: int
    last: int


class Ports(t.NamedTuple):
    """What a rule says of ports; one that fits is enough.

    names: each is the port that the workload at that end has by this name, and no other workload's.
    """

    ranges: t.Tuple[PortRange, ...] = ()
    names: t.Tuple[str, ...] = ()


class Side(t.NamedTuple):
    """What a rule says of one end; all of it has to hold, and what is None says nothing.

    selector: a workload that it selects; whoever is no workload is not.
    not_selector: whoever is no workload that it selects.
    nets: an address in one of them, whether a workload's or not; those of network sets are among them.
    """

    selector: t.Optional[Selector] = None
    not_selector: t.Optional[Selector] = None
    nets: t.Optional[t.Tuple[IPv4Network, ...]] = None
    not_nets: t.Tuple[IPv4Network, ...] = ()
    ports: t.Optional[Ports] = None
    not_ports: t.Optional[Ports] = None


class PolicyRule(t.NamedTuple):
    """A rule of a policy.

    protocol: None for all; ports go with one that has ports only.
    icmp_code: goes with a type only.
    """

    action: str
    protocol: t.Optional[int] = None
    not_protocol: t.Optional[int] = None
    icmp_type: t.Optional[int] = None
    icmp_code: t.Optional[int] = None
    source: Side = Side()
    destination: Side = Side()


class Policy(t.NamedTuple):
    """Rules for the traffic of the workloads that a selector selects.

    types: the directions for which it counts, also without a rule.
    is_staged: it is not enforced; what it would do is counted.
    """

    name: str
    selector: Selector
    types: t.FrozenSet[str]
    ingress: t.Tuple[PolicyRule, ...] = ()
    egress: t.Tuple[PolicyRule, ...] = ()
    is_staged: bool = False

    def rules(self, direction: str) -> t.Tuple[PolicyRule, ...]:
        """Its rules for one direction."""
        return self.ingress if direction == INGRESS else self.egress


class Tier(t.NamedTuple):
    """Policies that are asked together, in their order.

    is_passing: what none of them decides goes on to the next tier, and is not denied.
    """

    name: str
    policies: t.Tuple[Policy, ...]
    is_passing: bool = False


class Rulebook(t.NamedTuple):
    """All tiers, in their order, and what becomes of traffic on which none of them decides."""

    tiers: t.Tuple[Tier, ...]
    is_allowed_by_default: bool = True
