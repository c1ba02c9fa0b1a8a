# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selectors: which labels each one selects."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.scalars import BadValue
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.selector import parse

NODES: t.Mapping[str, t.Mapping[str, str]] = {
    "a1": {"rack": "a", "zone": "x"},
    "a2": {"rack": "a", "zone": "y", "spare": "true"},
    "b1": {"rack": "b", "zone": "x"},
    "bare": {},
}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("all()", "a1 a2 b1 bare"),
        ("has(rack)", "a1 a2 b1"),
        ("!has(rack)", "bare"),
        ("rack == 'a'", "a1 a2"),
        ('rack == "a"', "a1 a2"),
        ("rack=='a'", "a1 a2"),
        ("rack != 'a'", "b1 bare"),
        ("rack in {'a', 'b'}", "a1 a2 b1"),
        ("rack in {'c'}", ""),
        ("rack not in {'a', 'c'}", "b1 bare"),
        ("rack == 'a' && zone == 'x'", "a1"),
        ("rack == 'b' || zone == 'y'", "a2 b1"),
        ("rack == 'b' || rack == 'a' && zone == 'y'", "a2 b1"),
        ("(rack == 'b' || rack == 'a') && zone == 'x'", "a1 b1"),
        ("!(rack == 'a')", "b1 bare"),
        ("! rack == 'a' && zone == 'x'", "b1"),
        ("rack == 'a' && !has(spare)", "a1"),
        ("!!has(spare)", "a2"),
        ("  has( rack )  ", "a1 a2 b1"),
        ("rack == ''", ""),
        ("spare contains 'ru'", "a2"),
        ("spare contains ''", "a2"),
        ("spare starts with 'tr'", "a2"),
        ("spare starts with 'ue'", ""),
        ("spare ends with 'ue'", "a2"),
        ("!(spare ends with 'ue') && rack contains 'a'", "a1"),
    ],
)
def test_a_selector_selects_by_labels(selector: str, selected: str) -> None:
    assert " ".join(name for name, labels in NODES.items() if parse(selector).matches(labels)) == selected


def test_labels_named_as_words_of_the_language_are_labels() -> None:
    assert parse("starts starts with 'x' && contains contains 'x'").matches({"starts": "x", "contains": "x"})
    assert parse("in == 'x' && has == 'y' && all == 'z'").matches({"in": "x", "has": "y", "all": "z"})


def test_labels_may_have_dots_slashes_and_dashes() -> None:
    assert parse("example.org/rack-row == 'a'").matches({"example.org/rack-row": "a"})


def test_a_selector_knows_which_labels_it_speaks_of() -> None:
    assert parse("rack == 'a' && (has(zone) || spare in {'x'}) && all()").keys == {"rack", "zone", "spare"}


def test_equal_texts_are_equal_selectors() -> None:
    assert parse("has(rack)") == parse("has(rack)") != parse("has(zone)")


@given(st.text(alphabet="ab'\"=!&|(){}, has.in\n", max_size=30))
def test_any_text_is_a_selector_or_refused_with_a_remedy(text: str) -> None:
    try:
        parse(text).matches({"a": "b"})
    except BadValue as bad:
        sentence = str(bad)
    else:
        sentence = "is fine; go on"
    assert re.fullmatch("is .+; .+", sentence, re.DOTALL)
