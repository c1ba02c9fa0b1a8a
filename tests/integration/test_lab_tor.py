# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric and a router that runs FRR: what each learns from the other, and by which means they trust each other."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
import typing as t

import pytest
from fabric_lab import FabricLab, Outcome
from steady_traffic import steady_traffic

ROUTER = "tor1"
ADDRESS = "192.168.70.1"
PASSWORD = "lab-of-tor1"
AGGREGATE = "10.244.0.0/16"
BLOCKS = {"10.244.1.0/26": "192.168.70.11", "10.244.2.0/26": "192.168.70.12", "10.244.3.0/26": "192.168.70.13"}
OWN = {"0.0.0.0/0", "198.51.100.0/24"}
# An address beyond the router, which nobody announces: the default route leads there.
BEYOND = "203.0.113.7"
SECONDS = 300

Routes = t.Dict[str, t.Set[str]]


class Story(t.NamedTuple):
    """A lab that has been built, and what was said on the way."""

    lab: FabricLab
    checked: Outcome
    first: Outcome


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Story]:
    lab = FabricLab("lab_tor", tmp_path_factory.mktemp("inventories"))
    try:
        lab.play("purel3.fabric.lab_up")
        yield Story(lab, lab.play("site.yml", "--check", "--diff"), lab.play("site.yml", "--diff"))
    finally:
        lab.play("purel3.fabric.lab_down")


@pytest.fixture
def lab(story: Story) -> FabricLab:
    return story.lab


