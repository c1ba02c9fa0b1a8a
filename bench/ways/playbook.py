# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our module through ansible-playbook: one play with one task on a local connection."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

from ..fleet import CHECKOUT, Fleet, Member
from .process import StepFailed, command
from .way import CHANGE, CREATE, DELETE, NO_OP, Steps, Way


def _step(folder: Path, name: str, members: t.Sequence[Member], changes: int) -> t.Callable[[], None]:
    workloads = [{"name": member.name, "address": member.address} for member in members]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "node_workloads": workloads},
        "tasks": [{"name": "Attach", "purel3.fabric.workloads": {"workloads": "{{ node_workloads }}"}}],
    }
    playbook, output = folder / f"{name}.yml", folder / f"{name}.out"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    run = command(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", str(playbook)],
        output,
        {"ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_HOME": str(folder / "ansible"), "LC_ALL": "C.UTF-8"},
    )

    def checked() -> None:
        run()
        said = output.read_text(encoding="utf-8")
        if f"changed={changes}" not in said:
            raise StepFailed(f"the playbook said {said[-1000:]} to {name}, wanted changed={changes}")

    return checked


def _prepare(fleet: Fleet, folder: Path) -> Steps:
    return {
        CREATE: _step(folder, "create", fleet.members, 1),
        NO_OP: _step(folder, "noop", fleet.members, 0),
        CHANGE: _step(folder, "change", fleet.changed, 1),
        DELETE: _step(folder, "delete", (), 1),
    }


WAY = Way("ansible-playbook", "the same module from a playbook, the whole `ansible-playbook` process", _prepare)
