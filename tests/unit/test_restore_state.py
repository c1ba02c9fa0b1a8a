# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The saved state: what is written is what is read, and nothing else is taken for it."""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.request import requests_of
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.state import (
    FORMAT,
    State,
    TunnelEnd,
    _digest,
    decode,
    encode,
    is_ours,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.words import lines_of
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.registry import describe
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.veth import Veth
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import Workload

STATE = State(
    node="node1",
    workloads=(
        Workload("web1", "10.244.166.128", "web1", mtu=1480, mac="02:00:00:00:00:01"),
        Workload("web2", "10.244.166.129", "/run/docker/netns/2", "fabric0"),
    ),
    is_transit=True,
    tunnel=TunnelEnd("10.244.166.190", 1480, ("192.168.50.10", "192.168.50.11")),
    modules=("ipip",),
    settings=(("net.ipv4.neigh.default.gc_thresh1", "4096"),),
    blocks=("10.244.166.128/26",),
    boot="",
)
TEXT = encode(STATE)
WHERE = "/var/lib/purel3/node.json"


def changed(text: str = TEXT, **values: t.Any) -> str:
    """A text with other values, and a digest that is right for them."""
    content = {**json.loads(text), **values}
    sealed = {key: value for key, value in content.items() if key not in ("about", "digest")}
    return json.dumps({**content, "digest": _digest(sealed)})


def test_what_is_written_is_what_is_read() -> None:
    for state in (STATE, State("alone"), replace(STATE, boot="b7b1c1de-0000-4000-8000-000000000000")):
        assert decode(encode(state), WHERE) == state


GOLDEN = Path(__file__).resolve().parents[1] / "golden/restore"
# What format1.json says. It was written by the release before format 2, and so were the lines of requests.txt.
OF_FORMAT_1 = State(
    node="node1",
    workloads=(
        Workload("web1", "10.244.166.128", "web1", mtu=1400),
        Workload("web2", "10.244.166.129", "blue", "net0", 1300),
        Workload("web3", "10.244.166.130", "/run/containers/web3", mtu=1400),
        Workload("web4", "10.244.166.131", "/proc/4711/ns/net", mtu=1400),
    ),
    is_transit=True,
    tunnel=TunnelEnd("10.244.166.190", 1400, ("192.168.50.10", "192.168.50.11")),
    modules=("ipip",),
    settings=(
        ("net.ipv4.conf.all.accept_redirects", "0"),
        ("net.ipv4.conf.all.log_martians", "1"),
        ("net.ipv4.no_such_setting", "1 2"),
        ("net/ipv4/conf/all/rp_filter", "2"),
    ),
    blocks=("10.244.166.128/26", "10.244.7.7/32"),
    boot="11111111-2222-3333-4444-555555555555",
)


OF_TODAY = replace(OF_FORMAT_1, identities=(("/proc/4711/ns/net", "cookie 8193"),))
OF_FORMATS = {"format1": OF_FORMAT_1, "format2": OF_FORMAT_1, "format3": OF_TODAY}


@pytest.mark.parametrize("name", OF_FORMATS)
def test_a_state_of_every_format_is_read_whole(name: str) -> None:
    assert decode((GOLDEN / f"{name}.json").read_text(), WHERE) == OF_FORMATS[name]


def test_the_newest_format_is_the_one_that_is_written() -> None:
    path = GOLDEN / f"format{FORMAT}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(encode(OF_TODAY))
    assert encode(OF_TODAY) == path.read_text()


def test_a_state_of_the_release_before_asks_the_kernel_for_what_it_asked_then_and_a_source_guard() -> None:
    state = decode((GOLDEN / "format1.json").read_text(), WHERE)
    requests, left_out = requests_of(state, state.boot, lambda _netns: "", lambda _netns: "")
    lines = [
        describe(wanted) + (f"  mtu {wanted.outer.mtu} {wanted.inner.mtu}" if isinstance(wanted, Veth) else "")
        for request in requests
        for wanted in request.present.values()
    ]
    assert (sorted(lines), left_out) == ((GOLDEN / "requests.txt").read_text().splitlines(), ())


def test_a_state_of_the_release_before_without_a_tunnel_or_workloads_is_read() -> None:
    old = (GOLDEN / "format1.json").read_text()
    state = decode(changed(old, workloads={"workloads": []}, tunnel={}), WHERE)
    assert (state.workloads, state.is_transit, state.tunnel) == ((), False, None)


def test_the_same_state_gives_the_same_text() -> None:
    assert encode(replace(STATE)) == TEXT


NOT_SEALED = "its digest is not that of its content"
DAMAGE: t.Dict[str, t.Tuple[str, str]] = {
    "empty": ("", "is empty"),
    "nothing but zeros, as after a power cut": ("\0" * len(TEXT), "is damaged or cut off"),
    "cut off in the middle": (TEXT[: len(TEXT) // 2], "is damaged or cut off"),
    "cut off before the last brace": (TEXT[:-2], "is damaged or cut off"),
    "cut off in the first line": (TEXT[:20], "is damaged or cut off"),
    "with something after it": (TEXT + "}", "is damaged or cut off"),
    "twice": (TEXT + TEXT, "is damaged or cut off"),
    "with another address": (TEXT.replace("10.244.166.128", "10.244.166.130"), NOT_SEALED),
    "with another digest": (
        TEXT.replace(json.loads(TEXT)["digest"], "0" * 64),
        NOT_SEALED,
    ),
    "without a digest": (json.dumps({**json.loads(TEXT), "digest": None}), NOT_SEALED),
    "without a format": (changed(format=None), NOT_SEALED),
    "of format 0": (changed(format=0), NOT_SEALED),
    "of a format that is no number": (changed(format="1"), NOT_SEALED),
    "of a newer format": (changed(format=4), "has format 4, and this purel3 knows none above 3"),
    "of a newer format, whose digest is another": (
        TEXT.replace('"format": 3', '"format": 4'),
        "has format 4, and this purel3 knows none above 3",
    ),
    "of this format, as an older one would have it": (changed(workloads={"workloads": []}), "lacks something or has"),
    "of an older format, which it is not": (changed(format=1), "lacks something or has too much"),
    "with something unknown in it": (changed(colour="red"), "lacks something or has too much"),
    "with an option of a workload that this release does not know": (
        changed(workloads=[{"name": "web1", "address": "10.244.166.128", "colour": "red"}]),
        "lacks something or has too much (workload web1: unknown key colour; it may have name, address, netns",
    ),
    "with a workload that lacks its address": (
        changed(workloads=[{"name": "web1"}]),
        "lacks something or has too much (workloads: {'name': 'web1'} lacks address)",
    ),
    **{
        f"with {what} of another type": (changed(**change), "lacks something or has too much")
        for what, change in {
            "the MTU of the tunnel": {"tunnel": {"address": "10.244.166.190", "mtu": "x", "endpoints": []}},
            "a module": {"modules": [None]},
            "a block": {"blocks": [None]},
            "the node": {"node": 7},
        }.items()
    },
    "with a name that is not UTF-8": (
        changed(workloads=[{"name": "\udcff", "address": "10.244.166.128"}]),
        "lacks something or has too much",
    ),
    "with a tunnel that lacks its MTU": (
        changed(tunnel={"address": "10.244.166.190", "endpoints": []}),
        "lacks something or has too much",
    ),
    "somebody else's JSON": ('{"format": 1, "digest": "x"}', "is not what purel3.fabric writes"),
    "a list": ("[]", "is not what purel3.fabric writes"),
    "no JSON": ("# my notes\n", "is damaged or cut off"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_file_is_refused_with_its_place_its_fault_and_the_remedy(name: str) -> None:
    text, fault = DAMAGE[name]
    with pytest.raises(InvalidInput) as caught:
        decode(text, WHERE)
    said = str(caught.value)
    assert said.startswith(WHERE)
    assert fault in said
    assert "nothing was touched" in said
    assert "run site.yml from the controller" in said


def test_every_single_changed_character_is_noticed() -> None:
    start = TEXT.index('"digest"')
    for place in range(start, len(TEXT) - 1):
        other = "7" if TEXT[place] != "7" else "8"
        text = TEXT[:place] + other + TEXT[place + 1 :]
        try:
            found = decode(text, WHERE)
        except InvalidInput:
            continue
        pytest.fail(f"{text[place - 20 : place + 20]!r} was taken for {found}")


def test_ours_are_files_that_begin_as_we_write_them_damaged_or_not() -> None:
    assert all(is_ours(text) for text in ("", TEXT, TEXT[:10], TEXT[:100], TEXT + "x", "\0" * 100))
    assert not any(is_ours(text) for text in ("{}", "# my notes\n", '{"about": "mine"}', "\0x"))


def test_a_state_in_words_has_a_line_for_each_object() -> None:
    assert sorted(lines_of(STATE)) == [
        "saved block 10.244.166.128/26",
        "saved endpoint 192.168.50.10 of the tunnel",
        "saved endpoint 192.168.50.11 of the tunnel",
        "saved kernel module ipip",
        "saved node node1",
        "saved sysctl net.ipv4.neigh.default.gc_thresh1 = 4096",
        "saved transit",
        "saved tunnel 10.244.166.190  mtu 1480",
        "saved workload web1  10.244.166.128/32  cali977588a87e1 -> eth0  mtu 1480  mac 02:00:00:00:00:01",
        "saved workload web2  10.244.166.129/32  cali867e9cd9ead -> fabric0 in /run/docker/netns/2",
    ]
    assert lines_of(OF_TODAY) - lines_of(OF_FORMAT_1) == {"saved /proc/4711/ns/net  cookie 8193"}
    assert lines_of(None) == frozenset()
