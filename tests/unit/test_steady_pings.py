# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios rest on it that a lost packet is seen, wherever it is lost."""

from __future__ import annotations

import typing as t

import pytest
from steady_pings import Pings, read


def said(answered: t.Iterable[int], sent: int, later: t.Iterable[int] = ()) -> str:
    """What ping prints which is asked after so many packets, and goes on for a while."""
    numbers = list(answered)
    return "\n".join(
        [
            "PING 10.244.135.0 (10.244.135.0) 56(84) bytes of data.",
            *(answer(number) for number in numbers),
            f"\r{len(numbers)}/{sent} packets, 0% loss, min/avg/ewma/max = 0.039/0.042/0.042/0.046 ms",
            *(answer(number) for number in later),
            "",
            "--- 10.244.135.0 ping statistics ---",
            "2000 packets transmitted, 1000 received, 50% packet loss, time 1452ms",
        ]
    )


def answer(number: int) -> str:
    return f"64 bytes from 10.244.135.0: icmp_seq={number} ttl=62 time=0.041 ms"


WHOLE = said(range(1, 1001), 1000, [1001])

LOSSES = {
    "one": (said([*range(1, 500), *range(501, 1001)], 1000, [1001]), "1 of 1000 lost, from 50.0 to 50.0 s"),
    "some at the beginning": (said(range(10, 1001), 1000, [1001]), "9 of 1000 lost, from 0.1 to 0.9 s"),
    "all at the end": (said(range(1, 351), 1000), "650 of 1000 lost, from 35.1 to 100.0 s"),
    "the last before it was asked": (said(range(1, 1000), 1000, [1001]), "1 of 1000 lost, from 100.0 to 100.0 s"),
    "all": (said([], 1000), "1000 of 1000 lost, from 0.1 to 100.0 s"),
}


@pytest.mark.parametrize(("text", "words"), LOSSES.values(), ids=LOSSES)
def test_a_loss_is_seen(text: str, words: str) -> None:
    with pytest.raises(AssertionError) as caught:
        Pings({"web1-web5": read(text), "web5-web1": read(WHOLE)}).assert_nothing_lost(3, "what else is known")
    assert str(caught.value).startswith(f"{{'web1-web5': '{words}'}}\nwhat else is known")


NO_MEASUREMENTS = {
    "nobody pings": {},
    "one never said how many it sent": {"web1-web5": read(answer(1)), "web5-web1": read(WHOLE)},
    "one has sent too few": {"web1-web5": read(said(range(1, 30), 29, [30])), "web5-web1": read(WHOLE)},
}


@pytest.mark.parametrize("ways", NO_MEASUREMENTS.values(), ids=NO_MEASUREMENTS)
def test_it_is_no_proof_when(ways: t.Dict[str, t.Any]) -> None:
    with pytest.raises(AssertionError):
        Pings(ways).assert_nothing_lost(3)


@pytest.mark.parametrize(
    ("text", "is_over"),
    [(said(range(1, 9), 10), False), (said(range(1, 9), 10, [9, 10]), True), (said(range(1, 9), 10, [11]), True)],
    ids=["it is waited for", "until it has come", "or a later one has"],
)
def test_what_is_on_its_way_when_ping_is_asked_is_not_lost_yet(text: str, is_over: bool) -> None:
    assert read(text).is_over is is_over


def test_nothing_is_lost_where_all_was_answered() -> None:
    Pings({"web1-web5": read(WHOLE)}).assert_nothing_lost(100)
