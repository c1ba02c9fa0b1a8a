# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BIRD's version and complaints in words, the seal of a configuration, and what is foreign in a file."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.foreign import foreign_parts
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
    for changed in (sealed.replace("1.1.1.1", "1.1.1.2"), sealed + "# more\n" + sealed, sealed + "# more\n"):
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
log "/var/log/bird.log" { debug, trace, info };
router id 198.51.100.1;
debug protocols { events, states };
watchdog warning 5 s;
protocol device { scan time 10; }
protocol direct { disabled; ipv4; ipv6; }
protocol kernel { ipv4 { export all; }; }
protocol kernel { ipv6 { export all; }; }
protocol static {
  ipv4;  # again
/*  route 10.0.0.0/8 blackhole; */
}
"""
INCLUDED = {
    "/etc/bird/mine.conf": 'protocol ospf v2 backbone { area 0 { interface "eth1" { cost 5; }; }; }',
    "/etc/bird/more.conf": 'include "mine.conf"; define secret = "s3cret";',
    "/etc/bird/itself.conf": 'include "/etc/bird/itself.conf";',
}
FOREIGN: t.Mapping[str, t.Tuple[str, t.Tuple[str, ...]]] = {
    "an-empty-file": ("", ()),
    "what-a-distribution-ships": (DISTRIBUTION, ()),
    "a-session": ("protocol bgp mine { }", ("protocol bgp mine",)),
    "a-session-without-name": ("protocol bgp { }", ("protocol bgp",)),
    "an-ospf": ("protocol ospf v2 backbone { }", ("protocol ospf v2 backbone",)),
    "a-session-from-a-template": ("protocol bgp mine from theirs { }", ("protocol bgp mine",)),
    "a-route-over-two-lines": (
        "protocol static {\n  ipv4;\n  route 10.0.0.0/8\n    via 1.1.1.1;\n}",
        ("protocol static with route 10.0.0.0/8 via 1.1.1.1",),
    ),
    "two-routes-on-one-line": (
        "protocol static s { ipv4; route 172.31.1.0/24 via 10.4.6.1; route 1.1.0.0/16 blackhole; }",
        ("protocol static s with route 172.31.1.0/24 via 10.4.6.1; route 1.1.0.0/16 blackhole",),
    ),
    "a-kernel-table": (
        "protocol kernel { kernel table 100; ipv4 { table t; export all; }; }",
        ("protocol kernel with kernel table 100; ipv4 { table t; export all; }",),
    ),
    "learnt-from-the-kernel": ("protocol kernel { learn; ipv4; }", ("protocol kernel with learn; ipv4",)),
    "a-direct-that-is-in-use": ("protocol direct { ipv4; }", ("protocol direct",)),
    "some-interfaces": ('protocol device { interface "eth0"; }', ('protocol device with interface "eth0"',)),
    "bfd": ("protocol bfd { }", ("protocol bfd",)),
    "tables": ("ipv4 table mrib4; roa4 table r { }", ("ipv4 table mrib4", "roa4 table r")),
    "filters-and-functions": (
        "filter f { accept; } function g(int a) -> bool { return a > 1; } function h() int y; { y = 1; }",
        ("filter f", "function g", "function h"),
    ),
    "a-template": ("template bgp t { }", ("template bgp t",)),
    "constants-never-by-value": ('define one = "s3cret"; define two="s3cret";', ("define one", "define two")),
    "any-other-setting": ("timeformat route iso long;", ("timeformat route iso long",)),
    "a-file-that-it-includes": (
        'include "/etc/bird/mine.conf";',
        ('include "/etc/bird/mine.conf" (protocol ospf v2 backbone)',),
    ),
    "a-file-in-a-file": (
        'include "more.conf";',
        ('include "more.conf" (include "mine.conf" (protocol ospf v2 backbone), define secret)',),
    ),
    "a-file-that-is-not-there": ('include "none/*.conf";', ('include "none/*.conf"',)),
    "what-the-new-text-has-too": ('include "/etc/bird/kept.conf"; filter f { accept; }', ("filter f",)),
    "what-cannot-be-read": ("protocol bgp {", ("what cannot be read: the text ends in the middle of a statement",)),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_all_that_would_be_lost_with_a_foreign_file_is_named(case: str) -> None:
    text, parts = FOREIGN[case]
    assert foreign_parts("/etc/bird/bird.conf", text, 'include "/etc/bird/kept.conf";', look) == parts


def test_a_file_that_includes_itself_ends() -> None:
    (part,) = foreign_parts("/etc/bird/bird.conf", 'include "/etc/bird/itself.conf";', "", look)
    assert part.count("itself.conf") < 20


def look(path: str, pattern: str) -> t.Iterator[t.Tuple[str, str]]:
    name = str(Path(path).parent / pattern)
    if name in INCLUDED:
        yield name, INCLUDED[name]
