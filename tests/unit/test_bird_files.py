# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD's version and complaints in words, the seal of a configuration, and what is foreign in a file."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.read import foreign_parts
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.seal import (
    PASSWORDS_SYMBOL,
    digest,
    is_intact,
    is_sealed,
    seal,
    sealed_digest,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.daemon import explain, parse_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("BIRD version 2.0.12\n", "2.0.12"),
        ("BIRD version 3.1.7\n", "3.1.7"),
        ("BIRD version 1.6.8\n", "1.6.8"),
        ("BIRD version 2.17.5+branch.stable\n", "2.17.5"),
        ("command not found\n", None),
    ],
)
def test_the_version_is_found_in_what_bird_prints(text: str, version: t.Optional[str]) -> None:
    assert parse_version(text) == version


def test_a_complaint_is_shown_with_the_line_that_it_is_about() -> None:
    complaint = "bird: /dev/stdin:2:3 syntax error, unexpected CF_SYM_UNDEFINED\n"
    text = "router id 1.1.1.1;\n  foo 1;\n"
    assert explain(complaint, text, "/etc/bird/bird.conf") == (
        '/etc/bird/bird.conf:2:3: syntax error, unexpected CF_SYM_UNDEFINED; the line reads "foo 1;"'
    )


def test_a_complaint_about_an_included_file_shows_that_file(tmp_path: Path) -> None:
    included = tmp_path / "mine.conf"
    included.write_text("good\nbad line;\n")
    explained = explain(f"bird: {included}:2:1 syntax error", "include", "/etc/bird/bird.conf")
    assert explained == f'{included}:2:1: syntax error; the line reads "bad line;"'


def test_a_complaint_without_a_line_is_shown_as_it_is() -> None:
    assert explain("bird: Cannot open\n", "", "/x") == "/x: bird: Cannot open"
    assert explain("", "", "/x") == "/x: BIRD gave no reason"


def test_a_seal_keeps_the_lines_and_tells_contents_apart() -> None:
    sealed = seal("router id 1.1.1.1;\n")
    assert sealed.startswith("router id 1.1.1.1;\ndefine ")
    assert sealed_digest(sealed) == digest("router id 1.1.1.1;\n")
    assert seal("router id 1.1.1.1;") == sealed
    assert seal("router id 1.1.1.2;") != sealed


def test_a_complaint_about_the_passwords_shows_none_of_them(tmp_path: Path) -> None:
    included = tmp_path / "fabric_passwords.conf"
    included.write_text('define x = "secret" oops;\n')
    assert explain(f"bird: {included}:1:21 syntax error", "include", "/x") == f"{included}:1:21: syntax error"


def test_a_file_that_was_changed_by_hand_is_sealed_but_not_intact() -> None:
    sealed = seal("router id 1.1.1.1;\n")
    assert is_intact(sealed)
    for changed in (sealed.replace("1.1.1.1", "1.1.1.2"), sealed + "# more\n" + sealed):
        assert is_sealed(changed)
        assert not is_intact(changed)
    assert not is_intact("router id 1.1.1.1;\n")


def test_each_kind_of_file_has_a_seal_of_its_own() -> None:
    sealed = seal("define x = 1;\n", PASSWORDS_SYMBOL)
    assert is_intact(sealed, PASSWORDS_SYMBOL)
    assert not is_sealed(sealed)


def test_a_file_without_seal_has_none() -> None:
    assert not is_sealed("router id 1.1.1.1;\n")
    assert sealed_digest("router id 1.1.1.1;\n") is None


DISTRIBUTION = """
# protocol bgp example { neighbor 1.1.1.1 as 1; }
log syslog all;
protocol device { }
protocol direct { disabled; ipv4; }
protocol kernel { ipv4 { export all; }; }
protocol static {
  ipv4;  # again
/*  route 10.0.0.0/8 blackhole; */
}
"""


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        (DISTRIBUTION, ()),
        ("protocol bgp mine { }", ("protocol bgp mine",)),
        ("protocol bgp { }", ("protocol bgp",)),
        ("protocol ospf v2 backbone { }", ("protocol ospf backbone",)),
        ("protocol bgp mine from theirs { }", ("protocol bgp mine",)),
        (
            "protocol static {\n  ipv4;\n  route 10.0.0.0/8\n    via 1.1.1.1;\n}",
            ("route 10.0.0.0/8 via 1.1.1.1",),
        ),
    ],
)
def test_what_would_be_lost_with_a_foreign_file_is_named(text: str, parts: t.Tuple[str, ...]) -> None:
    assert foreign_parts(text) == parts
