# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules on single objects in the real kernel: what `ip` says then, and a second run that sends nothing."""

from __future__ import annotations

import subprocess
import typing as t

import pytest
from box import Box, workload

Options = t.Dict[str, t.Any]
Said = t.Dict[str, t.List[str]]

PAIR = {
    "name": "veth1",
    "addresses": ["1.1.1.1/24"],
    "peer": {"name": "veth2", "namespace": "blue", "addresses": ["1.1.1.2/24", "1.1.2.2/32"]},
}
ROUTES = [
    {"destination": "10.1.0.0/24", "device": "veth1"},
    {"destination": "10.2.0.0/24", "device": "veth1", "gateway": "1.1.1.2"},
    {"destination": "10.3.0.0/24", "device": "veth1", "gateway": "192.0.2.9", "onlink": True},
    {"destination": "10.4.0.0/24", "type": "blackhole"},
    {"destination": "10.5.0.0/24", "type": "unreachable", "metric": 32},
    {"destination": "10.6.0.0/24", "type": "prohibit", "protocol": "static"},
    {"destination": "10.7.0.0/24", "device": "veth1", "table": "100"},
    {"destination": "10.8.0.0/24", "type": "blackhole", "table": "70000"},
    {"destination": "10.9.0.1", "device": "veth1", "scope": "global", "protocol": "bird"},
    {"destination": "default", "device": "veth1", "gateway": "1.1.1.2", "metric": 4294967295},
]

CASES: t.Dict[str, t.Tuple[str, Options, Said]] = {
    "a namespace": (
        "netns",
        {"names": ["green"]},
        {"-n green -br link show up": ["lo"]},
    ),
    "a pair between the node and a namespace": (
        "veth",
        {"veths": [{**PAIR, "name": "veth3", "peer": {**PAIR["peer"], "name": "veth4"}}]},
        {
            "-4 -br address show dev veth3": ["veth3@if101 UP 1.1.1.1/24"],
            "-n blue -4 -br address show dev veth4": ["veth4@if101 UP 1.1.1.2/24 1.1.2.2/32"],
        },
    ),
    "a pair within one namespace": (
        "veth",
        {"veths": [{"name": "a", "namespace": "blue", "peer": {"name": "b", "namespace": "blue"}}]},
        {"-n blue -br link show up type veth": ["a@b", "b@a", "veth2@if100"]},
    ),
    "a pair on the node": (
        "veth",
        {"veths": [{"name": "a", "peer": {"name": "b"}}]},
        {"-br link show up type veth": ["a@b", "b@a", "veth1@if100"]},
    ),
    "a pair between two namespaces": (
        "veth",
        {"veths": [{"name": "a", "namespace": "blue", "peer": {"name": "a", "namespace": "red"}}]},
        {"-n red -br link show up type veth": ["a@if101"], "-n blue -br link show up dev a": ["a@if100"]},
    ),
    "a pair with MAC addresses and MTU, down": (
        "veth",
        {
            "veths": [
                {
                    "name": "a",
                    "mac": "02:00:00:00:00:01",
                    "mtu": 1400,
                    "is_up": False,
                    "peer": {"name": "b", "mac": "02-00-00-00-00-0B"},
                }
            ]
        },
        {
            "-br link show dev a": ["a@b DOWN 02:00:00:00:00:01 <BROADCAST,MULTICAST,M-DOWN>"],
            "-br link show dev b": ["b@a DOWN 02:00:00:00:00:0b <BROADCAST,MULTICAST,M-DOWN>"],
        },
    ),
    "routes of every kind": (
        "route",
        {"routes": ROUTES},
        {
            "route": [
                "default via 1.1.1.2 dev veth1 proto 112 metric 4294967295",
                "1.1.1.0/24 dev veth1 proto kernel scope link src 1.1.1.1",
                "10.1.0.0/24 dev veth1 proto 112 scope link",
                "10.2.0.0/24 via 1.1.1.2 dev veth1 proto 112",
                "10.3.0.0/24 via 192.0.2.9 dev veth1 proto 112 onlink",
                "blackhole 10.4.0.0/24 proto 112",
                "unreachable 10.5.0.0/24 proto 112 metric 32",
                "prohibit 10.6.0.0/24 proto static",
                "10.9.0.1 dev veth1 proto bird",
            ],
            "route show table 100": ["10.7.0.0/24 dev veth1 proto 112 scope link"],
            "route show table 70000": ["blackhole 10.8.0.0/24 proto 112"],
        },
    ),
    "a route in a namespace": (
        "route",
        {"namespace": "blue", "routes": [{"destination": "default", "gateway": "1.1.1.1", "device": "veth2"}]},
        {"-n blue route show default": ["default via 1.1.1.1 dev veth2 proto 112"]},
    ),
    "a route through a gateway that another route of the same task leads to": (
        "route",
        {
            "routes": [
                {"destination": "10.0.0.0/8", "gateway": "192.0.2.1", "device": "veth1"},
                {"destination": "192.0.2.1", "device": "veth1"},
            ]
        },
        {"route show 10.0.0.0/8": ["10.0.0.0/8 via 192.0.2.1 dev veth1 proto 112"]},
    ),
    "proxy ARP": (
        "proxy_arp",
        {"interfaces": ["veth1"]},
        {},
    ),
    "proxy ARP in a namespace, with a delay": (
        "proxy_arp",
        {"interfaces": ["veth2"], "delay": 20, "namespace": "blue"},
        {},
    ),
}


