# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One style, strict types."""

from __future__ import annotations

import typing as t
from pathlib import Path

Run = t.Callable[..., str]


def test_ruff_finds_nothing(run: Run) -> None:
    run("ruff", "check", "--no-cache")


def test_ruff_would_reformat_nothing(run: Run) -> None:
    run("ruff", "format", "--check", "--diff", "--no-cache")


def test_plugins_are_strictly_typed(run: Run) -> None:
    run("mypy", "--package", "ansible_collections.purel3.fabric.plugins")


def test_yaml_is_well_formed(run: Run) -> None:
    run("yamllint", "--strict", ".")


def test_shell_scripts_hold_no_known_mistake(run: Run, checkout: Path) -> None:
    run("shellcheck", *sorted(checkout.glob("tools/*.sh")), checkout / ".ci/run")
