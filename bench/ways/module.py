# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our module as Ansible's own wrapper would start it on a host: a Python process with its arguments in a file."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

from ..fleet import CHECKOUT, Fleet, Member
from .process import StepFailed, command
from .way import CHANGE, CREATE, DELETE, NO_OP, Steps, Way


def _step(folder: Path, name: str, members: t.Sequence[Member], is_changed: bool) -> t.Callable[[], None]:
    arguments, output = folder / f"{name}.json", folder / f"{name}.out"
    workloads = [{"name": member.name, "address": member.address} for member in members]
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"workloads": workloads}}), encoding="utf-8")
    run = command(
        [sys.executable, str(CHECKOUT / "plugins/modules/workloads.py"), str(arguments)],
        output,
        {"PYTHONPATH": str(CHECKOUT / "collections")},
    )
    wanted = json.dumps({"changed": is_changed})[1:-1]

    def checked() -> None:
        run()
        with open(output, encoding="utf-8") as stream:
            start = stream.read(100)
        if wanted not in start:
            raise StepFailed(f"the module said {start} to {name}, wanted {wanted}")

    return checked


def _prepare(fleet: Fleet, folder: Path) -> Steps:
    return {
        CREATE: _step(folder, "create", fleet.members, True),
        NO_OP: _step(folder, "noop", fleet.members, False),
        CHANGE: _step(folder, "change", fleet.changed, True),
        DELETE: _step(folder, "delete", (), True),
    }


WAY = Way(
    "module",
    "`purel3.fabric.workloads` as one process, imports, planning and reading back included",
    _prepare,
)
