# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""purel3 plan: what purel3 restore would do."""

from __future__ import annotations

import argparse
import typing as t

from ..bird.change.edited import faults_of_config
from ..bird.talk.daemon import find_config
from ..restore import node, saved
from .output import add_state, print_lines, warn

NAME = "plan"
NOTHING = 0
CANNOT = 1
SOMETHING = 2

if t.TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add this command to the program."""
    parser = commands.add_parser(
        NAME,
        help="show what restore would do, and change nothing",
        description="Show what `purel3 restore` would do, one line an object: + comes, ~ changes, - goes.",
        epilog="Exit status: 0 nothing would change, 2 something would, 1 that could not be found out.",
    )
    add_state(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command: 0 when nothing would change, 2 when something would.

    Raises FabricError where the node cannot be restored as it is.
    """
    # First, because what is saved may be what somebody damaged.
    warn(NAME, tuple(faults_of_config(find_config())))
    outcome = node.preview(saved.read_state(options.state))
    warn(NAME, outcome.warnings)
    print_lines(outcome.operations)
    return SOMETHING if outcome.operations else NOTHING
