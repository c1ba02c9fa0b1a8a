# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command purel3: which command was asked for, and what its failures look like."""

from __future__ import annotations

import argparse
import os
import sys
import typing as t

from ..base.errors import FabricError
from . import plan, restore, show, status
from .version import read_version

PROGRAM = "purel3"
CANNOT = 2
_COMMANDS = (plan, restore, show, status)
# plan answers by its status whether something would change, so its failures have another one.
_CANNOT = {plan.NAME: plan.CANNOT}


def main(arguments: t.Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: what stands after the program's name.

    Returns:
        The exit status; 2 (of plan: 1) when the command could not be understood or carried out.
    """
    parser = _parser()
    cannot = _CANNOT.get(next(iter(arguments), ""), CANNOT)
    try:
        options = parser.parse_args(list(arguments))
    except SystemExit as end:  # argparse has printed the help, the version or the fault
        return 0 if end.code in (0, None) else cannot
    try:
        found: int = options.run(options)
        sys.stdout.flush()
        return found
    except FabricError as error:
        sys.stderr.write(f"{PROGRAM} {options.command}: {error}\n")
        return cannot
    except BrokenPipeError:
        # Whoever reads has seen enough; without this, Python complains once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return cannot


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="See and restore what purel3.fabric has made of this host, without Ansible."
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {read_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_to(commands)
    return parser
