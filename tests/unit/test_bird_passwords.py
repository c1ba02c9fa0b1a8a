# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The passwords of sessions: in a file of their own, and in no message."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.passwords import render_passwords

NODE: t.Dict[str, t.Any] = {
    "bird_address": "192.168.50.10",
    "bird_as_number": 64512,
    "bird_peers": [
        {"name": "node2", "address": "192.168.50.11", "as_number": 64512, "blocks": []},
        {"name": "tor1", "address": "192.168.50.1", "as_number": 64900},
    ],
}

# What BIRD or TCP cannot hold, and what the report says of it.
BAD_PASSWORDS: t.Dict[str, t.Tuple[t.Any, str]] = {
    "a quotation mark": ('hid"den', "holds a quotation mark, which BIRD cannot read"),
    "a line break": ("hid\nden", "holds a line break or another character that cannot be printed"),
    "a zero": ("hid\0den", "cannot be printed"),
    "81 bytes": ("hidden" * 13 + "abc", "is 81 bytes long; TCP takes at most 80"),
    "80 characters of two bytes": ("\u00e4" * 80, "is 160 bytes long"),
    "a number": (12345678, "is not text; put it in quotes"),
    "a list": (["hidden"], "is not text"),
}


def rendered(**variables: t.Any) -> t.List[str]:
    return render_passwords({**NODE, **variables}).splitlines()


def test_each_session_has_its_constant_and_the_last_line_seals_them() -> None:
    lines = rendered(bird_password="for all", bird_passwords={"tor1": "for one, with \\ and #"})
    assert lines[1:-1] == [
        'define peer_192_168_50_1_password = "for one, with \\ and #";',
        'define peer_192_168_50_11_password = "for all";',
    ]
    assert lines[-1].startswith('define purel3_fabric_passwords = "')


def test_without_passwords_there_is_no_file_and_nothing_includes_it() -> None:
    assert render_passwords(NODE) == ""
    assert "fabric_passwords.conf" not in render_variables(NODE)


def test_a_peer_may_be_without_the_password_of_all() -> None:
    assert [line for line in rendered(bird_password="for all", bird_passwords={"node2": ""}) if "_11_" in line] == []


def test_another_password_is_another_seal() -> None:
    assert rendered(bird_password="one")[-1] != rendered(bird_password="two")[-1]


def test_bird_conf_depends_on_who_has_a_password_not_on_which() -> None:
    one, two = ({**NODE, "bird_passwords": {"tor1": password}} for password in ("one", "two"))
    assert render_variables(one) == render_variables(two)
    assert "  password peer_192_168_50_1_password;" in render_variables(one)


@pytest.mark.parametrize("name", BAD_PASSWORDS)
@pytest.mark.parametrize("is_own", [True, False], ids=["of one peer", "of all"])
def test_a_password_that_cannot_be_is_refused_without_showing_it(name: str, is_own: bool) -> None:
    password, says = BAD_PASSWORDS[name]
    with pytest.raises(InvalidInput) as refused:
        rendered(**({"bird_passwords": {"tor1": password}} if is_own else {"bird_password": password}))
    assert says in str(refused.value)
    assert ("bird_passwords: that of tor1" if is_own else "bird_password: it") in str(refused.value)
    assert [part for part in ("hid", "den", "12345678", "\u00e4") if part in str(refused.value)] == []
