# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on a fabric that is as it should be."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

from fabric_lab import Outcome

if t.TYPE_CHECKING:
    from conftest import Node

FABRIC = Path(__file__).with_name("default.fabric.yml")


def test_a_run_with_check_would_change_nothing_and_has_nothing_to_show(nodes: t.Mapping[str, Node]) -> None:
    done = subprocess.run(
        ["ansible-playbook", "-i", FABRIC, "purel3.fabric.site", "--check", "--diff"],
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    outcome = Outcome(done.returncode, done.stdout)
    assert outcome.changed() == dict.fromkeys(nodes, 0), done.stdout
    assert not any(outcome.plan().values()), done.stdout