def vtysh(lab: FabricLab, *commands: str) -> str:
    """Give FRR commands, and return what it printed."""
    words = [word for command in commands for word in ("-c", command)]
    done = subprocess.run(lab.words(ROUTER, "", "vtysh", *words), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sessions(lab: FabricLab) -> t.Dict[str, t.Dict[str, t.Any]]:
    """FRR's sessions by the address of the peer."""
    peers: t.Dict[str, t.Dict[str, t.Any]] = json.loads(vtysh(lab, "show bgp summary json"))["ipv4Unicast"]["peers"]
    return peers


def states(lab: FabricLab) -> t.Set[str]:
    return {peer["state"] for peer in sessions(lab).values()}


def learnt(lab: FabricLab) -> Routes:
    """What FRR learnt: the addresses of the peers that announce each prefix."""
    table = json.loads(vtysh(lab, "show bgp ipv4 unicast json"))["routes"]
    peers = {prefix: {path["peerId"] for path in paths if path["path"]} for prefix, paths in table.items()}
    return {prefix: peers[prefix] for prefix in peers if peers[prefix]}


def eventually(look: t.Callable[[], t.Any], expected: t.Any) -> None:
    """Wait until something is as expected."""
    deadline = time.monotonic() + SECONDS
    while look() != expected:
        assert time.monotonic() < deadline, look()
        time.sleep(0.5)


@contextlib.contextmanager
def edited(lab: FabricLab, old: str, new: str) -> t.Iterator[None]:
    """Run a block with another fabric file."""
    (path,) = lab.inventory.glob("*.fabric.yml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    try:
        yield
    finally:
        path.write_text(text)


def restart_sessions(lab: FabricLab) -> None:
    """Have the nodes notice at once, not after their hold time, that the router has begun anew."""
    for node in lab.nodes:
        lab.run(node, "birdc restart peer_192_168_70_1")


def come_back(lab: FabricLab) -> None:
    """Wait until the sessions that nodes have begun anew are there, and stay."""
    # With each, BIRD begins anew with BFD as well. The router may hear that only when the session is up again, and then
    # ends it once more; when BFD is up, that is over. And the nodes know first that the old sessions are.
    eventually(lambda: {is_watched(lab, node) for node in lab.nodes}, {True})
    eventually(lambda: {is_established(lab, node) for node in lab.nodes}, {True})
    eventually(lambda: states(lab), {"Established"})


def is_established(lab: FabricLab, node: str) -> bool:
    """Whether a node has its session with the router."""
    return "Established" in lab.run(node, "birdc show protocols peer_192_168_70_1")


def routes_of_bgp(lab: FabricLab, node: str) -> Routes:
    """What a node's kernel has from BGP: the gateways of each prefix."""
    return {
        route["dst"]: {route["gateway"]}
        for route in lab.data(node, "ip -j route show proto bird")
        if "gateway" in route
    }


def refused_by(lab: FabricLab, node: str) -> t.List[str]:
    """What the router announces and a node does not take."""
    shown = lab.run(node, "birdc show route filtered")
    return re.findall(r"^(\d[\d./]+) .*peer_192_168_70_1 ", shown, re.MULTILINE)


def shown_bfd(lab: FabricLab, node: str) -> str:
    return lab.run(node, "birdc show bfd sessions")


def is_watched(lab: FabricLab, node: str) -> bool:
    """Whether a node's BFD sees the router."""
    return re.search(rf"^{ADDRESS} .* Up ", shown_bfd(lab, node), re.MULTILINE) is not None


def test_check_mode_prints_the_very_plan_that_the_next_run_carries_out_and_proves(story: Story) -> None:
    plan = story.checked.plan()
    assert all(len(plan[node]) > 10 for node in story.lab.nodes)
    assert plan == story.first.plan()
    assert story.first.closing_line == "fabric conforms: 3 nodes, 9 sessions, 30/30 pairs"
    story.lab.require_golden_routes("lab_tor")


def test_every_session_is_established(lab: FabricLab) -> None:
    eventually(lambda: states(lab), {"Established"})
    assert {peer["desc"] for peer in sessions(lab).values()} == set(lab.nodes)


def test_the_router_learns_exactly_the_aggregate_from_every_node(lab: FabricLab) -> None:
    eventually(lambda: learnt(lab), {AGGREGATE: set(BLOCKS.values())})


def test_the_fabric_learns_the_default_route_and_nothing_else_that_the_router_announces(lab: FabricLab) -> None:
    offered = set(json.loads(vtysh(lab, "show bgp ipv4 unicast json"))["routes"])
    assert offered >= OWN
    for node in lab.nodes:
        own = lab.variables[node]["bird_address"]
        others = {block: {address} for block, address in BLOCKS.items() if address != own}
        eventually(lambda node=node: routes_of_bgp(lab, node), {"default": {ADDRESS}, **others})  # type: ignore[misc]
        eventually(lambda node=node: refused_by(lab, node), ["198.51.100.0/24"])  # type: ignore[misc]


def test_no_node_passes_on_what_the_router_announces(lab: FabricLab) -> None:
    for node in lab.nodes:
        shown = lab.run(node, "birdc show route all for 0.0.0.0/0")
        assert re.findall(r"\[(peer_\w+)", shown) == ["peer_192_168_70_1"]


def redirects_to(lab: FabricLab, host: str) -> int:
    """How often a host has been told by ICMP that there is a shorter way."""
    names, values = (line.split() for line in lab.lines(host, "cat /proc/net/snmp") if line.startswith("Icmp:"))
    return int(values[names.index("InRedirects")])


def test_workloads_reach_what_lies_beyond_the_router_and_are_reached_from_there(lab: FabricLab) -> None:
    lab.run(ROUTER, f"ip address add {BEYOND}/32 dev lo")
    try:
        for node in lab.nodes:
            for workload in lab.workloads(node):
                lab.reaches(node, BEYOND, workload["name"])
                lab.run(ROUTER, f"ping -c 3 -W 30 -I {BEYOND} {workload['address']}")
        # All nodes announce the same aggregate: some of these packets went to a node that passed them on.
        assert redirects_to(lab, ROUTER) == 0
    finally:
        lab.run(ROUTER, f"ip address del {BEYOND}/32 dev lo")


def test_bfd_is_up_on_both_sides(lab: FabricLab) -> None:
    def of_router() -> t.Dict[str, str]:
        return {peer["peer"]: peer["status"] for peer in json.loads(vtysh(lab, "show bfd peers json"))}

    eventually(of_router, dict.fromkeys(BLOCKS.values(), "up"))
    for node in lab.nodes:
        eventually(lambda node=node: is_watched(lab, node), True)  # type: ignore[misc]


# As an example of what users have: noticed after 0.9 s. A hold time of 90 s is over at the earliest 60 s after a cut.
WATCH = {"bird_bfd_interval": 300, "bird_bfd_multiplier": 3}
LONGEST_WITH_BFD = 30


def seconds_until(look: t.Callable[[], t.Any], expected: t.Any) -> float:
    since = time.monotonic()
    eventually(look, expected)
    return time.monotonic() - since


def test_a_link_that_is_cut_silently_is_noticed_by_both_ends_long_before_the_hold_time(lab: FabricLab) -> None:
    node = lab.nodes[0]
    address = lab.variables[node]["bird_address"]
    lab.play("site.yml", *(word for name, value in WATCH.items() for word in ("-e", f"{name}={value}")))
    try:
        eventually(
            lambda: re.findall(rf"^{ADDRESS} .* Up .* 0\.300 +(\S+)$", shown_bfd(lab, node), re.MULTILINE), ["0.900"]
        )
        # Neither end sees the cable go: there is a bridge between them.
        lab.run(ROUTER, "ip link set eth0 down")
        took = {node: seconds_until(lambda: ADDRESS in lab.run(node, "ip route show default"), False)}
        assert "BFD session down" in lab.run(node, "birdc show protocols all peer_192_168_70_1")
        lab.run(ROUTER, "ip link set eth0 up")
        come_back(lab)
        eventually(lambda: ADDRESS in lab.run(node, "ip route show default"), True)
        lab.run(node, f"ip link set {lab.interfaces(node)[0]} down")
        took[ROUTER] = seconds_until(lambda: sessions(lab)[address]["state"] == "Established", False)
        lab.run(node, f"ip link set {lab.interfaces(node)[0]} up")
        assert max(took.values()) < LONGEST_WITH_BFD, took
    finally:
        for host, interface in ((ROUTER, "eth0"), (node, lab.interfaces(node)[0])):
            lab.run(host, f"ip link set {interface} up")
        lab.play("site.yml")
    come_back(lab)


def test_a_node_drops_the_session_of_a_router_without_ttl_security(lab: FabricLab) -> None:
    address = BLOCKS["10.244.1.0/26"]
    enter = ("configure terminal", "router bgp 64900")
    # FRR then sends its packets with a TTL of 1, as if it could be anywhere.
    vtysh(lab, *enter, f"no neighbor {address} ttl-security hops 1")
    try:
        # A connection that FRR had already begun may still come through; none that it begins from now on does.
        for _attempt in range(8):
            restart_sessions(lab)
            # FRR may have to hear of it first.
            eventually(lambda: sessions(lab)[address]["state"] == "Established", False)
            if stays_down(lab, address):
                break
        else:
            pytest.fail(f"the session with {address} comes up again each time")
    finally:
        vtysh(lab, *enter, f"neighbor {address} ttl-security hops 1")
        restart_sessions(lab)
        come_back(lab)


def stays_down(lab: FabricLab, address: str) -> bool:
    """Whether the router has no session for so long that either side has made several attempts."""
    deadline = time.monotonic() + 12
    while time.monotonic() < deadline:
        if sessions(lab)[address]["state"] == "Established":
            return False
        time.sleep(0.5)
    return True


def test_the_router_learns_the_blocks_when_no_aggregate_is_asked_for(lab: FabricLab) -> None:
    since = {address: peer["peerUptimeEstablishedEpoch"] for address, peer in sessions(lab).items()}
    with edited(lab, f"    aggregates: [{AGGREGATE}]\n", ""):
        lab.play("site.yml")
        # One path each: from the owner, never from a node that only passes it on.
        eventually(lambda: learnt(lab), {block: {address} for block, address in BLOCKS.items()})
    lab.play("site.yml")
    eventually(lambda: learnt(lab), {AGGREGATE: set(BLOCKS.values())})
    # What is announced may change without a session being restarted.
    assert {
        address: pytest.approx(peer["peerUptimeEstablishedEpoch"], abs=2) for address, peer in sessions(lab).items()
    } == since


def test_a_router_that_announces_more_keeps_its_sessions_and_is_believed_as_little(lab: FabricLab) -> None:
    since = {address: peer["peerUptimeEstablishedEpoch"] for address, peer in sessions(lab).items()}
    before = {node: routes_of_bgp(lab, node) for node in lab.nodes}
    block = next(iter(BLOCKS))
    with edited(lab, "announces: [0.0.0.0/0, 198.51.100.0/24]", f"announces: [0.0.0.0/0, 192.0.2.0/24, {block}]"):
        changed = lab.play("purel3.fabric.lab_up", "--diff")
        assert f"+  network {block}" in changed.output
        for node in lab.nodes:
            eventually(lambda node=node: "192.0.2.0/24" in lab.run(node, "birdc show route filtered"), True)  # type: ignore[misc]
    assert {node: routes_of_bgp(lab, node) for node in lab.nodes} == before
    lab.play("purel3.fabric.lab_up")
    assert {
        address: pytest.approx(peer["peerUptimeEstablishedEpoch"], abs=2) for address, peer in sessions(lab).items()
    } == since


def test_a_wrong_password_keeps_the_sessions_down_and_the_status_says_why(lab: FabricLab) -> None:
    lab.play("purel3.fabric.lab_up", "-e", "tor_password=another")
    try:
        eventually(lambda: "Established" in states(lab), False)
        restart_sessions(lab)
        verified = lab.try_play("purel3.fabric.verify", "-e", "verify_timeout=30")
        assert verified.status != 0
        for node in lab.nodes:
            # FRR's own attempts are dropped for their password, which the node's kernel counts.
            told = rf"{node}: session with {ROUTER} {ADDRESS}: .*\d+ TCP segments so far came with another password"
            assert re.search(told, verified.output), verified.output
        shown = lab.play("purel3.fabric.status").output
        assert len(re.findall(rf"\| {re.escape(ADDRESS)} +\| node specific +\| start .*another password", shown)) == 3
    finally:
        lab.play("purel3.fabric.lab_up")
    come_back(lab)


def test_daemons_that_died_are_started_again(lab: FabricLab) -> None:
    # Of FRR's own, in the pid namespace of the router.
    for daemon in ("bgpd", "bfdd"):
        lab.run(ROUTER, f"pkill -KILL -x {daemon}")
    restart_sessions(lab)
    changed = lab.play("purel3.fabric.lab_up")
    assert sum(changed.changed().values()) == 1
    come_back(lab)
    eventually(lambda: learnt(lab), {AGGREGATE: set(BLOCKS.values())})
    assert sum(lab.play("purel3.fabric.lab_up").changed().values()) == 0


def test_no_password_is_printed_or_lies_open(lab: FabricLab) -> None:
    (path,) = lab.inventory.glob("group_vars/all.yml")
    text = path.read_text()
    path.write_text(text.replace(PASSWORD, "sesame-of-tor1"))
    try:
        # Sessions restart on purpose here.
        said = lab.play("purel3.fabric.lab_up", "-vvv", "--diff").output
        said += lab.play("site.yml", "-vvv", "--diff", "-e", "bird_max_session_restarts=-1").output
        come_back(lab)
    finally:
        path.write_text(text)
        lab.play("purel3.fabric.lab_up")
        lab.play("site.yml", "-e", "bird_max_session_restarts=-1")
    assert PASSWORD not in said
    assert "sesame-of-tor1" not in said
    for node in lab.nodes:
        holding = lab.run(node, f"grep -rlF --exclude-dir=netns {PASSWORD} /etc /run").split()
        assert holding == ["/etc/bird/fabric_passwords.conf"]
        assert lab.run(node, "stat -c %a /etc/bird/fabric_passwords.conf") == "640\n"
    holding = lab.run(ROUTER, f"grep -rlF --exclude-dir=netns {PASSWORD} /etc /run").split()
    assert holding == ["/etc/frr/frr.conf"]
    assert lab.run(ROUTER, "stat -c %a /etc/frr/frr.conf") == "640\n"
    come_back(lab)


def test_starting_the_lab_again_and_running_the_site_again_changes_nothing(lab: FabricLab) -> None:
    assert sum(lab.play("purel3.fabric.lab_up").changed().values()) == 0
    assert set(lab.play("site.yml").changed().values()) == {0}


def test_check_mode_on_a_lab_that_does_not_run_yet_asks_nobody(lab: FabricLab) -> None:
    lab.play("purel3.fabric.lab_up", "--check", "-e", f"lab_name={lab.name}-more")


def words(outcome: Outcome) -> str:
    """What Ansible printed, as if its lines had no end."""
    return " ".join(outcome.output.split())


def test_a_node_takes_another_address_without_a_lost_packet(lab: FabricLab) -> None:
    node, old, new = "node2", "192.168.70.12", "192.168.70.22"
    come_back(lab)
    (path,) = lab.inventory.glob("*.fabric.yml")
    text = path.read_text()
    path.write_text(text.replace(f"address: {old}/24", f"address: {new}/24\n    old_address: {old}/24"))
    lab.run(node, f"ip address add {new}/24 dev ens33")
    before = {name: lab.snapshot(name) for name in lab.nodes}
    with steady_traffic(lab) as traffic:
        # The router has sessions with the old address only.
        refused = words(lab.try_play("purel3.fabric.readdress"))
        assert "The lab is not as the fabric file has it (router tor1)" in refused
        assert "nothing was done. Run purel3.fabric.lab_up, then this again." in refused
        assert {name: lab.snapshot(name) for name in lab.nodes} == before

        lab.play("purel3.fabric.lab_up")
        assert lab.play("purel3.fabric.readdress").closing_line == "fabric conforms: 3 nodes, 9 sessions, 30/30 pairs"
        assert set(sessions(lab)) == {new, *BLOCKS.values()} - {old}
        assert f"via {old}" not in lab.run("node1", "ip route")

        lab.run(node, f"ip address del {old}/24 dev ens33")
        path.write_text(text.replace(old, new))
        done = lab.play("site.yml")
    traffic.assert_nothing_lost()
    assert done.closing_line == "fabric conforms: 3 nodes, 9 sessions, 30/30 pairs"
    for name in lab.nodes:
        assert old not in lab.run(name, "cat /etc/bird/bird.conf")
