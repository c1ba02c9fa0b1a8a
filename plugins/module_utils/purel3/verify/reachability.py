# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which workload reaches which: the question, and the judgement on what came back. Pure."""

from __future__ import annotations

import ipaddress
import statistics
import typing as t
from dataclasses import dataclass, field

from ..base.errors import FabricError, InvalidInput
from ..values.names import fault_of_namespace, fault_of_word

ICMP = "icmp"
TCP = "tcp"
_WORDS = {ICMP: "ICMP", TCP: "TCP"}
_LISTED = 20
_NAMED = 3

# How many destinations a table of the pairs that are denied may have, which grows with their square.
_DRAWN = 40

Params = t.Mapping[str, t.Any]
# By what a packet is denied, by the names of its source and destination and its protocol.
Denials = t.Mapping[t.Tuple[str, str, str], str]


@dataclass(frozen=True, order=True)
class Place:
    """A workload: its name and its address without prefix length.

    node: where it is; empty where that is not known, or it is here.
    mtu: of its interface, in bytes; 0 where it may take any size.
    """

    name: str
    address: str
    node: str = ""
    mtu: int = 0


@dataclass(frozen=True)
class Question:
    """What is to be proved.

    sources: the workloads of this node.
    namespaces: their network namespaces, in the same order: a name, a path or a pid.
    destinations: the workloads of the whole fabric.
    protocols: icmp, tcp or both.
    port: for TCP.
    seconds: how long silent pairs are tried again, with all protocols together.
    excluded: names of source and destination of pairs that are not tested.
    denials: what must not arrive.
    has_full_packets: whether packets as large as may be are sent as well.
    network_mtu: how large packets between nodes may be, in bytes; 0 where that is not known.
    """

    sources: t.Tuple[Place, ...]
    namespaces: t.Tuple[str, ...]
    destinations: t.Tuple[Place, ...]
    protocols: t.Tuple[str, ...]
    port: int
    seconds: float
    excluded: t.FrozenSet[t.Tuple[str, str]] = frozenset()
    has_full_packets: bool = False
    network_mtu: int = 0
    denials: Denials = field(default_factory=dict)

    def is_denied(self, source: int, destination: Place, protocol: str) -> bool:
        """Whether packets of a protocol from a source, given by its position, must not arrive."""
        return (self.sources[source].name, destination.name, protocol) in self.denials

    def pairs(self) -> t.List[t.Tuple[int, Place]]:
        """Return each source's position with each destination that is not the source itself."""
        return [
            (position, destination)
            for position, source in enumerate(self.sources)
            for destination in self.destinations
            if destination.address != source.address and (source.name, destination.name) not in self.excluded
        ]


@dataclass(frozen=True)
class ProbeResult:
    """What one protocol found out about one pair.

    source: position of the source.
    milliseconds: from the first answered packet to its answer; None when there was none.
    tries: packets or connections tried.
    """

    source: int
    destination: Place
    protocol: str
    milliseconds: t.Optional[float]
    tries: int
    complaint: str = ""


@dataclass(frozen=True)
class SizeResult:
    """What became of packets as large as may be, sent from a workload of this node to one of another.

    size: of these packets, in bytes.
    passing: of the largest that arrived; the same where all is well.
    """

    source: int
    destination: Place
    size: int
    passing: int
    complaint: str = ""


class Unreachable(FabricError):
    """Pairs that should reach each other and do not; `values` are the results of the module."""

    def __init__(self, text: str, values: t.Mapping[str, t.Any]) -> None:
        super().__init__(text)
        self.values = values


