# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""purel3 show: the node as it is saved, and whether each part of it is up."""

from __future__ import annotations

import argparse
import typing as t

from ..kernel.carriers import read_carriers
from ..restore.description import describe, is_all_up, lines_of
from ..restore.saved import read_state
from .output import JSON, add_output, add_state, print_json, print_lines

NAME = "show"
ALL_UP = 0
NOT_ALL_UP = 1

if t.TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add this command to the program."""
    parser = commands.add_parser(
        NAME,
        help="show the workloads, tunnel and blocks of this node, and which are up",
        description="Show what the last site.yml put in place on this node, and whether it is up. Needs no root.",
        epilog="Exit status: 0 everything is up, 1 something is not, 2 something could not be read.",
    )
    add_output(parser)
    add_state(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command: 0 when everything is up, 1 when something is not.

    Raises FabricError with what cannot be read.
    """
    described = describe(read_state(options.state), read_carriers())
    if options.output == JSON:
        print_json({**described, "state_path": options.state})
    else:
        print_lines(lines_of(described))
    return ALL_UP if is_all_up(described) else NOT_ALL_UP
