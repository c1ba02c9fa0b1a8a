# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a module: all are taken, or none."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError, RolledBack
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.steps import Step, join, take


class Diary:
    """What was done and undone, in order."""

    def __init__(self) -> None:
        self.lines: t.List[str] = []

    def step(self, name: str, fault: t.Optional[Exception] = None, undo_fault: t.Optional[Exception] = None) -> Step:
        def act(line: str, error: t.Optional[Exception]) -> None:
            self.lines.append(line)
            if error is not None:
                raise error

        return Step((f"+ {name}",), lambda: act(f"do {name}", fault), lambda: act(f"undo {name}", undo_fault))

    def proposal(
        self, name: str, fault: t.Optional[Exception] = None, undo_fault: t.Optional[Exception] = None
    ) -> Proposal:
        step = self.step(name, fault, undo_fault)
        return Proposal(operations=step.operations, apply=step.do, undo=step.undo)


def test_all_are_taken_in_order() -> None:
    diary = Diary()
    take([diary.step("one"), diary.step("two")])
    assert diary.lines == ["do one", "do two"]


def test_one_that_fails_is_undone_with_all_before_it() -> None:
    diary = Diary()
    with pytest.raises(FabricError) as caught:
        take([diary.step("one"), diary.step("two", FabricError("two: refused")), diary.step("three")])
    assert diary.lines == ["do one", "do two", "undo two", "undo one"]
    assert str(caught.value) == "two: refused; nothing remains changed"


def test_one_that_has_undone_its_own_part_is_not_repeated() -> None:
    with pytest.raises(FabricError) as caught:
        take([Diary().step("one", RolledBack("one: refused", ""))])
    assert str(caught.value) == "one: refused; nothing remains changed"


def test_what_cannot_be_undone_is_named_and_the_rest_undone() -> None:
    diary = Diary()
    fault = OSError(30, "Read-only file system", "/etc/two")
    with pytest.raises(FabricError) as caught:
        take([diary.step("one"), diary.step("two", fault, fault)])
    assert diary.lines == ["do one", "do two", "undo two", "undo one"]
    assert str(caught.value).startswith(
        "/etc/two: Read-only file system; see whether it can be written, and run as root;"
    )
    assert "undoing failed for + two (/etc/two: Read-only file system" in str(caught.value)


def test_of_two_proposals_the_first_is_undone_where_the_second_has_failed_and_rolled_back() -> None:
    diary = Diary()
    fault = RolledBack("two: refused", "")
    with pytest.raises(FabricError) as caught:
        join(diary.proposal("one"), diary.proposal("two", fault)).apply()
    assert diary.lines == ["do one", "do two", "undo one"]
    assert str(caught.value) == "two: refused; nothing remains changed"


def test_where_the_first_cannot_be_undone_nobody_says_that_nothing_remains() -> None:
    diary = Diary()
    fault = RolledBack("two: refused", "")
    with pytest.raises(FabricError) as caught:
        join(diary.proposal("one", undo_fault=FabricError("refused as well")), diary.proposal("two", fault)).apply()
    assert str(caught.value) == "two: refused; undoing failed for + one (refused as well)"


def test_all_of_three_proposals_can_be_undone_after_they_were_applied() -> None:
    diary = Diary()
    whole = join(join(diary.proposal("one"), diary.proposal("two")), diary.proposal("three"))
    whole.apply()
    whole.undo()
    assert diary.lines == ["do one", "do two", "do three", "undo three", "undo two", "undo one"]


def test_what_a_step_could_not_undo_itself_is_told_and_nobody_says_that_nothing_remains() -> None:
    diary = Diary()
    fault = RolledBack("two: refused", "everything was undone except: + veth web1")
    with pytest.raises(RolledBack) as caught:
        join(diary.proposal("one"), diary.proposal("two", fault)).apply()
    assert diary.lines == ["do one", "do two", "undo one"]
    assert str(caught.value) == "two: refused; everything was undone except: + veth web1"
