# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads in the real kernel: what `ip` says of them, and that a second run says and does nothing."""

from __future__ import annotations

import subprocess
import time

from box import Box, workload
from pyroute2 import IPRoute

WEB1, HOST1 = workload("web1", "10.244.166.128"), "cali977588a87e1"
WEB2, HOST2 = workload("web2", "10.244.166.129"), "cali867e9cd9ead"
COMING = (
    "+ route 169.254.1.1/32 dev lo table local proto 112 scope link",
    "+ source guard for 2 sources",
    "~ sysctl net.ipv4.ip_forward = 0 => sysctl net.ipv4.ip_forward = 1",
    f"+ workload web1  10.244.166.128/32  {HOST1} -> eth0",
    f"+ workload web2  10.244.166.129/32  {HOST2} -> eth0",
)


def test_it_says_what_it_does(box: Box) -> None:
    assert box.plan("workloads", workloads=[WEB1, WEB2]).operations == COMING
    assert box.workloads(WEB1, WEB2) == COMING


def test_planning_writes_nothing(box: Box) -> None:
    before = box.state()
    with box.monitored() as said:
        box.plan("workloads", workloads=[WEB1, WEB2])
    assert said == []
    assert box.state() ^ before == set()


def test_inside_a_workload_ip_prints_exactly_this(box: Box) -> None:
    box.workloads(WEB1)
    box.settle()
    assert box.ip("-n web1 route") == ["default via 169.254.1.1 dev eth0", "169.254.1.1 dev eth0 scope link"]
    assert [line.split()[2:] for line in box.ip("-n web1 -br -4 address show dev eth0")] == [["10.244.166.128/32"]]
    assert box.ip("-n web1 -6 address show dev eth0") == []
    assert box.ip("-n web1 -br link show dev lo")[0].split()[1] == "UNKNOWN"


def test_on_the_node_ip_prints_exactly_this(box: Box) -> None:
    box.workloads(WEB1, WEB2)
    box.settle()
    assert box.ip("route") == [f"10.244.166.128 dev {HOST1} scope link", f"10.244.166.129 dev {HOST2} scope link"]
    assert "169.254.1.1 dev lo proto 112 scope link" in box.ip("route show table local")
    assert box.ip(f"address show dev {HOST1}")[1:] == [
        "    link/ether ee:ee:ee:ee:ee:ee brd ff:ff:ff:ff:ff:ff link-netns web1"
    ]
    assert box.setting(f"ipv4/conf/{HOST1}/proxy_arp") == "1"
    assert box.setting(f"ipv4/neigh/{HOST1}/proxy_delay") == "0"
    assert box.setting("ipv4/ip_forward") == "1"


def test_the_route_to_the_gateway_moves_from_where_it_stood_once(box: Box) -> None:
    box.workloads(WEB1)
    box.ip("route del 169.254.1.1 table local")
    box.ip("route add 169.254.1.1 dev lo table default proto 112 scope link")
    assert box.workloads(WEB1) == (
        "- route 169.254.1.1/32 dev lo table default proto 112 scope link",
        "+ route 169.254.1.1/32 dev lo table local proto 112 scope link",
    )
    assert box.ip("route show table default") == []


def test_pyroute2_sees_the_same(box: Box) -> None:
    box.workloads(WEB1)
    with IPRoute() as ipr:
        (link,) = [link for link in ipr.get_links() if link.get_attr("IFLA_IFNAME") == HOST1]
        assert link.get_attr("IFLA_ADDRESS") == "ee:ee:ee:ee:ee:ee"
        assert link.get_attr("IFLA_GROUP") == 28723
        assert link["flags"] & 1
        assert [address for address in ipr.get_addr() if address["index"] == link["index"]] == []
        (route,) = ipr.get_routes(family=2, table=254)
        assert route.get_attr("RTA_DST") == "10.244.166.128"
        assert route.get_attr("RTA_OIF") == link["index"]
        assert (route["dst_len"], route["scope"], route["proto"], route["type"]) == (32, 253, 3, 1)


def test_a_second_run_sends_nothing(box: Box) -> None:
    box.workloads(WEB1, WEB2)
    with box.monitored("web1", "web2") as said:
        assert box.workloads(WEB1, WEB2) == ()
    assert said == []


def test_the_monitor_of_that_test_would_have_heard_it(box: Box) -> None:
    box.workloads(WEB1)
    with box.monitored("web1") as said:
        box.ip("-n web1 link set eth0 alias changed")
        box.set(f"ipv4/conf/{HOST1}/proxy_arp", "0")
        assert len(box.workloads(WEB1)) == 2
    assert [line for line in said if "eth0" in line]
    assert [line for line in said if "proxy_neigh on" in line]


def test_one_that_is_no_longer_listed_goes_and_the_others_stay_untouched(box: Box) -> None:
    box.workloads(WEB1, WEB2)
    with box.monitored("web1") as said:
        assert box.workloads(WEB1) == (
            f"~ source guard for 2 sources  {HOST2} . 10.244.166.129 => source guard for 1 source",
            f"- workload web2  10.244.166.129/32  {HOST2} -> eth0",
        )
    assert box.names() == ["web1"]
    assert [line for line in said if HOST1 in line or "eth0" in line.replace("eth0@", "")] == []
    assert box.workloads(WEB1) == ()


