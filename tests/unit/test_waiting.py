# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting looks once at least, pauses in between, and gives the last answer."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.waiting import until


@pytest.fixture(name="clock")
def clock_that_only_sleeping_moves(monkeypatch: pytest.MonkeyPatch) -> t.List[float]:
    """The times at which somebody woke up; the first is when the test began."""
    times = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: times[-1])
    monkeypatch.setattr(time, "sleep", lambda seconds: times.append(times[-1] + seconds))
    return times


CASES: t.Dict[str, t.Tuple[t.Sequence[str], float, str, t.Sequence[float]]] = {
    "true at once": (["yes"], 10, "yes", []),
    "true later": (["", "", "yes"], 10, "yes", [4, 8]),
    "never": ([""] * 4, 10, "", [4, 8, 10]),
    "true at the last look": (["", "", "", "yes"], 10, "yes", [4, 8, 10]),
    "no patience at all": (["", "unasked"], 0, "", []),
    "less than none": (["", "unasked"], -1, "", []),
}


@pytest.mark.parametrize("case", CASES)
def test_until(case: str, clock: t.List[float]) -> None:
    answers, patience, answer, woken = CASES[case]
    left = iter(answers)
    assert until(lambda: next(left), patience, pause=4) == answer
    assert [moment - clock[0] for moment in clock[1:]] == list(woken)
