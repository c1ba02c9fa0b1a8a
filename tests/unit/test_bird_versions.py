# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the installed BIRD does not know are named with the version that does."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.protocols.versions import unsupported
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables

ONLINK = "BIRD 2.0.11 does not know `onlink`; install BIRD 2.0.12 or newer, or leave that option out"
SEND_HOLD = "BIRD 2.0.12 does not know `send hold time`; install BIRD 2.15 or newer, or leave that option out"

CASES: t.Dict[str, t.Tuple[str, str, t.Tuple[str, ...]]] = {
    "in a session": ("protocol bgp {\n  send hold time 200;\n}", "2.0.12", (SEND_HOLD,)),
    "on one line": ("protocol bgp { hold time 90; send  hold time 200; }", "2.0.12", (SEND_HOLD,)),
    "twice": ("protocol bgp { send hold time 1; }\nprotocol bgp { send hold time 2; }", "2.0.12", (SEND_HOLD,)),
    "known since that version": ("protocol bgp { send hold time 200; }", "2.15", ()),
    "known in a later one": ("protocol bgp { send hold time 200; }", "2.17.5", ()),
    "known in BIRD 3": ("protocol bgp { send hold time 200; }", "3.1.7", ()),
    "one version too old": (
        "protocol bgp { send hold time 200; }",
        "2.14",
        (SEND_HOLD.replace("2.0.12", "2.14"),),
    ),
    "in a comment": ("# send hold time 200;\n/* ; send hold time */", "2.0.12", ()),
    "in a text": ('protocol bgp { description "a;send hold time 1"; }', "2.0.12", ()),
    "another kind of hold time": ("protocol bgp { hold time 90; }", "2.0.12", ()),
    "into a tunnel, from the first version on": ("filter f { onlink = true; }", "2.0.12", ()),
    "into a tunnel, before that": ("filter f { onlink = true; }", "2.0.11", (ONLINK,)),
    "into a tunnel, with a BIRD 3 that came later but knows less": (
        "filter f {\n  onlink = true;\n  onlink = true;\n}",
        "3.1.7",
        (ONLINK.replace("2.0.11", "3.1.7").replace("2.0.12", "3.2"),),
    ),
    "into a tunnel, with BIRD 3.2": ("filter f { onlink = true; }", "3.2.0", ()),
    "a held route into a tunnel": ("  route 10.2.0.0/24 via 10.0.0.2%'tunl0' onlink;", "3.1.7", ()),
    "nothing at all": ("", "2.0.12", ()),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_known_is_named(name: str) -> None:
    text, version, says = CASES[name]
    assert unsupported(text, version) == says


def test_what_is_rendered_for_one_peer_or_for_all_is_found() -> None:
    peer = {"name": "node2", "address": "192.168.50.11", "as_number": 64512}
    node = {"bird_address": "192.168.50.10", "bird_as_number": 64512}
    of_one = render_variables({**node, "bird_peers": [{**peer, "send_hold_time": 200}]})
    of_all = render_variables({**node, "bird_peers": [peer], "bird_send_hold_time": 200})
    assert unsupported(of_one, "2.0.12") == unsupported(of_all, "2.0.12") == (SEND_HOLD,)
