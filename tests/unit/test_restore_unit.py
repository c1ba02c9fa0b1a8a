# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit that restores a node, and what the unit of the firewall has beside it, as text."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore import unit


def settings(text: str) -> t.List[t.Tuple[str, str]]:
    return re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)


def test_it_comes_before_bird_and_after_whatever_flushes_its_rules_however_often_that_does_so() -> None:
    found = dict(settings(unit.unit_text("/sbin/purel3", "/lib/node.json")))
    assert unit.FIREWALL in found["After"].split()
    assert "bird.service" in found["Before"].split()
    assert found["ExecStart"] == "/sbin/purel3 restore --state /lib/node.json"
    # systemd counts starts by hand as well, and refuses the sixth within ten seconds.
    assert found["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize("moment", ["ExecStartPost", "ExecReload", "ExecStopPost"])
def test_the_firewall_neither_waits_for_it_nor_fails_with_it(moment: str) -> None:
    command = dict(settings(unit.drop_in_text()))[moment]
    assert command == f"-systemctl --no-block restart {unit.NAME}"


def test_what_the_firewall_does_by_itself_stays() -> None:
    """An empty value would take back what its own unit says."""
    assert all(value for _name, value in settings(unit.drop_in_text()))
