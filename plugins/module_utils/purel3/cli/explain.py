# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""purel3 explain: which policy decides whether one workload may reach another, and whether the kernel agrees."""

from __future__ import annotations

import argparse
import os
import typing as t

from ..base.errors import InvalidInput
from ..policy.explain import end_from, explain, lines_of, way_from
from ..policy.reading import endpoints_from, rulebook_from
from ..restore.node import policy_differences
from ..restore.saved import read_state
from ..values.checker import Checker
from ..values.scalars import BadValue
from .output import add_state, print_lines

NAME = "explain"
ALLOWED = 0
DENIED = 1

T = t.TypeVar("T")

if t.TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add this command to the program."""
    parser = commands.add_parser(
        NAME,
        help="say which policy allows or denies a connection",
        description=(
            "Say which policy and rule allow or deny the first packet of a connection, what decides for other ports, "
            "and whether the kernel of this node holds these policies (that needs root)."
        ),
        epilog="Exit status: 0 it is allowed, 1 it is denied, 2 that could not be found out.",
    )
    parser.add_argument("source", metavar="FROM", help="a workload's name, or an address")
    parser.add_argument("destination", metavar="TO", help="a workload's name, or an address")
    parser.add_argument("way", metavar="PROTOCOL/PORT", help="for example tcp/5432, or icmp")
    add_state(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command: 0 when the connection is allowed, 1 when it is denied.

    Raises FabricError with what cannot be read.
    """
    state = read_state(options.state)
    if not state.policy:
        print_lines(["nothing is enforced here: every connection is allowed"])
        return ALLOWED
    checker = Checker()
    endpoints = endpoints_from(checker, state.policy["endpoints"])
    book = rulebook_from(checker, state.policy, endpoints)
    if checker.faults:
        raise InvalidInput(checker.faults)
    source, destination = (
        _read(text, lambda text: end_from(text, endpoints)) for text in (options.source, options.destination)
    )
    explanation = explain(book, source, destination, *_read(options.way, way_from))
    print_lines(lines_of(explanation))
    if os.geteuid() == 0:
        differences = policy_differences(state)
        held = "holds these policies" if not differences else "differs, see purel3 plan: " + "; ".join(differences)
        print_lines([f"the kernel of {state.node} {held}"])
    return ALLOWED if explanation.is_allowed else DENIED


def _read(text: str, parse: t.Callable[[str], T]) -> T:
    try:
        return parse(text)
    except BadValue as bad:
        raise InvalidInput([f"{text!r} {bad.problem}; {bad.remedy}"]) from bad
