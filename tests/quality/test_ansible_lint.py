# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks, roles and metadata meet ansible-lint's production profile."""

from __future__ import annotations

import typing as t
from pathlib import Path

Run = t.Callable[..., str]


def test_ansible_lint_finds_nothing_in_its_production_profile(run: Run, home: Path) -> None:
    run("ansible-lint", "--nocolor", "--profile", "production", env={"HOME": str(home)})


def test_changelog_fragments_are_valid(run: Run) -> None:
    run("antsibull-changelog", "lint")
