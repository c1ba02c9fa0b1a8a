# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of a host: one that is not there, one that speaks another language, and one that does not end."""

from __future__ import annotations

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError, MissingDependency
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host import systemd


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingDependency, match=r"^purel3-none: it is not on this host; install the package"):
        systemd.run_program("purel3-none", "--version")


def test_what_a_program_says_is_not_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    assert systemd.run_program("sh", "-c", "echo $LC_ALL").stdout == "C\n"


def test_a_program_that_does_not_end_is_an_error_that_can_be_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "_TIMEOUT", 0.01)
    with pytest.raises(FabricError, match=r"^sleep 1000 did not end within 0.01 s; see what holds it up"):
        systemd.run_program("sleep", "1000")
