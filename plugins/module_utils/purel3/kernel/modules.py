# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules the running kernel has or could load; loads none."""

from __future__ import annotations

import os
import socket
import typing as t

from ..base.errors import MissingDependency

THERE = "there"
LOADABLE = "loadable"
MISSING = "missing"

_LOADED = "/sys/module"
_FOLDERS = ("/lib/modules", "/usr/lib/modules")


def state(name: str) -> str:
    """Say whether this kernel has a module: THERE (loaded or built in), LOADABLE or MISSING."""
    name = name.replace("-", "_")
    if os.path.isdir(f"{_LOADED}/{name}") or name in _listed("modules.builtin"):
        return THERE
    return LOADABLE if name in _listed("modules.dep") else MISSING


def require(name: str, purpose: str, device: str = "") -> None:
    """Refuse a kernel that neither has a module nor can load it.

    purpose: what needs it, for example encapsulation.
    device: an interface that comes with it; where there is one, all is well.

    Raises MissingDependency: names kernel and remedy; which host it is, callers say.
    """
    if device in (known for _index, known in socket.if_nameindex()) or state(name) != MISSING:
        return
    raise MissingDependency(
        f"kernel {os.uname().release} has no module {name}, which {purpose} needs; install and boot a kernel that has "
        "it, or the package with its further modules (a reboot is enough where an upgrade took the running kernel's "
        f"modules away), or do without {purpose}"
    )


def _listed(index: str) -> t.FrozenSet[str]:
    for folder in _FOLDERS:
        try:
            with open(f"{folder}/{os.uname().release}/{index}", encoding="utf-8", errors="replace") as file:
                paths = [line.partition(":")[0].strip() for line in file]
        except OSError:
            continue
        return frozenset(os.path.basename(path).partition(".")[0].replace("-", "_") for path in paths)
    return frozenset()
