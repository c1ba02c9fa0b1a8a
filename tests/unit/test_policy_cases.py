# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What policies mean: the expected denials of every pair, port and protocol."""

from __future__ import annotations

import pytest
from policy_cases import CASES, ENDPOINTS, PolicyCase, attempts

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.policy.verdict import is_allowed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exactly_the_expected_attempts_are_denied(case: PolicyCase) -> None:
    denied = {words for words, attempt in attempts() if not is_allowed(case.book, attempt)}
    assert denied == case.denied
    assert len(denied) == case.number


def test_the_cases_are_of_all_pairs_ports_and_protocols() -> None:
    assert len(list(attempts())) == len(ENDPOINTS) * (len(ENDPOINTS) - 1) * 2 * 3
    assert len(CASES) == 71
