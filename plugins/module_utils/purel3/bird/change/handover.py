# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside a change: routes through an interface that was not up when BIRD wanted to hand them to the kernel.

BIRD's export filter refuses them then ("Invalid gw address" in its log), and asks itself again neither at its scans nor
when the interface comes up, but when it is told to (seen of BIRD 2.0.12).
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace

from ...base.marks import KERNEL_PROTOCOL
from ...base.proposal import Proposal
from ...base.steps import join
from ...base.waiting import until
from ...state.kinds.route import ROUTE_PROTOCOLS, Route
from ...state.kinds.scope import OWN_NAMESPACE, TABLE_MAIN, Scope
from ...state.linux import reader
from ..talk.control import connected
from ..talk.reply import FIRST_ERROR_CODE

_PATIENCE = 10.0
_PAUSE = 0.05
_COUNT = re.compile(r"([0-9]+) of [0-9]+ routes for ")


def complete(proposal: Proposal, device: str, socket: str) -> Proposal:
    """Have BIRD hand over what the kernel lacks, once a proposal, which has no values, has made an interface right.

    Routes that are missing now are counted in the operations; those that are missed only then come with it. Nobody need
    listen at the socket.

    Raises FabricError: the kernel or BIRD does not answer.
    """
    if not proposal.operations:
        return join(proposal, _propose(device, socket))

    def apply() -> None:
        proposal.apply()
        _wait_until_up(device, socket)
        _propose(device, socket).apply()

    return replace(proposal, apply=apply)


def _wait_until_up(device: str, socket: str) -> None:
    """Until BIRD has been told by the kernel; what it learns later is put right by the next run."""
    with connected(socket) as control:
        if control is not None:
            until(
                lambda: any(line.text.startswith(f"{device} up ") for line in control.ask("show interfaces")),
                _PATIENCE,
                _PAUSE,
            )


def _propose(device: str, socket: str) -> Proposal:
    lacking = _wanted(device, socket) - _present(device)
    if lacking <= 0:
        return Proposal()
    words = f"{lacking} routes of BIRD through {device}"

    def apply() -> None:
        with connected(socket) as control:
            if control is not None:
                control.tell(f"reload out {KERNEL_PROTOCOL}")

    return Proposal(operations=(f"+ {words}",), after=f"{words}\n", apply=apply)


def _wanted(device: str, socket: str) -> int:
    """Count what BIRD's filter has for the kernel now; in a BIRD without our configuration, nothing."""
    with connected(socket) as control:
        if control is None:
            return 0
        lines = control.ask(f'show route export {KERNEL_PROTOCOL} where ifname = "{device}" count')
    if lines[-1].code >= FIRST_ERROR_CODE:
        return 0
    found: t.Iterator[t.Optional[t.Match[str]]] = (_COUNT.match(line.text) for line in lines)
    return next((int(match.group(1)) for match in found if match), 0)


def _present(device: str) -> int:
    resources = reader.read(Scope(devices=frozenset([device]))).resources.values()
    routes = [
        one
        for one in resources
        if isinstance(one, Route) and (one.namespace, one.table, one.device) == (OWN_NAMESPACE, TABLE_MAIN, device)
    ]
    return sum(route.protocol == ROUTE_PROTOCOLS["bird"] for route in routes)
