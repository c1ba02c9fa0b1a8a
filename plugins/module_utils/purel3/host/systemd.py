# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of its units, and telling it what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t

from ..base.errors import FabricError, MissingDependency

UNITS = "/etc/systemd/system"

_SYSTEMD = "/run/systemd/system"
_TIMEOUT = 120


def is_run_by_systemd() -> bool:
    """Say whether systemd runs this host (sd_booted(3)); it does not in lab nodes, which have a /run of their own."""
    return os.path.isdir(_SYSTEMD)


def run_program(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a program, which may fail, and return what it said.

    Raises:
        MissingDependency: it is not installed.
        FabricError: it does not end.
    """
    if shutil.which(words[0]) is None:
        raise MissingDependency(f"{words[0]}: it is not on this host; install the package that brings it")
    # Not translated: what some of them say is read (nmcli).
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise FabricError(
            f"{' '.join(words)} did not end within {_TIMEOUT:g} s; see what holds it up (systemctl list-jobs, its "
            "journal), and run it again"
        ) from error


def ask(*arguments: str) -> str:
    """Ask systemctl something that it answers by one word, such as `is-active bird`."""
    return run_program("systemctl", *arguments).stdout.strip()


def properties(unit: str, *names: str) -> t.Dict[str, str]:
    """Read properties of a unit (org.freedesktop.systemd1(5)), even of one that systemd does not have."""
    lines = run_program("systemctl", "show", f"--property={','.join(names)}", unit).stdout.splitlines()
    return {name: value for name, _sign, value in (line.partition("=") for line in lines)}


def active_units(*units: str) -> t.Dict[str, bool]:
    """Find which services (named without ending) systemd has, and which of them are active."""
    blocks = run_program("systemctl", "show", "--property=Id,LoadState,ActiveState", *units).stdout.split("\n\n")
    found = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]
    return {
        block["Id"].rpartition(".")[0]: block["ActiveState"] in ("active", "reloading")
        for block in found
        if block.get("LoadState") == "loaded"
    }


def command(*arguments: str) -> None:
    """Have systemctl do something, such as `start bird`.

    Raises FabricError: it failed, with its words.
    """
    result = run_program("systemctl", *arguments)
    if result.returncode != 0:
        journal = f"; see journalctl -u {arguments[-1]}" if len(arguments) > 1 else ""
        raise FabricError(f"systemctl {' '.join(arguments)} failed: {(result.stderr + result.stdout).strip()}{journal}")
