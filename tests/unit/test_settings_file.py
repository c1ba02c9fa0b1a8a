# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that brings kernel settings back at boot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError, ForeignObject
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.marks import FILE_HEADER
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.sysctls import keep
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.sysctl import Sysctl

FORWARD = Sysctl("", "net/ipv4/ip_forward", "1")
FILTER = Sysctl("", "net/ipv4/conf/eth0.100/rp_filter", "0")
TEXT = f"{FILE_HEADER}\nnet.ipv4.ip_forward = 1\nnet/ipv4/conf/eth0.100/rp_filter = 0\n"


def proposed(path: Path, *settings: Sysctl) -> Proposal:
    return keep(str(path), settings)


def test_it_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "90-test.conf"
    proposal = proposed(path, FILTER, FORWARD)
    assert (proposal.operations, proposal.before, proposal.after) == ((f"+ file {path}",), "", TEXT)
    assert not path.exists()
    proposal.apply()
    assert path.read_text() == TEXT
    assert path.stat().st_mode & 0o777 == 0o644
    assert proposed(path, FORWARD, FILTER) == Proposal()
    assert list(tmp_path.iterdir()) == [path]


def test_it_changes_with_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "90-test.conf"
    proposed(path, FORWARD).apply()
    proposal = proposed(path, FORWARD, FILTER)
    assert (proposal.operations, proposal.after) == ((f"~ file {path}",), TEXT)
    proposal.apply()
    assert path.read_text() == TEXT


def test_it_goes_with_the_last_setting(tmp_path: Path) -> None:
    path = tmp_path / "90-test.conf"
    proposed(path, FORWARD).apply()
    proposal = proposed(path)
    assert (proposal.operations, proposal.after) == ((f"- file {path}",), "")
    proposal.apply()
    assert not path.exists()
    assert proposed(path) == Proposal()


def test_a_file_of_others_is_named_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "90-test.conf"
    path.write_text("net.ipv4.ip_forward = 0\n")
    with pytest.raises(ForeignObject) as caught:
        proposed(path, FORWARD)
    assert str(caught.value) == f"{path} stands in the way: it is not ours; move it away"
    assert path.read_text() == "net.ipv4.ip_forward = 0\n"


def test_what_was_written_is_put_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "90-test.conf"
    first = proposed(path, FORWARD)
    first.apply()
    before = path.read_text()
    second = proposed(path, FORWARD, FILTER)
    second.apply()
    second.undo()
    assert path.read_text() == before
    first.undo()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "90-test.conf"
    proposal = proposed(path, FORWARD)

    def refuse(_old: str, _new: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(FabricError) as caught:
        proposal.apply()
    words = "cannot be written (No space left on device); make room, or choose another path"
    assert str(caught.value) == f"{path}: {words}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["90-test.conf", ""])
def test_its_path_must_be_absolute(path: str) -> None:
    with pytest.raises(FabricError, match=f"'{path}' is not an absolute path; write it from / on"):
        keep(path, [FORWARD])


def test_its_path_may_be_too_long_for_the_kernel() -> None:
    with pytest.raises(FabricError, match="File name too long"):
        keep("/" + "x" * 5000, [FORWARD])