def prepare(box: Box) -> None:
    box.turn_ipv6_off()
    for name in ("blue", "red"):
        box.run("netns", names=[name])
        with box.inside(name):
            box.turn_ipv6_off()
    box.run("veth", veths=[PAIR])


def without_columns(line: str) -> str:
    return " ".join(line.split())


@pytest.mark.parametrize("case", CASES)
def test_once_and_then_never_again(case: str, box: Box) -> None:
    module, options, said = CASES[case]
    prepare(box)
    assert box.run(module, **options)
    with box.monitored(*box.names()) as heard:
        assert box.run(module, **options) == ()
    assert heard == []
    for words, lines in said.items():
        found = [without_columns(line) for line in box.ip(words)]
        if " show up" in words:
            found = sorted(line.split()[0] for line in found)
        assert found == lines, words


def test_proxy_arp_is_switched_on_and_off(box: Box) -> None:
    prepare(box)
    box.run("proxy_arp", interfaces=["veth1"])
    assert (box.setting("ipv4/conf/veth1/proxy_arp"), box.setting("ipv4/neigh/veth1/proxy_delay")) == ("1", "0")
    assert box.run("proxy_arp", interfaces=["veth1"], state="absent") == (
        "~ sysctl net.ipv4.conf.veth1.proxy_arp = 1 => sysctl net.ipv4.conf.veth1.proxy_arp = 0",
    )
    assert (box.setting("ipv4/conf/veth1/proxy_arp"), box.setting("ipv4/neigh/veth1/proxy_delay")) == ("0", "0")


def test_what_was_made_goes_again(box: Box) -> None:
    box.turn_ipv6_off()
    before = box.state()
    prepare(box)
    made = box.state()
    box.run("route", routes=ROUTES)
    only_keys = [{key: route[key] for key in route if key not in ("gateway", "device", "type")} for route in ROUTES]
    assert len(box.run("route", routes=only_keys, state="absent")) == len(ROUTES)
    assert box.state() ^ made == set()
    assert box.run("veth", veths=[{"name": "veth2", "namespace": "blue"}], state="absent") == (
        "- veth veth1 -> veth2 in netns blue",
    )
    assert box.run("netns", names=["blue", "red", "green"], state="absent") == ("- netns blue", "- netns red")
    assert box.state() ^ before == set()


def test_a_namespace_that_others_made_is_left_as_it_is(box: Box) -> None:
    box.ip("netns add theirs")
    before = box.state()
    assert box.run("netns", names=["theirs"]) == ()
    assert box.state() ^ before == set()


def test_a_namespace_with_a_foreign_interface_is_not_deleted(box: Box) -> None:
    prepare(box)
    box.ip("-n blue link add br0 type bridge")
    before = box.state()
    assert box.error_of("netns", names=["blue"], state="absent") == (
        "netns blue cannot be deleted: it holds interface br0, which is not ours; move or delete that first"
    )
    assert box.state() ^ before == set()


def test_a_route_is_replaced_without_a_gap(box: Box) -> None:
    prepare(box)
    box.run("route", routes=[{"destination": "10.1.0.0/24", "type": "blackhole"}])
    with box.monitored() as heard:
        assert box.run("route", routes=[{"destination": "10.1.0.0/24", "device": "veth1"}]) == (
            "~ route blackhole 10.1.0.0/24 proto 112 => route 10.1.0.0/24 dev veth1 proto 112 scope link",
        )
    assert heard == ["[ROUTE]10.1.0.0/24 dev veth1 proto 112 scope link"]


