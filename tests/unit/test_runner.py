# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode, diff and errors, as Ansible sees them."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run, run_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import (
    FabricError,
    InvalidInput,
    KernelError,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.steps import join

SAYS_NOTHING = Proposal()
ADDS = Proposal(operations=("+ netns blue",), after="netns blue\n", values={"found": 1}, warnings=("careful",))
FALLS_SHORT = replace(ADDS, shortfalls=("web1 is left out",))
LACKS = replace(ADDS, obstacles=("there is no netns blue; create it first",))


def outcome(
    act: t.Callable[[AnsibleModule], None], capsys: pytest.CaptureFixture[str], **options: t.Any
) -> t.Dict[str, t.Any]:
    warnings: t.List[str] = []
    with patch_module_args(options):
        module = AnsibleModule({}, supports_check_mode=True)
        module.warn = warnings.append
        with pytest.raises(SystemExit):
            act(module)
    result: t.Dict[str, t.Any] = json.loads(capsys.readouterr().out)
    for of_ansible in ("invocation", "warnings"):
        result.pop(of_ansible, None)
    return {**result, "warnings": warnings} if warnings else result


class Recorder:
    """Proposes, and records whether it was applied."""

    def __init__(self, proposal: Proposal, error: t.Optional[Exception] = None) -> None:
        self.error = error
        self.was_applied = False
        self.proposal = replace(proposal, apply=self.apply)

    def apply(self) -> None:
        self.was_applied = True
        if self.error:
            raise self.error

    def run(self, module: AnsibleModule) -> None:
        run(module, lambda params: self.proposal)


def test_a_change_is_applied_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(ADDS)
    result = outcome(recorder.run, capsys)
    assert recorder.was_applied
    assert result["changed"] is True
    assert result["operations"] == ["+ netns blue"]
    assert result["diff"] == {"before": "", "after": "netns blue\n"}
    assert result["found"] == 1
    assert result["warnings"] == ["careful"]


def test_check_mode_tells_the_same_and_applies_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    real, checked = Recorder(ADDS), Recorder(ADDS)
    assert outcome(checked.run, capsys, _ansible_check_mode=True) == outcome(real.run, capsys)
    assert not checked.was_applied


def test_no_change_is_not_applied(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(SAYS_NOTHING)
    assert outcome(recorder.run, capsys) == {"changed": False, "operations": [], "diff": {"before": "", "after": ""}}
    assert not recorder.was_applied


def test_what_is_lacking_fails_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(LACKS)
    result = outcome(recorder.run, capsys)
    assert (result["failed"], result["msg"]) == (True, "there is no netns blue; create it first")
    assert not recorder.was_applied


def test_what_is_lacking_warns_in_check_mode(capsys: pytest.CaptureFixture[str]) -> None:
    result = outcome(Recorder(LACKS).run, capsys, _ansible_check_mode=True)
    assert result["changed"] is True
    assert result["warnings"] == ["careful", "there is no netns blue; create it first"]


def test_what_falls_short_fails_a_run_that_does_all_else_and_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(FALLS_SHORT)
    result = outcome(recorder.run, capsys)
    assert recorder.was_applied
    assert (result["failed"], result["msg"], result["faults"]) == (True, "web1 is left out", ["web1 is left out"])
    assert (result["changed"], result["operations"], result["found"]) == (True, ["+ netns blue"], 1)
    assert result["warnings"] == ["careful"]


def test_what_falls_short_warns_in_check_mode(capsys: pytest.CaptureFixture[str]) -> None:
    result = outcome(Recorder(FALLS_SHORT).run, capsys, _ansible_check_mode=True)
    assert "failed" not in result
    assert result["warnings"] == ["careful", "web1 is left out"]


def test_a_failure_is_told_in_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    error = KernelError("cannot add netns blue: no; nothing remains changed")
    error.values = {"found": 2}
    result = outcome(Recorder(ADDS, error).run, capsys)
    assert result == {"failed": True, "msg": str(error), "faults": [str(error)], "found": 2}


def test_all_faults_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_params: t.Mapping[str, t.Any]) -> Proposal:
        raise InvalidInput(["one", "two"])

    result = outcome(lambda module: run(module, refuse), capsys)
    assert (result["msg"], result["faults"]) == ("one\ntwo", ["one", "two"])


def test_reading_never_changes(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(lambda module: run_info(module, lambda params: {"found": [1]}), capsys) == {
        "changed": False,
        "found": [1],
    }


def test_reading_fails_in_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_params: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
        raise KernelError("no")

    assert outcome(lambda module: run_info(module, refuse), capsys)["msg"] == "no"


def test_of_two_proposals_the_second_waits_for_the_first() -> None:
    first, second = Recorder(ADDS, KernelError("no")), Recorder(replace(ADDS, operations=("+ file",), after="file\n"))
    both = join(first.proposal, second.proposal)
    assert both.operations == ("+ netns blue", "+ file")
    assert both.after == "netns blue\nfile\n"
    with pytest.raises(FabricError, match=r"^no; nothing remains changed$"):
        both.apply()
    assert not second.was_applied
    join(SAYS_NOTHING, second.proposal).apply()
    assert second.was_applied
