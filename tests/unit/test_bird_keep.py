# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration between two: what is kept, under which names, and that loading it ends no session."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.impact import predict
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.keep import (
    keep_passwords,
    keep_peers,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.seal import seal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.daemon import check_text, require_program
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables

ACCEPT = [{"match": {"prefix": "10.2.0.0/16", "length": "16-24"}, "action": "accept"}]
REFLECTED = [{"prefix": "10.0.0.0/8", "shortest": 24, "longest": 32}]


def peer(number: int, **more: t.Any) -> t.Dict[str, t.Any]:
    return {
        "name": f"node{number}",
        "address": f"10.0.0.{number}",
        "as_number": 64512,
        "blocks": [f"10.{number}.0.0/24"],
        **more,
    }


def rendered(*peers: t.Dict[str, t.Any], **more: t.Any) -> str:
    return render_variables(
        {
            "bird_address": "10.0.0.1",
            "bird_as_number": 64512,
            "bird_blocks": ["10.1.0.0/24"],
            "bird_peers": list(peers),
            **more,
        }
    )


NEW_PEER = peer(9, is_route_reflector=True, type="route reflector", blocks=[])
CASES: t.Dict[str, t.Tuple[str, str]] = {
    "the same template": (rendered(peer(2), peer(3)), rendered(peer(3))),
    "another template": (rendered(peer(2), peer(3)), rendered(peer(9), bird_hold_time=30)),
    "from mesh to reflectors": (rendered(peer(2), peer(3)), rendered(NEW_PEER, bird_reflected=REFLECTED)),
    "from reflectors to mesh": (rendered(NEW_PEER, bird_reflected=REFLECTED), rendered(peer(2), peer(3))),
    "filters of its own": (
        rendered(peer(2, import_filter=ACCEPT, export_filter=ACCEPT)),
        rendered(peer(3), bird_log="stderr"),
    ),
    "no peer left": (rendered(peer(2)), rendered()),
}


@pytest.mark.parametrize("case", CASES)
def test_no_session_of_the_old_configuration_ends_or_restarts(case: str) -> None:
    old, new = CASES[case]
    between = keep_peers(seal(old), new)
    check_text(require_program(), between, "/nowhere/bird.conf")
    foretold = {one.name: one.effect for one in predict(old, new)}
    kept = {one.name: one.effect for one in predict(old, between)}
    assert set(kept) == set(foretold)
    for name, effect in foretold.items():
        assert kept[name] == ("none" if effect == "removed" else effect)


@pytest.mark.parametrize("case", CASES)
def test_keeping_twice_is_keeping_once_and_the_new_configuration_ends_what_was_kept(case: str) -> None:
    old, new = CASES[case]
    between = keep_peers(seal(old), new)
    assert between.startswith(new.rstrip("\n"))
    # As the file was sealed, its seal is no part of what is kept.
    assert "purel3_fabric_content" not in between
    again = keep_peers(seal(between), new)
    assert {one.effect for one in predict(between, again)} <= {"none"}
    check_text(require_program(), again, "/nowhere/bird.conf")
    assert {one.effect for one in predict(between, new)} <= {"none", "removed"}


def test_where_nothing_would_go_nothing_is_added() -> None:
    assert keep_peers(rendered(peer(2)), rendered(peer(2), peer(3))) == rendered(peer(2), peer(3))


def test_a_kept_session_keeps_its_password() -> None:
    old = rendered(peer(2), peer(3), bird_password="any")
    new = rendered(peer(9))
    between = keep_peers(old, new)
    assert between.count('include "fabric_passwords.conf";') == 1
    passwords = 'define peer_10_0_0_2_password = "a";\ndefine peer_10_0_0_3_password = "b";\n'
    secrets = keep_passwords(between, seal(passwords, "purel3_fabric_passwords"), "")
    assert secrets == passwords
    check_text(require_program(), between, "/nowhere/bird.conf", {"fabric_passwords.conf": secrets})
    assert {one.effect for one in predict(old, between)} == {"none", "added"}


def test_a_password_that_is_defined_already_is_the_new_one() -> None:
    content = "password peer_10_0_0_2_password;"
    new = 'define peer_10_0_0_2_password = "new";\n'
    assert keep_passwords(content, 'define peer_10_0_0_2_password = "old";\n', new) == new