VETH_CHANGES: t.Dict[str, Options] = {
    "another address": {"addresses": ["1.1.9.1/24"]},
    "another address in the same subnet": {"addresses": ["1.1.1.9/24"]},
    "an address more": {"addresses": ["1.1.1.1/24", "1.1.1.9/24"]},
    "no address": {"addresses": []},
    "another MAC": {"mac": "02:00:00:00:00:07"},
    "another MTU": {"mtu": 1400},
    "down": {"is_up": False},
    "another peer": {"peer": {**PAIR["peer"], "name": "veth7"}},
    "a peer in another namespace": {"peer": {**PAIR["peer"], "namespace": "red"}},
}


@pytest.mark.parametrize("case", VETH_CHANGES)
def test_a_changed_pair(case: str, box: Box) -> None:
    prepare(box)
    changed = {**PAIR, **VETH_CHANGES[case]}
    assert box.run("veth", veths=[changed])
    assert box.run("veth", veths=[changed]) == ()
    after = box.state(has_drawn_macs=False)
    box.run("veth", veths=[{"name": "veth1"}], state="absent")
    box.run("veth", veths=[changed])
    assert box.state(has_drawn_macs=False) ^ after == set()


def test_addresses_that_others_added_stay(box: Box) -> None:
    prepare(box)
    box.ip("address add 192.0.2.1/24 dev veth1")
    box.run("veth", veths=[{**PAIR, "addresses": []}])
    assert without_columns(box.ip("-4 -br address show dev veth1")[0]) == "veth1@if100 UP 192.0.2.1/24"


def test_the_info_modules(box: Box) -> None:
    prepare(box)
    box.workloads(workload("web1", "10.244.1.1"))
    box.ip("netns add theirs")
    assert box.info("netns_info")["namespaces"] == [
        {"name": "blue", "owner": "objects", "interfaces": ["lo", "veth2"]},
        {"name": "red", "owner": "objects", "interfaces": ["lo"]},
        {"name": "theirs", "owner": "", "interfaces": ["lo"]},
        {"name": "web1", "owner": "workloads", "interfaces": ["eth0", "lo"]},
    ]
    (pair,) = box.info("veth_info", namespace="blue")["veths"]
    assert (pair["owner"], pair["outer"]["name"], pair["inner"]["addresses"]) == (
        "objects",
        "veth1",
        ["1.1.1.2/24", "1.1.2.2/32"],
    )
    routes = box.info("route_info")["routes"]
    assert [(route["destination"], route["device"], route["owner"]) for route in routes] == [
        ("1.1.1.0/24", "veth1", ""),
        ("10.244.1.1/32", "cali977588a87e1", "workloads"),
    ]
    ours = [route for route in box.info("route_info", table="local")["routes"] if route["owner"]]
    assert [(route["destination"], route["owner"]) for route in ours] == [("169.254.1.1/32", "workloads")]


# What somebody did to the loopback of a namespace, and how that is told.
DRIFT: t.Dict[str, t.Tuple[t.Sequence[str], str]] = {
    "it is down": (["down"], "lo down"),
    "it lost its alias": (["alias", ""], "lo without our alias"),
    "it lost its group": (["group", "0"], "lo without our group"),
}


@pytest.mark.parametrize("case", DRIFT)
@pytest.mark.parametrize(
    "task", [("netns", {"names": ["a"]}), ("workloads", {"workloads": [workload("a", "10.0.0.1")]})]
)
def test_what_drifts_in_a_namespace_is_told_and_repaired(
    case: str, task: t.Tuple[str, t.Dict[str, t.Any]], box: Box
) -> None:
    settings, words = DRIFT[case]
    empty = {"netns": {"names": ["a"], "state": "absent"}, "workloads": {"workloads": []}}[task[0]]
    box.run(task[0], **task[1])
    box.settle()
    before = box.state()
    subprocess.run(["ip", "-n", "a", "link", "set", "lo", *settings], check=True)
    assert box.run(task[0], **task[1]) == (f"~ netns a  {words} => netns a",)
    assert box.state() ^ before == set()
    assert box.run(task[0], **task[1]) == ()
    subprocess.run(["ip", "-n", "a", "link", "set", "lo", *settings], check=True)
    box.run(task[0], **empty)
    assert box.names() == []


def test_the_loopback_of_a_namespace_of_others_is_theirs(box: Box) -> None:
    box.ip("netns add a")
    box.workloads(workload("a", "10.0.0.1"))
    box.ip("-n a link set lo down")
    assert box.workloads(workload("a", "10.0.0.1")) == ()
