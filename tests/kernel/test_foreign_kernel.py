# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not ours: named when it stands in the way, and otherwise left alone."""

from __future__ import annotations

import json
import typing as t

import pytest
from box import Box, workload

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import records

WEB1, HOST1 = workload("web1", "10.244.1.1"), "cali977588a87e1"
VETH = {"name": "veth1", "peer": {"name": "veth2"}}
Task = t.Tuple[str, t.Dict[str, t.Any]]


def workloads(*listed: t.Mapping[str, t.Any]) -> Task:
    return ("workloads", {"workloads": list(listed)})


IN_THE_WAY: t.Dict[str, t.Tuple[t.List[str], Task, t.List[str]]] = {
    "an eth0 in a foreign namespace": (
        ["netns add web1", "-n web1 link add eth0 type bridge"],
        workloads(WEB1),
        [
            f"interface eth0 in netns web1 stands in the way of workload web1  10.244.1.1/32  {HOST1} -> eth0: "
            "it is not ours; delete or rename it, or choose another name"
        ],
    ),
    "an interface with the name of the host's end": (
        [f"link add {HOST1} type bridge"],
        workloads(WEB1),
        [
            f"interface {HOST1} stands in the way of workload web1  10.244.1.1/32  {HOST1} -> eth0: "
            "it is not ours; delete or rename it, or choose another name"
        ],
    ),
    "a veth pair with the name of the host's end": (
        [f"link add {HOST1} type veth peer name other"],
        workloads(WEB1),
        [
            f"interface {HOST1} stands in the way of workload web1  10.244.1.1/32  {HOST1} -> eth0: "
            "it is not ours; delete or rename it, or choose another name"
        ],
    ),
    "a host route to the workload": (
        ["link add br0 type bridge", "link set br0 up", "route add 10.244.1.1/32 dev br0 proto static"],
        workloads(WEB1),
        [
            "route 10.244.1.1/32 dev br0 proto static scope link stands in the way: it is there and not ours; "
            "remove it, or ask for something else"
        ],
    ),
    "a default route in a foreign namespace": (
        [
            "netns add web1",
            "-n web1 link add br0 type bridge",
            "-n web1 link set br0 up",
            "-n web1 route add default dev br0",
        ],
        workloads(WEB1),
        [
            "route default dev br0 scope link in netns web1 stands in the way: it is there and not ours; "
            "remove it, or ask for something else"
        ],
    ),
    "two things at once": (
        [f"link add {HOST1} type bridge", "netns add web1", "-n web1 link add eth0 type bridge"],
        workloads(WEB1),
        [
            f"interface {HOST1} stands in the way of workload web1  10.244.1.1/32  {HOST1} -> eth0: "
            "it is not ours; delete or rename it, or choose another name",
            f"interface eth0 in netns web1 stands in the way of workload web1  10.244.1.1/32  {HOST1} -> eth0: "
            "it is not ours; delete or rename it, or choose another name",
        ],
    ),
    "a namespace to be deleted that we did not make": (
        ["netns add blue"],
        ("netns", {"names": ["blue"], "state": "absent"}),
        [
            "netns blue stands in the way: it is not ours, and what is not ours is never deleted; "
            "remove it, or ask for something else"
        ],
    ),
    "a veth pair to be deleted that we did not make": (
        ["link add veth1 type veth peer name veth2"],
        ("veth", {"veths": [{"name": "veth1"}], "state": "absent"}),
        [
            "veth veth2 -> veth1 stands in the way: it is not ours, and what is not ours is never deleted; "
            "remove it, or ask for something else"
        ],
    ),
    "a bridge to be deleted as a veth": (
        ["link add br0 type bridge"],
        ("veth", {"veths": [{"name": "br0"}], "state": "absent"}),
        ["interface br0 is not a veth and not ours, and what is not ours is never deleted"],
    ),
    "a veth pair of the same names": (
        ["link add veth1 type veth peer name veth2"],
        ("veth", {"veths": [VETH]}),
        ["veth veth2 -> veth1 stands in the way: it is there and not ours; remove it, or ask for something else"],
    ),
    "a route of another protocol to be deleted": (
        ["route add blackhole 10.9.0.0/24 proto static"],
        ("route", {"routes": [{"destination": "10.9.0.0/24"}], "state": "absent"}),
        [
            "route blackhole 10.9.0.0/24 proto static stands in the way: it is not ours, and what is not ours is never "
            "deleted; remove it, or ask for something else"
        ],
    ),
    "a route of another protocol to be replaced": (
        ["route add blackhole 10.9.0.0/24 proto static"],
        ("route", {"routes": [{"destination": "10.9.0.0/24", "type": "prohibit"}]}),
        [
            "route blackhole 10.9.0.0/24 proto static stands in the way: it is there and not ours; "
            "remove it, or ask for something else"
        ],
    ),
}


@pytest.mark.parametrize("case", IN_THE_WAY)
def test_it_is_named_and_nothing_is_changed(case: str, box: Box) -> None:
    setup, (module, options), complaint = IN_THE_WAY[case]
    for words in setup:
        box.ip(words)
    before = box.state()
    assert box.error_of(module, **options).splitlines() == complaint
    assert box.state() ^ before == set()


def test_a_namespace_of_ours_that_holds_a_foreign_interface_is_not_deleted(box: Box) -> None:
    box.workloads(WEB1)
    box.ip("-n web1 link add br0 type bridge")
    before = box.state()
    assert box.error_of("workloads", workloads=[]) == (
        "netns web1 cannot be deleted: it holds interface br0, which is not ours; move or delete that first"
    )
    assert box.state() ^ before == set()


