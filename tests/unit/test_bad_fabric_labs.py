# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in their lab: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import pytest
from bad_fabric import Case, check_report

CASES = [
    Case(
        "an unknown key in the lab",
        "as_number: 64512",
        "as_number: 64512\nlab: {backends: namespaces}",
        ["3: lab: unknown key backends; did you mean 'backend'?"],
    ),
    Case(
        "the lab's backend is unknown",
        "as_number: 64512",
        "as_number: 64512\nlab: {backend: docker}",
        ["3: lab: backend docker is not known; use namespaces"],
    ),
    Case(
        "the lab is a boolean",
        "as_number: 64512",
        "as_number: 64512\nlab: true",
        ["3: lab is the boolean true, not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "the lab's name leaves its folder",
        "as_number: 64512",
        "as_number: 64512\nlab: {name: ../lab}",
        [
            "3: lab: name ../lab is not a usable name; use letters, digits, '-', '_' and '.', with a letter or "
            "digit at both ends"
        ],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)
