# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on a fabric that is as it should be."""

from __future__ import annotations

import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from conftest import Node
    from fabric_lab import Outcome

FABRIC = Path(__file__).with_name("default.fabric.yml")


def test_a_run_with_check_would_change_nothing_and_has_nothing_to_show(
    nodes: t.Mapping[str, Node], play: t.Callable[..., Outcome]
) -> None:
    outcome = play(FABRIC, "purel3.fabric.site", "--check", "--diff")
    assert outcome.changed() == dict.fromkeys(nodes, 0), outcome.output
    assert not any(outcome.plan().values()), outcome.output
