# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another bird.conf does to each session, from the two texts alone; what real BIRD does is compared elsewhere."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.impact import (
    Impact,
    mode_changes,
    predict,
    unknown,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.seal import seal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.protocols.kind import ProtocolKind
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.protocols.table import KINDS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables

PEERS = [
    {"name": "node2", "address": "10.0.0.2", "as_number": 64512, "blocks": ["10.2.0.0/24"]},
    {"name": "node3", "address": "10.0.0.3", "as_number": 64512, "blocks": ["10.3.0.0/24"]},
]
BASE: t.Dict[str, t.Any] = {
    "bird_address": "10.0.0.1",
    "bird_as_number": 64512,
    "bird_blocks": ["10.1.0.0/24"],
    "bird_peers": PEERS,
}
TEXT = """
define ours = [ 10.1.0.0/24 ];
roa4 table owners;
protocol static owner_table { roa4 { table owners; }; route 10.2.0.0/24 max 32 as 2; }
function is_ours() { return net ~ ours; }
filter to_peers { if is_ours() then accept; reject; }
filter from_peers { if roa_check(owners, net, 2) = ROA_VALID then accept; reject; }
template bgp common { local 10.0.0.1 as 1; hold time 90; ipv4 { import keep filtered; }; }
protocol bgp peer_10_0_0_2 from common {
  description "a, b, global";
  neighbor 10.0.0.2 as 2;
  ipv4 { import filter from_peers; export filter to_peers; };
}
"""


def effects(before: str, after: str, **options: t.Any) -> t.Dict[str, t.Tuple[str, t.Tuple[str, ...]]]:
    return {one.name: (one.effect, one.reasons) for one in predict(before, after, **options)}


def rendered(**changes: t.Any) -> str:
    return seal(render_variables({**BASE, **changes}))


CASES = {
    "nothing": ({}, {"node2": "none", "node3": "none"}),
    "a log target": ({"bird_log": "stderr"}, {"node2": "none", "node3": "none"}),
    "a timer of all": ({"bird_hold_time": 30}, {"node2": "restart", "node3": "restart"}),
    "the router id": ({"bird_router_id": "1.1.1.1"}, {"node2": "restart", "node3": "restart"}),
    "a block of our own": ({"bird_blocks": ["10.1.0.0/24", "10.4.0.0/24"]}, {"node2": "none", "node3": "none"}),
    "a block of one peer": (
        {"bird_peers": [{**PEERS[0], "blocks": ["10.5.0.0/24"]}, PEERS[1]]},
        {"node2": "refilter", "node3": "none"},
    ),
    "the AS of one peer": (
        {"bird_peers": [PEERS[0], {**PEERS[1], "as_number": 3}]},
        {"node2": "none", "node3": "restart"},
    ),
    "a block of one peer, and a timer of all, of which the worse is told": (
        {"bird_peers": [{**PEERS[0], "blocks": ["10.5.0.0/24"]}, PEERS[1]], "bird_hold_time": 30},
        {"node2": "restart", "node3": "restart"},
    ),
    "a peer that goes": ({"bird_peers": PEERS[:1]}, {"node2": "none", "node3": "removed"}),
    "a peer that comes": (
        {"bird_peers": [*PEERS, {"name": "tor", "address": "10.0.0.9", "as_number": 9}]},
        {"node2": "none", "node3": "none", "tor": "added"},
    ),
}


@pytest.mark.parametrize("change", CASES)
def test_a_change_of_a_node_is_told_session_by_session(change: str) -> None:
    changes, expected = CASES[change]
    found = effects(rendered(), rendered(**changes))
    assert {name: effect for name, (effect, dummy) in found.items()} == expected
    assert all(bool(reasons) == (effect in ("refilter", "restart")) for effect, reasons in found.values())


