# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading and unloading kernel modules."""

from __future__ import annotations

import functools
import subprocess

from ..base.errors import KernelError
from ..base.steps import Step
from ..kernel import modules
from .systemd import run_program


def loading(name: str) -> Step:
    """Make the step that loads a kernel module, and unloads it again where a later one fails."""
    operation = f"kernel module {name}"
    return Step(
        (f"+ {operation}",), functools.partial(load, name), functools.partial(unload, name), after=f"{operation}\n"
    )


def load(name: str) -> None:
    """Load a kernel module, for example ipip.

    Raises KernelError: the kernel refused, with its words.
    """
    _modprobe(name)
    if modules.state(name) != modules.THERE:
        raise KernelError(f"kernel module {name}: modprobe said that it is loaded, but the kernel does not have it")


def unload(name: str) -> None:
    """Unload a kernel module that nobody uses; it need not be there.

    Raises KernelError: the kernel refused, with its words.
    """
    if modules.state(name) == modules.THERE:
        _modprobe("--remove", name)


def _modprobe(*arguments: str) -> subprocess.CompletedProcess[str]:
    result = run_program("modprobe", *arguments)
    if result.returncode != 0:
        raise KernelError(f"modprobe {' '.join(arguments)} failed: {(result.stderr + result.stdout).strip()}")
    return result