FOREIGN = (
    "netns add blue",
    "netns add purel3",
    "-n blue link add eth0 type bridge",
    "link add br0 type bridge",
    "link set br0 up",
    "link add cali00000000000 type veth peer name eth0 netns blue2",
    "address add 10.244.1.9/32 dev br0",
    "route add 10.244.1.10/32 dev br0 scope link",
    "route add blackhole 10.244.1.0/26 proto bird",
    "route add 10.244.2.0/26 dev br0 proto bird metric 32",
    "route add default dev br0 table default metric 7",
    "-n web1 address add 192.0.2.7/24 dev eth0",
    "-n web1 route add 198.51.100.0/24 via 192.0.2.1",
    "route add 203.0.113.0/24 dev {host}",
)


def test_all_that_is_foreign_survives_a_run_and_a_purge(box: Box) -> None:
    box.ip("netns add blue2")
    web2 = workload("web2", "10.244.1.2")
    box.workloads(WEB1, web2)
    for words in FOREIGN:
        box.ip(words.format(host=HOST1))
    before = box.state()
    assert box.workloads(WEB1, web2) == ()
    assert box.state() ^ before == set()
    box.workloads(WEB1)
    lost = before - box.state()
    assert [line for line in lost if "cali867e9cd9ead" not in line and "web2" not in line] == []
    box.workloads()
    left = "\n".join(box.state())
    for words in ("mount blue", "mount purel3", "br0", "cali00000000000", "10.244.1.9", "10.244.1.10", "10.244.2.0"):
        assert words in left


HOLDERS = ("name", "path", "pid")


@pytest.mark.parametrize("form", HOLDERS)
def test_a_namespace_that_others_made_can_be_given_by(form: str, box: Box) -> None:
    with box.process_in_new_namespace() as pid:
        reference = {"name": "theirs", "path": f"/proc/{pid}/ns/net", "pid": str(pid)}[form]
        box.ip(f"netns attach theirs {pid}")
        box.ip("-n theirs link add br0 type bridge")
        box.ip("-n theirs link set br0 up")
        box.ip("-n theirs address add 192.0.2.1/24 dev br0")
        before = box.state()
        web1 = workload("web1", "10.244.1.1", netns=reference)
        box.set("ipv4/ip_forward", "1")
        assert box.workloads(web1)
        assert box.workloads(web1) == ()
        box.settle()
        assert box.ip("-n theirs route show dev eth0") == ["default via 169.254.1.1", "169.254.1.1 scope link"]
        assert box.ip("-n theirs -br link show dev lo")[0].split()[1] == "DOWN"
        box.workloads()
        box.set("ipv4/ip_forward", "0")
        assert box.state() ^ before == set()


WRONG: t.Dict[str, t.Tuple[str, str]] = {
    "a path that is no file": (
        "/run/nowhere",
        f"workload web1  10.244.1.1/32  {HOST1} -> eth0 in /run/nowhere: there is no netns /run/nowhere; "
        "start what it belongs to first",
    ),
    "a path that is no namespace": (
        "/etc/hostname",
        "netns /etc/hostname is not a network namespace; give a path such as /proc/4711/ns/net",
    ),
    "a namespace of another kind": (
        "/proc/self/ns/mnt",
        "netns /proc/self/ns/mnt is not a network namespace; give a path such as /proc/4711/ns/net",
    ),
    "the node's own": (
        "/proc/self/ns/net",
        "netns /proc/self/ns/net is the same as this host's own namespace; name each namespace once",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_namespace(case: str, box: Box) -> None:
    reference, complaint = WRONG[case]
    before = box.state()
    assert box.error_of("workloads", workloads=[workload("web1", "10.244.1.1", netns=reference)]) == complaint
    assert box.state() ^ before == set()


def test_two_names_of_one_namespace_are_refused(box: Box) -> None:
    box.ip("netns add blue")
    listed = [
        workload("web1", "10.244.1.1", netns="blue"),
        workload("web2", "10.244.1.2", netns="/run/netns/blue", interface_name="eth1"),
    ]
    assert box.error_of("workloads", workloads=listed) == (
        "netns blue is the same as netns /run/netns/blue; name each namespace once"
    )


def test_a_pair_whose_other_end_is_in_a_namespace_that_ends_is_taken_for_no_other(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel tells no id of a namespace that ends, and the numbers of interfaces may meet by chance."""
    box.turn_ipv6_off()
    web2 = workload("web2", "10.244.1.2", netns="theirs")
    for name in ("theirs", "others"):
        box.add_namespace_of_others(name)
    box.workloads(WEB1)
    (host,) = json.loads("".join(box.ip(f"-j link show {HOST1}")))
    box.ip(f"-n theirs link add c index 100 type veth peer name d index {host['ifindex']} netns others")
    parse = records.parse_link

    def parse_as_its_peer_ends(data: bytes, start: int, stop: int) -> records.LinkRecord:
        link = parse(data, start, stop)
        return link._replace(peer_nsid=-1) if link.name == "c" else link

    monkeypatch.setattr(records, "parse_link", parse_as_its_peer_ends)
    assert "+ workload web2" in [line.partition("  ")[0] for line in box.workloads(WEB1, web2)]
    assert box.workloads(WEB1, web2) == ()
