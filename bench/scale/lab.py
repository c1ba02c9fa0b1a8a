# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of a network: started for a measurement, ended after it whatever happens."""

from __future__ import annotations

import contextlib
import signal
import typing as t
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import node_pid
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.control import propose_lab

from ..box import BoxError
from ..clock import Cost
from .controller import Controller
from .network import Network


class Lab(t.NamedTuple):
    """A running lab.

    Args:
        inventory: its fabric file.
        controller: Ansible with it.
        start: what starting it cost.
        nodes: for each node, the process that holds its namespaces.
    """

    inventory: Path
    controller: Controller
    start: Cost
    nodes: t.Dict[str, int]


@contextlib.contextmanager
def running(network: Network, inventory: Path) -> t.Iterator[Lab]:
    """Start a lab with `lab_up`.

    Args:
        network: what it holds.
        inventory: its fabric file.

    Returns:
        The lab, which ends with the context, also on Ctrl-C.

    Raises:
        StepFailed: it could not be started.
    """
    _end(network.lab)
    try:
        controller = Controller(inventory)
        start = controller.play("purel3.fabric.lab_up")
        nodes = {member.name: node_pid(network.lab, member.name) for member in network.members()}
        missing = [name for name, pid in nodes.items() if pid is None]
        if missing:
            raise BoxError(f"lab {network.lab}: {', '.join(missing)}: not running after lab_up")
        yield Lab(inventory, controller, start, {name: pid for name, pid in nodes.items() if pid is not None})
    finally:
        # A second Ctrl-C must not leave hundreds of nodes behind.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        _end(network.lab)
        signal.signal(signal.SIGINT, before)


def _end(name: str) -> None:
    propose_lab({"name": name, "state": "absent"}).apply()
