# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to start something that has nothing to do: each module as Ansible sends it, and the command purel3."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.plugin_utils.program import build_program

from .clock import Cost, measure
from .fleet import CHECKOUT

PING = "ansible.builtin.ping"
PING_AS_FILE = "ansible.builtin.ping as a file"
PYTHON = "python3 -I -S -E -c ''"
INSTALLED = "`purel3 --version`, installed"
CHECKOUT_S = "`scripts/purel3 --version`"
PLAN = "`purel3 plan` with nothing saved, installed"
COMMANDS = (INSTALLED, CHECKOUT_S, PLAN)
MODULES = tuple(sorted(path.stem for path in (CHECKOUT / "plugins/modules").glob("[!_]*.py")))

_PYTHON = "/usr/bin/python3"

Starts = t.Dict[str, t.List[Cost]]


def measure_starts(repetitions: int, say: t.Callable[[str], None]) -> Starts:
    """Start everything in turn; returns the costs by name, in the order of MODULES and COMMANDS."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        commands = _commands(Path(name))
        starts: Starts = {command: [] for command in commands}
        for repetition in range(repetitions + 1):
            for what, words in commands.items():
                cost = measure(lambda words=words: _run(words))  # type: ignore[misc]
                # The first turn compiles and fills caches.
                if repetition:
                    starts[what].append(cost)
            say(f"starts {repetition} of {repetitions}")
    return starts


def _run(words: t.Sequence[str]) -> None:
    subprocess.run(words, check=False, cwd="/", stdin=subprocess.DEVNULL, capture_output=True)


def _commands(folder: Path) -> t.Dict[str, t.List[str]]:
    modules = [PING, *(f"purel3.fabric.{name}" for name in MODULES)]
    build = [sys.executable, str(CHECKOUT / "bench/sent.py"), str(CHECKOUT / "collections"), str(folder), *modules]
    subprocess.run(build, check=True, capture_output=True)
    sent, installed = folder / "sent", folder / "purel3"
    sent.write_bytes(build_program(_PYTHON))
    installed.write_bytes(subprocess.run([_PYTHON, sent, "--compile"], check=True, capture_output=True).stdout)
    installed.chmod(0o755)
    ping = folder / "ping.json"
    ping.write_text('{"ANSIBLE_MODULE_ARGS": {"no_such_option": true}}', encoding="utf-8")
    return {
        PING: [sys.executable, str(folder / f"{PING}.py")],
        PING_AS_FILE: [sys.executable, (folder / f"{PING}.path").read_text(encoding="utf-8"), str(ping)],
        **{name: [sys.executable, str(folder / f"purel3.fabric.{name}.py")] for name in MODULES},
        PYTHON: [_PYTHON, "-I", "-S", "-E", "-c", ""],
        INSTALLED: [str(installed), "--version"],
        CHECKOUT_S: [str(CHECKOUT / "scripts/purel3"), "--version"],
        PLAN: [str(installed), "plan", "--state", str(folder / "nothing")],
    }
