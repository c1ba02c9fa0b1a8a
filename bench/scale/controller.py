# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible on a fabric file as a user would, and counts what it did from what it printed."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

from ..clock import Cost, measure
from ..fleet import CHECKOUT
from ..ways.process import command

_PLAY = re.compile(r"^PLAY \[")
_RESULT = re.compile(r"^(ok|changed|skipping|fatal): \[([^\] ]+)")
_SKIPPED = "skipping"
# One no-op task per node. `ping` starts Python on the node and sends back one word; a task that only the controller
# sees, such as `meta` or `debug`, would be no measure of what reaching a node costs.
_FLOOR = """\
- hosts: fabric
  gather_facts: false
  tasks:
    - name: Do nothing
      ansible.builtin.ping:
"""


class Tasks(t.NamedTuple):
    """How many tasks a node had after the first play, for the node with most; those that were skipped are apart."""

    run: int
    skipped: int


class Controller:
    """Ansible with an inventory."""

    def __init__(self, inventory: Path) -> None:
        self._inventory = inventory
        self._folder = inventory.parent

    def play(self, playbook: str, *options: str) -> Cost:
        """Run a playbook.

        Args:
            playbook: its name or path.
            options: further words.

        Returns:
            What the whole process cost.

        Raises:
            StepFailed: it did not end well.
        """
        return self._run("ansible-playbook", playbook, *options)

    def play_floor(self) -> Cost:
        """Run a playbook that does nothing, on every node.

        Returns:
            What the whole process cost.
        """
        path = self._folder / "floor.yml"
        path.write_text(_FLOOR, encoding="utf-8")
        return self.play(str(path))

    def list_inventory(self) -> Cost:
        """Run `ansible-inventory --list`.

        Returns:
            What the whole process cost.
        """
        return self._run("ansible-inventory", "--list")

    def tasks(self) -> Tasks:
        """Count the tasks of the playbook that ran last.

        Returns:
            Tasks per node after the first play.
        """
        return count_tasks(self._output.read_text(encoding="utf-8"))

    @property
    def _output(self) -> Path:
        return self._folder / "output.txt"

    def _run(self, program: str, *words: str) -> Cost:
        step = command(
            [str(Path(sys.executable).parent / program), "-i", str(self._inventory), *words],
            self._output,
            {
                "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
                "ANSIBLE_HOME": str(self._folder / "ansible"),
                "ANSIBLE_NOCOLOR": "1",
                "LC_ALL": "C.UTF-8",
            },
        )
        return measure(step)


def count_tasks(output: str) -> Tasks:
    """Count tasks in what ansible-playbook printed.

    Args:
        output: of the default callback.

    Returns:
        Tasks per node after the first play.
    """
    plays = 0
    run: t.Dict[str, int] = {}
    skipped: t.Dict[str, int] = {}
    for line in output.splitlines():
        if _PLAY.match(line):
            plays += 1
        result = _RESULT.match(line)
        if result and plays > 1:
            counts = skipped if result[1] == _SKIPPED else run
            counts[result[2]] = counts.get(result[2], 0) + 1
    return Tasks(max(run.values(), default=0), max(skipped.values(), default=0))
