# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own commands, each in a child of one process that has loaded Ansible: that takes half a second each time.

They are the real ones, with folder, standard output and exit status of their own; only their environment is that of the
process, because Ansible reads its configuration while it is loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

PROCESS = """
import importlib, json, os, sys, traceback
COMMANDS = {"ansible": "AdHocCLI", "ansible-inventory": "InventoryCLI"}
FILES = {"ansible": "adhoc", "ansible-inventory": "inventory"}
classes = {name: getattr(importlib.import_module(f"ansible.cli.{FILES[name]}"), COMMANDS[name]) for name in COMMANDS}
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(asked["folder"])
        for stream, name in ((0, os.devnull), (1, asked["output"]), (2, asked["errors"])):
            os.dup2(os.open(name, os.O_RDWR), stream)
        status = 70
        try:
            classes[asked["words"][0]].cli_executor(asked["words"])
        except SystemExit as end:
            status = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """What a command said."""

    status: int
    output: str
    errors: str


class Commands:
    """The process, which ends with the block."""

    def __init__(self, environment: t.Mapping[str, str]) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROCESS],
            env={**clean, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Commands:
        return self

    def __exit__(self, *_details: object) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]

    def run(self, folder: Path, *words: str) -> Ended:
        """Run a command: ansible or ansible-inventory."""
        with tempfile.TemporaryDirectory() as place:
            output, errors = (Path(place, name) for name in ("output", "errors"))
            output.touch()
            errors.touch()
            asked = {"folder": str(folder), "words": words, "output": str(output), "errors": str(errors)}
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(f"{json.dumps(asked)}\n")
            self._process.stdin.flush()
            status = int(self._process.stdout.readline())
            return Ended(status, output.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8"))