CHANGES_OF_TEXT = {
    "a comment and spaces": ("hold time 90;", "hold  time 90; /* as ever */", ("none", ())),
    "an option of the template": ("hold time 90;", "hold time 30;", ("restart", ("hold time: 90 -> 30",))),
    "an option that moves to the session": (
        "  neighbor 10.0.0.2 as 2;",
        "  neighbor 10.0.0.2 as 2; hold time 90;",
        ("none", ()),
    ),
    "an option that the session overrides": (
        "  neighbor 10.0.0.2 as 2;",
        "  neighbor 10.0.0.2 as 2; hold time 30;",
        ("restart", ("hold time: 90 -> 30",)),
    ),
    "a constant that an export filter's function reads": ("10.1.0.0/24 ]", "10.9.0.0/24 ]", ("refilter", ("ours",))),
    "a table that an import filter asks": ("max 32 as 2", "max 32 as 3", ("refilter", ("owners",))),
    "another filter": ("export filter to_peers", "export none", ("refilter", ("export: filter to_peers -> none",))),
    "a definition that nobody uses": ("define ours", "define theirs = 1;\ndefine ours", ("none", ())),
    "an option that is not known": (
        "hold time 90;",
        "hold time 90; frobnicate 1;",
        ("restart", ("frobnicate: not set -> 1 (an option that this version does not know)",)),
    ),
    "a setting that is not known": (
        "define ours",
        "frobnicate 1;\ndefine ours",
        ("restart", ("frobnicate: not set -> 1 (an option that this version does not know)",)),
    ),
    "a limit": ("export filter to_peers;", "export filter to_peers; import limit 9 action warn;", ("none", ())),
    "BFD that comes": ("hold time 90;", "hold time 90; bfd on;", ("none", ())),
    "another description": ('"a, b, global"', '"a, b, route reflector"', ("none", ())),
}


@pytest.mark.parametrize("change", CHANGES_OF_TEXT)
def test_a_change_of_the_text_is_told_with_the_option(change: str) -> None:
    old, new, expected = CHANGES_OF_TEXT[change]
    assert old in TEXT
    assert effects(TEXT, TEXT.replace(old, new, 1)) == {"a, b": expected}


def test_bfd_that_goes_ends_the_session_from_the_other_side() -> None:
    with_bfd = TEXT.replace("hold time 90;", "hold time 90; bfd on;")
    assert effects(with_bfd, TEXT) == {"a, b": ("restart", ("bfd: on -> not set",))}


def test_a_password_restarts_its_session_and_is_never_told() -> None:
    before = TEXT.replace("hold time 90;", 'hold time 90; password "secret";')
    after = TEXT.replace("hold time 90;", 'hold time 90; password "another";')
    assert effects(before, after) == {"a, b": ("restart", ("password",))}
    named = TEXT.replace("hold time 90;", "hold time 90; password peer_10_0_0_2_password;")
    assert effects(named, named, changed_passwords={"peer_10_0_0_2"}) == {"a, b": ("restart", ("password",))}
    # A constant that no session uses.
    assert effects(TEXT, TEXT, changed_passwords={"peer_10_0_0_2"}) == {"a, b": ("none", ())}


def test_what_only_bird_three_restarts_is_told_by_its_version() -> None:
    after = TEXT.replace("import keep filtered;", "")
    assert effects(TEXT, after, version="2.17.5") == {"a, b": ("none", ())}
    for version in ("3.1.7", ""):
        assert effects(TEXT, after, version=version)["a, b"][0] == "restart"


@pytest.mark.parametrize("broken", ["protocol bgp x {", 'log "/half', "define x = ( 1;", "}", "a ) b;"])
def test_a_text_that_cannot_be_read_counts_as_a_restart_of_all(broken: str) -> None:
    ((effect, (reason,)),) = effects(broken, TEXT).values()
    assert effect == "restart"
    assert reason.startswith("unknown: the configuration cannot be compared: ")


