# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one command as a step."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

from ..fleet import CHECKOUT


class StepFailed(Exception):
    """A command did not end well."""


def command(words: t.Sequence[str], output: Path, env: t.Optional[t.Mapping[str, str]] = None) -> t.Callable[[], None]:
    """Make a step of a command.

    Args:
        words: the command.
        output: where its output goes.
        env: added to this process's own.

    Returns:
        The step: the whole process, from start to end.
    """
    whole = {**os.environ, **(env or {})}

    def run() -> None:
        with open(output, "wb") as stream:
            done = subprocess.run(
                words,
                check=False,
                cwd=CHECKOUT,
                env=whole,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        if done.returncode:
            raise StepFailed(f"{words[0]} ended with {done.returncode}: {output.read_text(errors='replace')[-2000:]}")

    return run


def shell_script(path: Path, lines: t.Iterable[str]) -> t.Callable[[], None]:
    """Make a step of a shell script.

    Args:
        path: where to write it.
        lines: its commands.

    Returns:
        The step.
    """
    path.write_text("set -e\n" + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return command(["sh", str(path)], path.with_suffix(".out"))
