# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the question of reachability in a real kernel."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t
from dataclasses import replace

from ..base.errors import KernelError, MissingDependency
from ..kernel import probe
from ..kernel.interfaces import read_interfaces
from ..kernel.syscalls import entered
from ..values.interface import MTU_MAXIMUM
from ..values.modes import ETHERNET_MTU
from .denials import denials_of
from .reachability import (
    ICMP,
    Place,
    ProbeResult,
    Question,
    SizeResult,
    demand,
    judge,
    pairs_of_nodes,
    question_from_params,
)

# Full packets of a pair whose small ones have been answered need no more than a busy machine.
_PATIENCE = 5.0
# So long it is waited for what should not arrive, where all that should has been waited for.
_DISTRUST = 1.0


def check_reachability(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Send packets from each workload of this node to each destination; takes and returns what the module does.

    Raises InvalidInput; MissingDependency where this process may not enter namespaces; Unreachable where a pair cannot
    be reached, and is_required.
    """
    question = question_from_params(params)
    question = replace(question, denials=denials_of(question, params.get("policy") or {}))
    if question.sources and os.geteuid() != 0:
        raise MissingDependency("reachability: only root can enter namespaces; run the task with become")
    values = judge(question, *_trials(question))
    if params["is_required"]:
        demand(values)
    return values


def _trials(question: Question) -> t.Tuple[t.List[ProbeResult], t.List[SizeResult]]:
    with contextlib.ExitStack() as stack:
        opened, missing = _open_sources(question, stack)
        # The probe counts only the sources that it is given.
        number = {position: index for index, position in enumerate(opened)}
        pairs = [(position, destination) for position, destination in question.pairs() if position in opened]
        trials = [
            ProbeResult(position, destination, protocol, None, 1, missing[position])
            for position, destination in question.pairs()
            if position in missing
            for protocol in question.protocols
        ]
        deadline = time.monotonic() + question.seconds
        # ICMP first: its first packet is then the first packet of all. It leaves its share of the time to the others.
        for done, protocol in enumerate(question.protocols):
            share = max(0.0, deadline - time.monotonic()) / (len(question.protocols) - done)
            answers: t.Dict[t.Tuple[int, str], probe.Answer] = {}
            for is_denied, seconds in ((False, share), (True, _DISTRUST)):
                asked = [
                    (number[position], destination.address)
                    for position, destination in pairs
                    if question.is_denied(position, destination, protocol) == is_denied
                ]
                if asked and protocol == ICMP:
                    answers.update(probe.probe_icmp(list(opened.values()), asked, seconds))
                elif asked:
                    answers.update(probe.probe_tcp(list(opened.values()), asked, seconds, question.port))
            for position, destination in pairs:
                answer = answers[(number[position], destination.address)]
                trials.append(
                    ProbeResult(position, destination, protocol, answer.milliseconds, answer.tries, answer.complaint)
                )
        sizes = []
        if question.has_full_packets:
            patience = min(_PATIENCE, max(0.0, deadline - time.monotonic()))
            sizes = _sizes(pairs_of_nodes(question, trials), opened, patience)
    return trials, sizes


def _sizes(
    pairs: t.Sequence[t.Tuple[int, Place]], opened: t.Mapping[int, probe.ProbeSource], patience: float
) -> t.List[SizeResult]:
    number = {position: index for index, position in enumerate(opened)}
    wanted = {(number[source], place.address): _size(opened[source], place) for source, place in pairs}
    found = probe.probe_sizes(list(opened.values()), wanted, patience)
    asked = [(source, place, (number[source], place.address)) for source, place in pairs]
    return [SizeResult(source, place, wanted[pair], *found[pair]) for source, place, pair in asked]


def _size(source: probe.ProbeSource, destination: Place) -> int:
    with entered(source.namespace):
        found = read_interfaces()
    mtus = [one.mtu for one in found if source.address in (text.partition("/")[0] for text in one.addresses)]
    # An address may have gone since it was used.
    return min([destination.mtu or MTU_MAXIMUM, *(mtus or [ETHERNET_MTU])])


def _open_sources(
    question: Question, stack: contextlib.ExitStack
) -> t.Tuple[t.Dict[int, probe.ProbeSource], t.Dict[int, str]]:
    """Open the namespaces of the sources; say of those that are not there why, so that the others are tested."""
    opened: t.Dict[int, probe.ProbeSource] = {}
    missing: t.Dict[int, str] = {}
    for position, (place, namespace) in enumerate(zip(question.sources, question.namespaces)):
        try:
            opened[position] = probe.ProbeSource(stack.enter_context(_opened(namespace)), place.address)
        except KernelError as error:
            missing[position] = str(error)
    return opened, missing


@contextlib.contextmanager
def _opened(namespace: str) -> t.Iterator[int]:
    path = namespace if namespace.startswith("/") else f"/run/netns/{namespace}"
    if namespace.isdigit() and not os.path.exists(path):
        path = f"/proc/{namespace}/ns/net"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise KernelError(
            f"network namespace {path}: {error.strerror}; make it with purel3.fabric.workloads"
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