OSPF = """
protocol ospf v2 backbone { area 0 { interface "eth1" { hello 10; password "secret" { id 1; }; }; }; }
protocol ospf { area 0 { interface "eth2"; }; }
template rip alike { ipv4; }
protocol rip ng inside from alike { interface "eth3"; }
"""
# What a text with other protocols becomes, and what is told beside the session, which stays.
CHANGES_OF_OTHERS: t.Dict[str, t.Tuple[str, str, t.Dict[str, t.Tuple[str, t.Tuple[str, ...]]]]] = {
    "nothing": ("hello 10;", "hello  10; /* as ever */", {}),
    "a timer": ("hello 10;", "hello 3;", {"protocol ospf backbone": ("restart", ("hello: 10 -> 3",))}),
    "a password, which is never told": (
        'password "secret"',
        'password "another"',
        {"protocol ospf backbone": ("restart", ("password",))},
    ),
    "an interface": (
        'interface "eth2"',
        'interface "eth9"',
        {"protocol ospf ospf1": ("restart", ('interface: "eth2" -> "eth9"',))},
    ),
    "its template": (
        "{ ipv4; }",
        "{ ipv6; }",
        {"protocol rip inside": ("restart", ("ipv4: on -> not set", "ipv6: not set -> on"))},
    ),
    "that it goes": ('protocol ospf { area 0 { interface "eth2"; }; }', "", {"protocol ospf ospf1": ("removed", ())}),
    "that one more comes": ("template", "protocol radv { }\ntemplate", {"protocol radv radv1": ("added", ())}),
    "that it becomes another": (
        "protocol ospf v2 backbone",
        "protocol static backbone",
        {"protocol ospf backbone": ("removed", ())},
    ),
    "the identity of all": (
        "template rip",
        "router id 1.1.1.1;\ntemplate rip",
        dict.fromkeys(
            ("protocol ospf backbone", "protocol ospf ospf1", "protocol rip inside", "a, b"),
            ("restart", ("router id: not set -> 1.1.1.1",)),
        ),
    ),
}


@pytest.mark.parametrize("change", CHANGES_OF_OTHERS)
def test_a_change_of_a_protocol_that_is_not_known_is_told_as_the_worst(change: str) -> None:
    old, new, expected = CHANGES_OF_OTHERS[change]
    assert old in OSPF
    found = effects(TEXT + OSPF, TEXT + OSPF.replace(old, new, 1))
    assert "a, b" in found
    assert {name: told for name, told in found.items() if told != ("none", ())} == expected


def test_what_no_other_router_notices_is_not_told() -> None:
    local = "protocol device { scan time 9; } protocol kernel { ipv4; } protocol direct { ipv4; } protocol bfd { }"
    assert effects(f"{TEXT}{local}", TEXT.replace("max 32 as 2", "max 32 as 2; route 10.9.0.0/24 max 24 as 9")) == {
        "a, b": ("refilter", ("owners",))
    }


def test_what_stands_in_a_file_that_is_not_included_any_more_is_told_as_gone() -> None:
    running = {"peer_10_0_0_2": "BGP", "owner_table": "Static", "mine": "OSPF", "theirs": "BGP", "net": "Direct"}
    including = f'include "fabric_held*.conf";\ninclude "/etc/bird/mine.conf";\n{TEXT}'
    without = including.replace('include "/etc/bird/mine.conf";', "")
    gone = ("removed", ('include: "/etc/bird/mine.conf" -> not set',))
    assert effects(including, without, running=running) == {
        "a, b": ("none", ()),
        "protocol ospf mine": gone,
        "protocol bgp theirs": gone,
    }
    assert effects(without, including, running=running) == {"a, b": ("none", ())}


def test_what_is_not_known_to_run_is_told_as_the_worst() -> None:
    assert unknown(TEXT, "somebody else's") == (
        Impact("a, b", "10.0.0.2", "peer_10_0_0_2", "restart", ("unknown: somebody else's",)),
    )
    assert [(one.name, one.effect) for one in unknown(OSPF, "x")] == [
        ("protocol ospf backbone", "restart"),
        ("protocol rip inside", "restart"),
        ("protocol ospf ospf1", "restart"),
    ]
    assert unknown("{", "somebody else's") == ()


