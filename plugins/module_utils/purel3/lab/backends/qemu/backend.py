# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs of virtual machines, as a backend."""

from __future__ import annotations

from ...base.backend import Backend, Operations
from . import options
from .machine import VirtualMachine


def _operations() -> Operations:
    # Only where machines are made: the controller reads what they may be without it.
    from . import control

    return control


QEMU = Backend(
    name=VirtualMachine.backend,
    nodes="virtual machines",
    operations=_operations,
    options=options.OPTIONS,
    node_options=options.NODE_OPTIONS,
    has_networks=True,
    is_slow=True,
    connection=options.CONNECTION,
    place=options.place,
    variables=options.variables,
    conflicts=options.conflicts,
    fabric_faults=options.fabric_faults,
    make=options.make,
    faults=options.faults,
)
