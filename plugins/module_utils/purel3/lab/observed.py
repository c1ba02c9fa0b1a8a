# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab as it runs: its processes, how they are plugged in, and the files that it left."""

from __future__ import annotations

import typing as t

from ..kernel import switch
from ..kernel.neighbour_limits import read_neighbour_limits
from .backends.table import BACKENDS
from .base import process, record
from .base.backend import Operations
from .base.layout import process_name
from .base.plugs import port_prefix, prefix_of_port
from .plan import LabState


def operations() -> t.Dict[str, Operations]:
    """What makes nodes on this machine, by the name of the backend."""
    return {backend.name: backend.operations() for backend in BACKENDS if backend.operations}


def read_lab(name: str) -> LabState:
    """Read a lab from the kernel; its nodes are sorted by name.

    Raises KernelError with the kernel's refusal, MissingDependency without pyroute2.
    """
    own = process_name(name)
    pids = {
        found: holders
        for found, holders in process.running(own).items()
        if found == own or found.startswith(process_name(name, ""))
    }
    switch_pids = pids.pop(own, ())
    ports = None
    if len(switch_pids) == 1:
        with process.network_namespace(switch_pids[0]) as namespace:
            ports = switch.read_ports(namespace)
    ports_by_prefix: t.Dict[str, t.List[switch.Port]] = {}
    for port, state in (ports or {}).items():
        ports_by_prefix.setdefault(prefix_of_port(port), []).append(state)
    makers = list(operations().values())
    nodes = []
    for found, holders in sorted(pids.items()):
        node = found[len(process_name(name, "")) :]
        # The first takes what no other knows as its own.
        maker = next(maker for maker in reversed(makers) if maker.holds(holders))
        nodes.append(maker.read(name, node, holders, ports_by_prefix.get(port_prefix(node), ())))
    return LabState(
        switch_pids=switch_pids,
        is_switch_sound=ports is not None,
        nodes=tuple(nodes),
        has_directory=record.has_directory(name) or any(maker.has_remains(name) for maker in makers),
        other_neighbours=record.read_other_neighbours(name),
        limits=read_neighbour_limits(),
        saved_limits=record.read_saved_limits(),
    )