ROUTER = {"name": "tor1", "address": "10.0.0.254", "as_number": 64900, "type": "global", "blocks": None}
INSIDE = {"bird_encapsulation": [{"prefix": "10.0.0.0/14", "mode": "ipip"}]}
ACROSS = {
    "bird_encapsulation": [{"prefix": "10.0.0.0/14", "mode": "ipip_cross_subnet"}],
    "bird_subnets": ["10.0.0.0/24"],
}
TWO = {"bird_encapsulation": [*INSIDE["bird_encapsulation"], {"prefix": "10.8.0.0/16", "mode": "ipip"}]}
WAYS: t.Dict[str, t.Tuple[t.Dict[str, t.Any], t.Dict[str, t.Any], t.Tuple[str, ...]]] = {
    "nothing was in the tunnel, and nothing is": ({}, {"bird_hold_time": 30}, ()),
    "all into the tunnel": ({}, INSIDE, ("10.0.0.0/14: none -> ipip",)),
    "all out of it": (INSIDE, {}, ("10.0.0.0/14: ipip -> none",)),
    "across subnets only": (INSIDE, ACROSS, ("10.0.0.0/14: ipip -> ipip_cross_subnet",)),
    "the same, with another subnet": (ACROSS, {**ACROSS, "bird_subnets": ["10.0.0.0/24", "10.9.0.0/24"]}, ()),
    "the same, with a router that has no tunnel": (INSIDE, {**INSIDE, "bird_peers": [*PEERS, ROUTER]}, ()),
    "a second pool": (INSIDE, TWO, ("10.8.0.0/16: none -> ipip",)),
    "one of two pools": (TWO, INSIDE, ("10.8.0.0/16: ipip -> none",)),
}


@pytest.mark.parametrize("case", WAYS)
def test_the_pools_whose_packets_would_travel_another_way_are_told(case: str) -> None:
    before, after, found = WAYS[case]
    assert tuple(map(str, mode_changes(rendered(**before), rendered(**after)))) == found


def written(text: str, *pairs: t.Tuple[str, str]) -> str:
    """The same configuration, written in another way."""
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("case", WAYS)
def test_they_are_told_however_the_text_is_written(case: str) -> None:
    before, after, found = WAYS[case]
    wide = rendered(**before).replace("\n", "\n  # as it was\n    ")
    assert tuple(map(str, mode_changes(wide, rendered(**after)))) == found


def test_the_order_of_conditions_and_what_is_written_in_one_line_make_no_difference() -> None:
    inside = rendered(**INSIDE)
    swapped = written(
        inside,
        ("source = RTS_BGP && net ~ [ 10.0.0.0/14+ ]", "net ~ [ 10.0.0.0/14+ ] && source = RTS_BGP"),
        (' then {\n    ifname = "tunl0";\n', ' then { ifname = "tunl0"; '),
    )
    assert mode_changes(inside, swapped) == ()
    assert tuple(map(str, mode_changes(swapped, rendered()))) == ("10.0.0.0/14: ipip -> none",)


def test_what_is_known_of_another_protocol_counts_and_all_else_is_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of protocol is one file and a line of the table: nothing here has to know its options."""
    before = 'protocol ospf v2 mine { area 0 { interface "eth0" { hello 1; tx delay 5; }; }; }'
    after, name = before.replace("tx delay 5", "tx delay 7"), "protocol ospf mine"
    (unknown_kind,) = predict(before, after)
    assert (unknown_kind.name, unknown_kind.effect, unknown_kind.reasons) == (
        name,
        "restart",
        ("tx: delay 5 -> delay 7",),
    )
    kind = ProtocolKind("ospf", {"tx delay": "refilter"})
    monkeypatch.setitem(t.cast(t.Dict[str, ProtocolKind], KINDS), kind.name, kind)
    (known_kind,) = predict(before, after)
    assert (known_kind.effect, known_kind.reasons) == ("refilter", ("tx delay: 5 -> 7",))
    (more,) = predict(before, after.replace("hello 1", "hello 3"))
    assert more.effect == "restart"
