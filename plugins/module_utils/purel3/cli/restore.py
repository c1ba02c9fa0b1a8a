# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""purel3 restore: put back what the last apply put in place, without a controller."""

from __future__ import annotations

import argparse
import typing as t

from ..restore import node, saved
from .output import add_state, print_lines, warn

NAME = "restore"
RESTORED = 0

if t.TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add this command to the program."""
    parser = commands.add_parser(
        NAME,
        help="put workloads, tunnel and settings back as they were saved",
        description="Put back what the last site.yml put in place on this node: settings, tunnel, workloads with their "
        "namespaces, veths, addresses and routes. What is there already is left alone; what this collection did not "
        "make is never touched.",
        epilog="Exit status: 0 the node is as saved, but for workloads whose container does not run, each with a "
        "warning; 2 it could not be restored.",
    )
    add_state(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return 0; raises FabricError with what could not be put back."""
    outcome = node.restore(saved.read_state(options.state))
    warn(NAME, outcome.warnings)
    print_lines(outcome.operations or ["nothing to do: the node is as saved"])
    return RESTORED