def question_from_params(params: Params) -> Question:
    """Check the options of the reachability module; raises InvalidInput.

    Sources and destinations are sorted by name.
    """
    faults: t.List[str] = []
    sources = []
    for item in params["workloads"]:
        namespace = str(item.get("netns") or item["name"])
        sources.append((Place(str(item["name"]), str(item["address"])), namespace))
        faults.extend(_faults(f"workload {item['name']}", str(item["name"]), str(item["address"])))
        complaint = fault_of_namespace(namespace)
        faults.extend([f"workload {item['name']}: {complaint}"] if complaint else [])
    destinations = [
        Place(str(item["name"]), str(item["address"]), str(item.get("node") or ""), int(item.get("mtu") or 0))
        for item in params["destinations"]
    ]
    for place in destinations:
        faults.extend(_faults(f"destination {place.name}", place.name, place.address))
    excluded = set()
    for index, item in enumerate(params.get("excluded") or ()):
        if not {"source", "destination"} <= set(item):
            faults.append(f"excluded[{index}]: {item!r} is no pair; give each with source and destination")
        else:
            excluded.add((str(item["source"]), str(item["destination"])))
    protocols = tuple(sorted(set(params["protocols"])))
    if not protocols:
        faults.append("protocols: none is listed; list icmp, tcp or both")
    if not 1 <= int(params["port"]) <= 65535:
        faults.append(f"port: {params['port']} is not between 1 and 65535")
    if not 0 <= float(params["timeout"]) <= 3600:
        faults.append(f"timeout: {params['timeout']:g} s is not between 0 and 3600")
    if faults:
        raise InvalidInput(faults)
    absent = frozenset(params.get("absent") or ())
    sources = [(place, namespace) for place, namespace in sources if place.name not in absent]
    destinations = [place for place in destinations if place.name not in absent]
    sources.sort()
    return Question(
        sources=tuple(place for place, _namespace in sources),
        namespaces=tuple(namespace for _place, namespace in sources),
        destinations=tuple(sorted(destinations)),
        protocols=protocols,
        port=int(params["port"]),
        seconds=float(params["timeout"]),
        excluded=frozenset(excluded),
        has_full_packets=bool(params.get("full_packets")) and ICMP in protocols,
        network_mtu=int(params.get("mtu") or 0),
    )


def pairs_of_nodes(question: Question, trials: t.Iterable[ProbeResult]) -> t.List[t.Tuple[int, Place]]:
    """Choose one pair to each other node, of those that reached each other, by which full packets are sent.

    Where nobody knows the node of a destination, it counts as one of its own.
    """
    here = {place.name for place in question.sources}
    own = {place.node for place in question.destinations if place.name in here and place.node}
    chosen: t.Dict[str, t.Tuple[int, Place]] = {}
    for trial in trials:
        place = trial.destination
        is_elsewhere = place.name not in here and place.node not in own
        if trial.protocol == ICMP and trial.milliseconds is not None and is_elsewhere:
            chosen.setdefault(place.node or place.name, (trial.source, place))
    return list(chosen.values())


def judge(
    question: Question, trials: t.Sequence[ProbeResult], sizes: t.Sequence[SizeResult] = ()
) -> t.Dict[str, t.Any]:
    """Turn trials, one for each pair and protocol, and those of full packets into the results of the module."""
    found: t.Dict[bool, t.List[ProbeResult]] = {True: [], False: []}
    for trial in trials:
        is_denied = question.is_denied(trial.source, trial.destination, trial.protocol)
        if is_denied != (trial.milliseconds is None):
            found[is_denied].append(trial)
    for some in found.values():
        some.sort(key=lambda trial: (question.sources[trial.source], trial.destination, trial.protocol))
    denied = {
        (source, place)
        for source, place in (question.pairs() if question.denials else ())
        if all(question.is_denied(source, place, protocol) for protocol in question.protocols)
    }
    failed_pairs = {(trial.source, trial.destination) for trial in found[False]}
    open_pairs = {(trial.source, trial.destination) for trial in found[True]}
    pair_count = len(question.pairs()) - len(denied)
    times = {
        protocol: [
            trial.milliseconds for trial in trials if trial.protocol == protocol and trial.milliseconds is not None
        ]
        for protocol in question.protocols
    }
    reachable_count = pair_count - len(failed_pairs)
    return {
        "sources": [place.name for place in question.sources],
        "destinations": [place.name for place in question.destinations],
        "protocols": list(question.protocols),
        "pair_count": pair_count,
        "reachable_count": reachable_count,
        # Not `unreachable`, by which Ansible knows hosts that it cannot talk to.
        "unreachable_pairs": [
            {
                "source": question.sources[trial.source].name,
                "destination": trial.destination.name,
                "address": trial.destination.address,
                "protocol": trial.protocol,
                "reason": _reason(trial),
            }
            for trial in found[False]
        ],
        "open_pairs": [
            {
                "source": question.sources[trial.source].name,
                "destination": trial.destination.name,
                "address": trial.destination.address,
                "protocol": trial.protocol,
                "reason": f"answers {_WORDS[trial.protocol]}, which is denied by {_denial(question, trial)}",
            }
            for trial in found[True]
        ],
        "denied_count": len(denied),
        "denied_pairs": _by_source(question, denied) if len(question.destinations) <= _DRAWN else {},
        "narrow_paths": _narrow_paths(question, sizes),
        "first_packet_ms": {protocol: _summary(values) for protocol, values in times.items()},
        "retried_count": len({(trial.source, trial.destination) for trial in trials if trial.tries > 1}),
        "summary": summary(reachable_count, pair_count, question.protocols, len(denied - open_pairs)),
    }


