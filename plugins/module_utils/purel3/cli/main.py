# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command purel3: which command was asked for, and what its failures look like.

Nothing is imported before it is needed: imports are most of what a short command takes.
"""

from __future__ import annotations

import os
import sys

from .version import read_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    import typing as t

PROGRAM = "purel3"
CANNOT = 2
_COMMANDS = ("explain", "guard", "plan", "restore", "show", "status")


def main(arguments: t.Sequence[str]) -> int:
    """Run one command; the exit status is 2 (of plan: 1) when it could not be understood or carried out."""
    if arguments == ["--version"]:
        sys.stdout.write(f"{PROGRAM} {read_version()}\n")
        return 0
    if arguments == ["--compile"]:
        return _compile()
    return _run(arguments)


def _run(arguments: t.Sequence[str]) -> int:
    from ..base.errors import FabricError

    name = next(iter(arguments), "")
    # plan answers by its status whether something would change, so its failures have another one.
    cannot = getattr(_command(name), "CANNOT", CANNOT) if name in _COMMANDS else CANNOT
    try:
        options = _parser([name] if name in _COMMANDS else _COMMANDS).parse_args(list(arguments))
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


def _compile() -> int:
    """What a node installs: this program with the code of the Python that runs it."""
    from ..restore.compiled import compiled

    with open(sys.argv[0], "rb") as file:
        sys.stdout.buffer.write(compiled(file.read()))
    return 0


def _parser(names: t.Sequence[str]) -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="See and restore what purel3.fabric has made of this host, without Ansible."
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {read_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in names:
        _command(name).add_to(commands)
    return parser


def _command(name: str) -> t.Any:
    if name == "explain":
        from . import explain as command
    elif name == "guard":
        from . import guard as command  # type: ignore[no-redef]
    elif name == "plan":
        from . import plan as command  # type: ignore[no-redef]
    elif name == "restore":
        from . import restore as command  # type: ignore[no-redef]
    elif name == "show":
        from . import show as command  # type: ignore[no-redef]
    else:
        from . import status as command  # type: ignore[no-redef]
    return command
