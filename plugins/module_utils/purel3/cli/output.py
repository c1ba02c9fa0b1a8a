# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and ways of printing that several commands share."""

from __future__ import annotations

import argparse
import json
import sys
import typing as t

from ..restore.saved import STATE_PATHS, state_path

JSON = "json"
TABLE = "table"


def add_output(parser: argparse.ArgumentParser) -> None:
    """Let the user choose between people and scripts."""
    parser.add_argument(
        "-o", "--output", choices=(TABLE, JSON), default=TABLE, help="a table, or JSON, which holds more of it"
    )
    parser.add_argument("--json", dest="output", action="store_const", const=JSON, help="the same as -o json")


def add_state(parser: argparse.ArgumentParser) -> None:
    """Let the user name the saved state."""
    parser.add_argument(
        "--state",
        metavar="PATH",
        default=state_path(),
        help=f"what the last site.yml saved (default: the first that exists of {', '.join(STATE_PATHS)})",
    )


def print_json(data: t.Mapping[str, t.Any]) -> None:
    """Print plain data as JSON."""
    sys.stdout.write(json.dumps(data, indent=2, sort_keys=True) + "\n")


def print_lines(lines: t.Iterable[str]) -> None:
    """Print lines, which have no newlines yet."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def warn(command: str, warnings: t.Iterable[str]) -> None:
    """Print what the user should know although it is no failure, one sentence each."""
    sys.stderr.write("".join(f"purel3 {command}: warning: {warning}\n" for warning in warnings))
