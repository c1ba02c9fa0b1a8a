# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file with held routes: from what BIRD says it gives the kernel, and back."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.hold import (
    HeldRoute,
    Hop,
    join,
    parse_exported,
    parse_held,
    render,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.daemon import check_text, require_program
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.reply import Line

REPLY = """\
Table master4:
10.2.0.0/24          unicast [peer_10_0_0_2 10:13:38.134] * (100) [i]
\tvia 10.0.0.2 on eth0
10.1.0.0/24          blackhole [fabric_blocks 10:13:35.125] * (200)
10.9.0.0/24          unicast [peer_10_0_0_3 10:13:38.134 from 10.0.0.9] * (100/10) [AS64502i]
\tvia 10.0.0.3 on eth0.100 weight 1
\tvia 10.0.0.2 on eth0 weight 3
10.8.0.0/24          unicast [peer_10_0_0_3 10:13:38.134] * (100) [i]
\tvia 10.0.0.3 on tunl0 onlink
10.7.0.0/24          unicast [static1 10:13:38.134] * (200)
\tvia 10.0.0.7 on eth0
10.6.0.0/24          unicast [peer_10_0_0_2 10:13:38.134] * (100) [i]
\tdev eth0
"""
ROUTES = (
    HeldRoute("10.2.0.0/24", (Hop("10.0.0.2", "eth0"),)),
    HeldRoute("10.8.0.0/24", (Hop("10.0.0.3", "tunl0", True),)),
    HeldRoute("10.9.0.0/24", (Hop("10.0.0.2", "eth0", False, 3), Hop("10.0.0.3", "eth0.100"))),
)


def test_only_what_was_learnt_and_has_a_gateway_is_held() -> None:
    lines = [Line(1007, line) for line in REPLY.splitlines()]
    assert parse_exported(lines, {"peer_10_0_0_2", "peer_10_0_0_3"}) == ROUTES


def test_the_file_reads_as_what_it_was_written_from_and_bird_takes_it() -> None:
    text = render(ROUTES)
    assert parse_held(text) == ROUTES
    assert render(tuple(reversed(ROUTES))) == text
    # BIRD prefers what it learns by BGP: that has 100.
    assert "    preference 50;" in text.splitlines()
    check_text(require_program(), f"router id 10.0.0.1;\n{text}", "/nowhere/bird.conf")


@pytest.mark.parametrize(
    ("held", "learnt", "joined"),
    [
        ((), ROUTES, ROUTES),
        (ROUTES, (), ROUTES),
        (ROUTES[:2], ROUTES[2:], ROUTES),
        (
            ROUTES[:1],
            (HeldRoute("10.2.0.0/24", (Hop("10.0.0.5", "eth0"),)),),
            (HeldRoute("10.2.0.0/24", (Hop("10.0.0.5", "eth0"),)),),
        ),
    ],
    ids=["nothing held", "nothing learnt", "some of each", "learnt another way since"],
)
def test_what_is_held_and_what_is_learnt_are_joined(
    held: t.Tuple[HeldRoute, ...], learnt: t.Tuple[HeldRoute, ...], joined: t.Tuple[HeldRoute, ...]
) -> None:
    assert join(held, learnt) == joined