def _denial(question: Question, trial: ProbeResult) -> str:
    return question.denials[question.sources[trial.source].name, trial.destination.name, trial.protocol]


def _by_source(question: Question, pairs: t.Iterable[t.Tuple[int, Place]]) -> t.Dict[str, t.List[str]]:
    found: t.Dict[str, t.List[str]] = {}
    for source, place in sorted(pairs):
        found.setdefault(question.sources[source].name, []).append(place.name)
    return found


def demand(values: t.Mapping[str, t.Any]) -> None:
    """Insist on it that every pair was reached, also by full packets, by what judge returned; raises Unreachable."""
    lines = [
        *unreachable_lines([*values["open_pairs"], *values["unreachable_pairs"]]),
        *narrow_lines(values["narrow_paths"]),
    ]
    if lines:
        raise Unreachable("\n".join([values["summary"], *lines]), values)


def summary(reachable: int, pairs: int, protocols: t.Sequence[str], denied: int = 0) -> str:
    """Say it in one line, for example 30/30 workload pairs reachable (ICMP and TCP).

    reachable: pairs that reach each other with every protocol that is not denied.
    pairs: those that should.
    denied: pairs that do not reach each other with any protocol, as they should not.
    """
    names = " and ".join(_WORDS[protocol] for protocol in (ICMP, TCP) if protocol in protocols)
    closed = f", {denied} denied as declared" if denied else ""
    return f"{reachable}/{pairs} workload pairs reachable ({names}){closed}"


def unreachable_lines(unreachable: t.Sequence[t.Mapping[str, str]]) -> t.List[str]:
    """List pairs, as judge returns them, for people: the first 20 lines, and how many more there are.

    What holds for several pairs of one source is one line, such as that it has no namespace.
    """
    found: t.Dict[t.Tuple[str, str], t.Dict[str, None]] = {}
    for item in unreachable:
        found.setdefault((item["source"], item["reason"]), {})[f"{item['destination']} {item['address']}"] = None
    lines = [f"{source} -> {_listed(tuple(places))}: {reason}" for (source, reason), places in found.items()]
    return _cut(lines)


def _cut(lines: t.List[str]) -> t.List[str]:
    return [*lines[:_LISTED], *([f"... and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else [])]


def narrow_lines(paths: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[str]:
    """List paths that full packets do not pass, as judge returns them, for people; what paths have in common once."""
    found: t.Dict[t.Tuple[str, str], t.List[str]] = {}
    for path in paths:
        why = f"those of {path['passing']} do ({path['reason']}); a link between carries less than the fabric sends"
        remedy = f"set mtu: {path['mtu']} in the fabric file, or raise that of the link"
        start = f"packets of {path['size']} bytes do not pass from {path['from_node'] or path['source']}"
        found.setdefault((start, f"{why}; {remedy}"), []).append(path["to_node"] or path["destination"])
    return _cut([f"{start} to {_listed(ends)}, {why}" for (start, why), ends in found.items()])


def _narrow_paths(question: Question, sizes: t.Iterable[SizeResult]) -> t.List[t.Dict[str, t.Any]]:
    nodes = {place.name: place.node for place in question.destinations}
    return [
        {
            "source": question.sources[one.source].name,
            "destination": one.destination.name,
            "from_node": nodes.get(question.sources[one.source].name, ""),
            "to_node": one.destination.node,
            "size": one.size,
            "passing": one.passing,
            # Whatever the fabric puts around a packet, it puts around a smaller one, too.
            "mtu": one.passing + max(0, question.network_mtu - one.size),
            "reason": one.complaint,
        }
        for one in sizes
        if one.passing < one.size
    ]


def _listed(places: t.Sequence[str]) -> str:
    rest = len(places) - _NAMED
    return f"{', '.join(places[:_NAMED])} and {rest} more" if rest > 1 else ", ".join(places)


def _faults(where: str, name: str, address: str) -> t.Iterator[str]:
    complaint = fault_of_word(name)
    if complaint:
        yield f"{where}: {complaint}"
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        yield f"{where}: address {address} is not an IPv4 address without prefix length, such as 10.244.1.2"


def _reason(trial: ProbeResult) -> str:
    return trial.complaint if trial.tries == 1 else f"{trial.complaint} ({trial.tries} tries)"


def _summary(values: t.Sequence[float]) -> t.Optional[t.Dict[str, float]]:
    if not values:
        return None
    return {
        "min": round(min(values), 3),
        "median": round(statistics.median(values), 3),
        "max": round(max(values), 3),
    }
