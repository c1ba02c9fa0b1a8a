# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever changed, in the request or behind our back: one run makes it as if it had been made anew."""

from __future__ import annotations

import typing as t

import pytest
from box import Box, workload

WEB1, HOST1 = workload("web1", "10.244.1.1"), "cali977588a87e1"
WEB2 = workload("web2", "10.244.1.2")
Options = t.Dict[str, t.Any]


def only(*workloads: t.Mapping[str, t.Any], **options: t.Any) -> Options:
    return {"workloads": list(workloads), **options}


CHANGES: t.Dict[str, t.Tuple[Options, Options]] = {
    "another address": (only(WEB1, WEB2), only(workload("web1", "10.244.1.9"), WEB2)),
    "two exchange their addresses": (
        only(WEB1, WEB2),
        only(workload("web1", "10.244.1.2"), workload("web2", "10.244.1.1")),
    ),
    "another interface name": (only(WEB1, WEB2), only(workload("web1", "10.244.1.1", interface_name="net0"), WEB2)),
    "another namespace": (only(WEB1, WEB2), only(workload("web1", "10.244.1.1", netns="other"), WEB2)),
    "two exchange their namespaces": (
        only(WEB1, WEB2),
        only(workload("web1", "10.244.1.1", netns="web2"), workload("web2", "10.244.1.2", netns="web1")),
    ),
    "one takes over the namespace of one that goes": (
        only(WEB1, WEB2),
        only(workload("web2", "10.244.1.2", netns="web1")),
    ),
    "one takes over the address of one that goes": (only(WEB1, WEB2), only(workload("web2", "10.244.1.1"))),
    "one takes over namespace and address of one that goes": (
        only(WEB1, WEB2),
        only(workload("web2", "10.244.1.1", netns="web1")),
    ),
    "one is renamed, and keeps address and namespace": (
        only(WEB1),
        only(workload("shop1", "10.244.1.1", netns="web1")),
    ),
    "one is renamed, and its namespace with it": (only(WEB1), only(workload("shop1", "10.244.1.1"))),
    "a smaller MTU": (only(WEB1, WEB2), only(WEB1, WEB2, mtu=1400)),
    "one has a smaller MTU of its own": (only(WEB1, WEB2), only({**WEB1, "mtu": 1480}, WEB2)),
    "one has a larger MTU than all others": (only({**WEB1, "mtu": 1480}, WEB2), only({**WEB1, "mtu": 9000}, WEB2)),
    "one gets a MAC address of its own": (only(WEB1, WEB2), only({**WEB1, "mac": "02:00:00:00:00:01"}, WEB2)),
    "one gets another MAC address": (
        only({**WEB1, "mac": "02:00:00:00:00:01"}, WEB2),
        only({**WEB1, "mac": "02-00-00-00-00-0A"}, WEB2),
    ),
    "everything at once": (
        only(WEB1, WEB2, workload("web3", "10.244.1.3"), mtu=1400),
        only(
            workload("web1", "10.244.1.3", netns="web2", interface_name="net0"),
            workload("web3", "10.244.1.2"),
            workload("web4", "10.244.1.4"),
            mtu=1450,
        ),
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_changed_request(case: str, box: Box) -> None:
    old, new = CHANGES[case]
    box.run("workloads", **old)
    assert box.run("workloads", **new)
    with box.monitored(*box.names()) as said:
        assert box.run("workloads", **new) == ()
    assert said == []
    changed = box.state(has_drawn_macs=False)
    box.workloads()
    box.run("workloads", **new)
    assert changed ^ box.state(has_drawn_macs=False) == set()


TAMPERING: t.Dict[str, t.List[str]] = {
    "the host's end is down": [f"link set {HOST1} down"],
    "the host's end has another MAC": [f"link set {HOST1} address 02:00:00:00:00:07"],
    "the host's end has another alias": [f"link set {HOST1} alias mine"],
    "the host's end has another name": [f"link set {HOST1} down", f"link set {HOST1} name web1", "link set web1 up"],
    "the host's end makes link-local addresses": [f"link set {HOST1} addrgenmode eui64"],
    "the host route is gone": ["route delete 10.244.1.1"],
    "the host route has another protocol": [f"route replace 10.244.1.1 dev {HOST1} proto static scope link"],
    "the route to 169.254.1.1 is gone": ["route delete 169.254.1.1 table local"],
    "the inner end is down": ["-n web1 link set eth0 down"],
    "the inner end has another alias": ["-n web1 link set eth0 alias mine"],
    "the inner end has another name": ["-n web1 link set eth0 down", "-n web1 link set eth0 name eth7"],
    "the address is gone, and the routes with it": ["-n web1 address flush dev eth0"],
    "the default route is gone": ["-n web1 route delete default"],
    "the default route has another protocol": ["-n web1 route replace default via 169.254.1.1 proto static"],
    "the veth pair is gone": [f"link delete {HOST1}"],
    "the namespace is gone": ["netns delete web1"],
}


@pytest.mark.parametrize("case", TAMPERING)
def test_tampering(case: str, box: Box) -> None:
    box.workloads(WEB1, WEB2)
    before = box.state(has_drawn_macs=False)
    for words in TAMPERING[case]:
        box.ip(words)
    assert box.state(has_drawn_macs=False) != before
    assert box.workloads(WEB1, WEB2)
    assert box.state(has_drawn_macs=False) ^ before == set()
    assert box.workloads(WEB1, WEB2) == ()


SETTINGS = {
    "proxy ARP is off": (f"ipv4/conf/{HOST1}/proxy_arp", "0"),
    "proxy ARP waits": (f"ipv4/neigh/{HOST1}/proxy_delay", "80"),
    "forwarding is off": ("ipv4/ip_forward", "0"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_changed_settings(case: str, box: Box) -> None:
    box.workloads(WEB1, WEB2)
    before = box.state()
    path, value = SETTINGS[case]
    box.set(path, value)
    assert len(box.workloads(WEB1, WEB2)) == 1
    assert box.state() ^ before == set()


def test_a_pair_that_lost_our_group_is_foreign_and_named(box: Box) -> None:
    box.workloads(WEB1)
    box.ip(f"link set {HOST1} group default")
    before = box.state()
    assert box.error_of("workloads", workloads=[WEB1]) == (
        f"workload web1  10.244.1.1/32  {HOST1} -> eth0 stands in the way: it is there and not ours; "
        "remove it, or ask for something else"
    )
    assert box.state() ^ before == set()
