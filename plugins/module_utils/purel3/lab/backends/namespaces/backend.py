# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs of namespaces, as a backend."""

from __future__ import annotations

from ...base.backend import Backend, Operations
from ...base.desired import NAMESPACES as NAME

_CONNECTION = {
    "ansible_connection": "purel3.fabric.lab",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}
_NODE_VARIABLES = {
    # Nodes share /usr and /var with the machine; what is below /run is their own.
    "restore_program_path": "/run/purel3/purel3",
    "restore_state_path": "/run/purel3/node.json",
    # They have the machine's own programs.
    "node_packages": [],
}


def _operations() -> Operations:
    # Only where namespaces are made: the controller reads what they may be without it.
    from . import control

    return control


NAMESPACES = Backend(
    name=NAME,
    nodes="namespaces",
    operations=_operations,
    has_routers=True,
    has_own_kernel=False,
    connection=_CONNECTION,
    node_variables=_NODE_VARIABLES,
)
