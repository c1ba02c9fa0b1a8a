# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step that loads a kernel module. They are of the whole machine: modprobe and the kernel are played here."""

from __future__ import annotations

import subprocess
import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import RolledBack
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.steps import take, undo
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host import modules
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.modules import LOADABLE, THERE


@pytest.fixture(name="said")
def what_modprobe_is_told(monkeypatch: pytest.MonkeyPatch) -> t.List[str]:
    said: t.List[str] = []
    there: t.Set[str] = set()

    def modprobe(*words: str) -> subprocess.CompletedProcess[str]:
        said.append(" ".join(words))
        (there.discard if "--remove" in words else there.add)(words[-1])
        if words[-1] == "refused":
            there.discard("refused")
            return subprocess.CompletedProcess(words, 1, "", "no such device")
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(modules, "run_program", modprobe)
    monkeypatch.setattr(modules.modules, "state", lambda name: THERE if name in there else LOADABLE)
    return said


def test_a_module_that_was_loaded_is_unloaded_again(said: t.List[str]) -> None:
    steps = [modules.loading("ipip")]
    take(steps)
    undo(steps)
    assert said == ["modprobe ipip", "modprobe --remove ipip"]


def test_one_that_was_refused_is_not_and_those_before_it_are(said: t.List[str]) -> None:
    with pytest.raises(RolledBack, match=r"^modprobe refused failed: no such device; nothing remains changed$"):
        take([modules.loading("ipip"), modules.loading("refused")])
    assert said == ["modprobe ipip", "modprobe refused", "modprobe --remove ipip"]
