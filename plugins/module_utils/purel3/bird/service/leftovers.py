# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes that an earlier BIRD has left in the kernel, with another metric or for networks that nobody announces now.

The one that runs does not look at those with another metric than its own (seen of BIRD 2.0.12), so they stay for ever.
"""

from __future__ import annotations

import contextlib
import typing as t

from ...base.marks import KERNEL_METRIC
from ...base.waiting import until
from ...state.kinds.route import ROUTE_PROTOCOLS, Route
from ...state.kinds.scope import OWN_NAMESPACE, TABLE_MAIN, Scope
from ...state.linux import reader
from ...state.linux.network import LinuxKernel
from ...state.plan import DISMANTLE, Op
from ..talk.control import connected
from ..talk.exports import read_exports
from ..talk.processes import find_processes
from ..talk.status import parse_protocols

# Until sessions are up whose routes are there already, of the BIRD before.
_PATIENCE = 30.0
_PAUSE = 0.2


def find(socket: str) -> t.Tuple[Route, ...]:
    """Find them beside a BIRD that runs; raises FabricError where the kernel or BIRD does not answer."""
    # The kernel first: what BIRD hands over meanwhile is no leftover. Names of interfaces only where they are needed.
    if not _of_bird(Scope(devices=frozenset())) or len(find_processes()) != 1:
        return ()
    routes = _of_bird(Scope())
    with connected(socket) as control:
        exports = None if control is None else read_exports(control)
    return () if exports is None else tuple(one for one in routes if not exports.have(one.destination, one.metric))


def remove(socket: str) -> None:
    """Remove them when the sessions are up, or do not come up; raises FabricError."""
    # They may be about to bring what is there already, of the BIRD before.
    until(lambda: _is_settled(socket), _PATIENCE, _PAUSE)
    routes = find(socket)
    if routes:
        with contextlib.closing(LinuxKernel(Scope())) as kernel:
            kernel.apply(tuple(Op(DISMANTLE, route, None) for route in routes), kernel.read())


def remove_after_start(socket: str) -> None:
    """Remove those that a BIRD which was started a moment ago will never look at; raises FabricError."""
    with connected(socket) as control:
        metric = None if control is None else control.evaluate(KERNEL_METRIC)
    if metric is not None and any(one.metric != int(metric) for one in _of_bird(Scope(devices=frozenset()))):
        remove(socket)


def _of_bird(scope: Scope) -> t.Tuple[Route, ...]:
    return tuple(
        one
        for one in reader.read(scope).of(Route)
        if (one.namespace, one.table, one.protocol) == (OWN_NAMESPACE, TABLE_MAIN, ROUTE_PROTOCOLS["bird"])
    )


def _is_settled(socket: str) -> bool:
    with connected(socket) as control:
        if control is None:
            return False
        protocols = parse_protocols(control.tell("show protocols all"))
        return read_exports(control) is not None and all(
            one.is_established for one in protocols if one.session is not None
        )
