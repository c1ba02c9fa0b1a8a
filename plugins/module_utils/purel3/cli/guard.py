# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""purel3 guard: from where packets may come out of this node's tunnel, and how many others were dropped."""

from __future__ import annotations

import argparse
import typing as t

from ..dataplane.encapsulation.guard import FAMILY, FROM_OTHERS, FROM_WORKLOADS, TABLE, dropped, endpoints_of
from ..kernel.nftables import read_table
from ..state.kinds.table import table_of
from .output import JSON, add_output, print_json, print_lines

NAME = "guard"
GUARDED = 0
NOT_GUARDED = 1

if t.TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add this command to the program."""
    parser = commands.add_parser(
        NAME,
        help="show from where packets may come out of the tunnel, and how many others were dropped",
        description="Show the guard before the tunnel, as nftables has it, and what it has dropped. Needs root.",
        epilog="Exit status: 0 there is a guard, 1 there is none, 2 it could not be read.",
    )
    add_output(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command; returns the exit status.

    Raises:
        FabricError: nftables cannot be read.
    """
    content = read_table(FAMILY, TABLE)
    counts = dropped(content)
    endpoints = () if content is None else endpoints_of(table_of(FAMILY, TABLE, content))
    if options.output == JSON:
        numbers = {"from_workloads": counts[FROM_WORKLOADS], "from_others": counts[FROM_OTHERS]}
        print_json({"is_guarded": content is not None, "endpoints": list(endpoints), "dropped": numbers})
    elif content is None:
        print_lines(["There is no guard, and so no tunnel."])
    else:
        print_lines(["Packets come out of the tunnel from", *(f"  {endpoint}" for endpoint in endpoints)])
        print_lines(f"dropped {source}: {count}" for source, count in counts.items())
    return NOT_GUARDED if content is None else GUARDED
