# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules this kernel has; loads none."""

from __future__ import annotations

import os
import platform
import typing as t

from ..errors import MissingDependency

THERE = "there"
LOADABLE = "loadable"
MISSING = "missing"

_LOADED = "/sys/module"
_FOLDERS = ("/lib/modules", "/usr/lib/modules")


def state(name: str) -> str:
    """Say whether this kernel has a module.

    Args:
        name: for example ipip.

    Returns:
        THERE where it is loaded or built in, LOADABLE where it can be loaded, else MISSING.
    """
    name = name.replace("-", "_")
    if os.path.isdir(f"{_LOADED}/{name}") or name in _listed("modules.builtin"):
        return THERE
    return LOADABLE if name in _listed("modules.dep") else MISSING


def require(name: str, purpose: str) -> None:
    """Make sure that this kernel has a module or can load it.

    Args:
        name: for example ipip.
        purpose: what it is needed for, for the message.

    Raises:
        MissingDependency: names the kernel and the remedy.
    """
    if state(name) == MISSING:
        raise MissingDependency(
            f"kernel module {name}: the kernel {platform.release()} of this host lacks it, and {purpose} needs it; "
            "boot the distribution's full kernel, or install the package with its further modules, or do without it"
        )


def _listed(index: str) -> t.FrozenSet[str]:
    for folder in _FOLDERS:
        try:
            with open(f"{folder}/{platform.release()}/{index}", encoding="utf-8") as file:
                paths = [line.partition(":")[0] for line in file]
        except OSError:
            continue
        return frozenset(os.path.basename(path.strip()).partition(".")[0].replace("-", "_") for path in paths)
    return frozenset()
