# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program nft: the only place that runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import typing as t

from ..base.errors import KernelError, MissingDependency

Object = t.Mapping[str, t.Any]
Table = t.Sequence[Object]

_PROGRAM = "nft"
_SEARCH = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_TIMEOUT = 60


def read_table(family: str, name: str) -> t.Optional[Table]:
    """Read the objects of a table; None where there is none.

    family: ip, ip6, inet or bridge.

    Raises:
        MissingDependency: there is no nft.
        KernelError: nft complains.
    """
    named = {"family": family, "name": name}
    listed = [found.get("table", {}) for found in _ask("list", "tables", family)]
    if not any(named.items() <= table.items() for table in listed):
        return None
    return _ask("list", "table", family, name)


def run(transaction: str) -> None:
    """Carry out a transaction (commands, one a line): all of it, or nothing.

    Raises:
        MissingDependency: there is no nft.
        KernelError: nft complains; nothing was changed.
    """
    _call(("--file", "-"), transaction)


def _ask(*words: str) -> Table:
    # Protocols by number, because their names are what /etc/protocols says.
    text = _call(("--json", "--numeric", *words))
    try:
        found: Table = json.loads(text)["nftables"]
    except (ValueError, KeyError, TypeError) as error:
        raise KernelError(f"nft {' '.join(words)}: the answer is not nft's JSON ({error}); update nftables") from error
    return found


def _call(words: t.Sequence[str], text: str = "") -> str:
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SEARCH))
    program = shutil.which(_PROGRAM, path=path)
    if program is None:
        raise MissingDependency("there is no nft on this host; install its package nftables")
    try:
        done = subprocess.run(
            [program, *words],
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KernelError(f"{program} cannot be run: {error}") from error
    if done.returncode:
        complaint = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
        raise KernelError(f"nft {' '.join(words)}: {complaint}")
    return done.stdout