def test_an_empty_list_leaves_the_node_as_it_was_found(box: Box) -> None:
    box.set("ipv4/ip_forward", "1")
    before = box.state()
    box.workloads(WEB1, WEB2)
    box.workloads()
    assert box.state() ^ before == set()
    assert box.workloads() == ()


def test_a_placeholder_that_an_interrupted_run_left_is_used(box: Box) -> None:
    box.workloads(WEB1)
    box.workloads()
    with open("/run/netns/web1", "w"):
        pass
    box.workloads(WEB1)
    box.settle()
    assert box.ip("-n web1 route")[0] == "default via 169.254.1.1 dev eth0"


def leave_a_placeholder(box: Box) -> None:
    """As a run does that is killed in the middle of a deletion."""
    box.workloads(WEB1)
    box.ip(f"link delete {HOST1}")
    subprocess.run(["umount", "/run/netns/web1"], check=True)
    assert box.names() == ["web1"]


def test_a_placeholder_of_ours_is_used_again(box: Box) -> None:
    leave_a_placeholder(box)
    assert box.workloads(WEB1) == (f"+ workload web1  10.244.166.128/32  {HOST1} -> eth0",)


def test_a_placeholder_of_ours_goes_with_the_next_run(box: Box) -> None:
    leave_a_placeholder(box)
    assert "- netns web1" in box.workloads()
    assert box.names() == []


def test_a_placeholder_that_others_left_stays(box: Box) -> None:
    box.workloads(WEB1)
    with open("/run/netns/web2", "w"):
        pass
    box.workloads()
    assert box.names() == ["web2"]


def test_a_mac_address_is_that_of_the_end_inside_and_stays_when_it_is_no_longer_given(box: Box) -> None:
    wanted = workload("web1", "10.244.166.128", mac="02-00-00-00-00-0A")
    box.workloads(wanted)
    assert box.mac("web1", "eth0") == "02:00:00:00:00:0a"
    assert box.workloads(wanted) == ()
    assert box.workloads(workload("web1", "10.244.166.128")) == ()
    changed = box.workloads(workload("web1", "10.244.166.128", mac="02:00:00:00:00:0b"))
    assert changed == (f"~ workload web1  10.244.166.128/32  {HOST1} -> eth0  eth0 mac 02:00:00:00:00:0b",)
    assert box.mac("web1", "eth0") == "02:00:00:00:00:0b"
    # Its packets are still answered by the host's end.
    subprocess.run(["ip", "netns", "exec", "web1", "ping", "-c1", "-W5", "169.254.1.1"], check=False)
    assert "lladdr ee:ee:ee:ee:ee:ee" in "".join(box.ip("-n web1 neigh show 169.254.1.1"))


def test_there_is_an_info_module(box: Box) -> None:
    web2 = workload("web2", "10.244.166.129", netns="other", interface_name="fabric0", mac="02:00:00:00:00:02")
    box.workloads(WEB1, {**web2, "mtu": 1400})
    found = box.info("workloads_info")["workloads"]
    assert found == [
        {
            "name": "web1",
            "addresses": ["10.244.166.128"],
            "netns": "web1",
            "interface_name": "eth0",
            "host_interface_name": HOST1,
            "mac": box.mac("web1", "eth0"),
            "mtu": 1500,
            "is_up": True,
        },
        {
            "name": "web2",
            "addresses": ["10.244.166.129"],
            "netns": "other",
            "interface_name": "fabric0",
            "host_interface_name": HOST2,
            "mac": "02:00:00:00:00:02",
            "mtu": 1400,
            "is_up": True,
        },
    ]


def test_a_thousand_workloads_come_and_go(box: Box) -> None:
    before = box.state()
    many = [workload(f"web{n}", f"10.244.{n // 250}.{n % 250 + 1}") for n in range(1000)]
    assert len(box.workloads(*many)) == 1003
    assert box.workloads(*many) == ()
    answering = [device for device in box.devices() if box.setting(f"ipv4/conf/{device}/proxy_arp") == "1"]
    assert len(answering) == 1000
    assert all(device.startswith("cali") for device in answering)
    for name in ("web0", "web500", "web999"):
        # The kernel takes up to a second until it has noticed that a thousand links have a carrier.
        deadline = time.monotonic() + 120
        while "linkdown" in "".join(box.ip(f"-n {name} route")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert box.ip(f"-n {name} route") == ["default via 169.254.1.1 dev eth0", "169.254.1.1 dev eth0 scope link"]
    inside = set()
    for number in range(0, 1000, 50):
        with box.inside(f"web{number}"):
            inside |= {box.setting(f"ipv4/conf/{device}/proxy_arp") for device in box.devices()}
    assert inside == {"0"}
    box.workloads()
    box.set("ipv4/ip_forward", "0")
    assert box.state() ^ before == set()
