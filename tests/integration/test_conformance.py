# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real BIRDs that are not as they should be: what is found, how it is said, and how long is waited for it."""

from __future__ import annotations

import json
import subprocess
import time
import typing as t

import pytest
from bird_nodes import CHECKOUT, CONFIG, Network, Node, running, variables_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import host_device

BLOCKS = {"node1": "10.244.166.128/26", "node2": "10.244.104.0/26", "node3": "10.244.135.0/26"}
ADDRESSES = {"node1": "192.168.50.10", "node2": "192.168.50.11", "node3": "192.168.50.12"}
WEB = {"name": "web1", "address": "10.244.166.130"}

Nodes = t.Dict[str, Node]


@pytest.fixture
def three(network: Network) -> Nodes:
    variables = variables_of("lab")
    for node in variables.values():
        # BIRD puts right what was changed in the kernel at its next scan, not in the middle of a test.
        node["bird_kernel_scan_time"] = 3600
    return running(network(variables, interface="eth0"))


def options(node: Node, timeout: float) -> t.Dict[str, t.Any]:
    blocks = [{"block": block, "node": name} for name, block in BLOCKS.items()]
    return {"node": node.name, "peers": node.peers, "blocks": blocks, "timeout": timeout}


def conforms(node: Node, timeout: float = 180, **more: t.Any) -> t.Dict[str, t.Any]:
    return node.good("conformance", **options(node, timeout), **more)


def differs(node: Node, timeout: float = 2, **more: t.Any) -> t.Tuple[str, t.List[str]]:
    result = node.module("conformance", **options(node, timeout), **more)
    assert result.get("failed"), result
    return str(result["msg"]), [difference["text"] for difference in result["differences"]]


def settles(node: Node, text: str) -> t.List[str]:
    """What is found once a difference begins with the given text."""
    deadline = time.monotonic() + 120
    while True:
        found = node.good("conformance", **options(node, 0), is_required=False)["differences"]
        texts = [difference["text"] for difference in found]
        if any(one.startswith(text) for one in texts):
            return texts
        assert time.monotonic() < deadline, texts
        time.sleep(0.3)


def purel3(node: Node, *words: str) -> subprocess.CompletedProcess[str]:
    command = node.words(str(CHECKOUT / "scripts" / "purel3"), *words)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_whole_fabric_conforms_and_the_command_says_so_too(three: Nodes) -> None:
    for node in three.values():
        result = conforms(node)
        assert (result["differences"], result["established_count"], result["session_count"]) == ([], 2, 2)
        assert result["summary"] == "2/2 sessions up"
        shown = purel3(node, "status")
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.count("| node-to-node mesh | up ") == 2
        (described,) = json.loads(purel3(node, "status", "--json").stdout)["nodes"]
        assert [one["peer_name"] for one in described["sessions"]] == sorted(set(three) - {node.name})
        assert [one["info"] for one in described["sessions"]] == ["Established"] * 2


def test_a_node_conforms_as_soon_as_its_sessions_and_routes_are_there(network: Network) -> None:
    nodes = network(variables_of("lab"), interface="eth0")
    for node in nodes.values():
        node.configure()
    for node in nodes.values():
        node.start()
    for node in nodes.values():
        conforms(node)
        assert set(node.routes()) == {
            f"blackhole {block} proto bird"
            if name == node.name
            else f"{block} via {ADDRESSES[name]} dev eth0 proto bird"
            for name, block in BLOCKS.items()
        }


def test_a_bird_that_is_gone_is_named_by_itself_and_by_its_peers(three: Nodes) -> None:
    three["node3"].kill_bird()
    said, texts = differs(three["node3"], timeout=1)
    assert texts == ["BIRD does not run: nobody listens at /run/bird/bird.ctl"]
    assert said == "after 1 s: 0/2 sessions up; BIRD does not run: nobody listens at /run/bird/bird.ctl"
    settles(three["node1"], "session with node3 192.168.50.12: ")
    said, texts = differs(three["node1"])
    assert said.startswith("after 2 s: 1/2 sessions up; node3 192.168.50.12: ")
    shown = purel3(three["node1"], "status")
    assert shown.returncode == 1
    assert "| 192.168.50.12 | node-to-node mesh | start |" in shown.stdout
    gone = purel3(three["node3"], "status")
    assert (gone.returncode, gone.stdout) == (1, "BIRD is not running.\n")


def test_what_was_taken_out_of_the_kernel_by_hand_is_named(three: Nodes) -> None:
    node = three["node1"]
    node.run("ip", "route", "del", "blackhole", BLOCKS["node1"])
    node.run("ip", "route", "del", BLOCKS["node2"])
    node.run("ip", "route", "replace", BLOCKS["node3"], "via", ADDRESSES["node2"], "proto", "bird")
    node.run("ip", "route", "add", "198.51.100.0/24", "via", ADDRESSES["node2"], "proto", "bird")
    said, texts = differs(node, timeout=1)
    assert sorted(texts) == [
        "no blackhole for this node's block 10.244.166.128/26 in the kernel",
        "no route to 10.244.104.0/26 of node2 in the kernel",
        "the kernel has a route to 198.51.100.0/24, via 192.168.50.11, that BIRD does not know",
        "the kernel's route to 10.244.135.0/26 of node3 is via 192.168.50.11, not via 192.168.50.12",
    ]
    assert said.startswith("after 1 s: 2/2 sessions up; ")
    conforms(three["node2"])


def test_workloads_are_compared_once_and_not_waited_for(three: Nodes) -> None:
    node = three["node1"]
    node.good("workloads", workloads=[WEB])
    conforms(node, workloads=[WEB])
    node.run("ip", "netns", "del", "web1")
    said, texts = differs(node, timeout=600, workloads=[WEB, {"name": "web2", "address": "10.244.166.131"}])
    assert [text.split("  ")[0] for text in texts] == [
        "source guard for 1 source => source guard for 2 sources",
        "workload web1",
        "workload web2",
    ]
    assert all(text.endswith(": missing") for text in texts[1:])
    assert "2/2 sessions up; source guard for 1 source" in said
    node.good("workloads", workloads=[WEB])
    _said, texts = differs(node, workloads=[])
    assert any(text.startswith("workload web1") and text.endswith(": not in the fabric") for text in texts)


def test_a_gateway_that_the_node_does_not_answer_for_is_named_once(three: Nodes) -> None:
    node = three["node1"]
    webs = [{"name": f"web{number}", "address": f"10.244.166.{128 + number}"} for number in range(1, 6)]
    node.good("workloads", workloads=webs)
    for web in webs:
        device = host_device(web["name"])
        node.run("sysctl", "-qw", f"net.ipv4.conf.{device}.forwarding=0")
    device = host_device("web1")
    said, texts = differs(node, timeout=600, workloads=webs)
    assert texts == [
        "the node does not answer ARP for 169.254.1.1, the gateway of web1, web2, web3 and 2 more, because its kernel "
        f"knows no way to it: No route to host; see ip rule, sysctl net.ipv4.conf.{device}.forwarding, and "
        f"ip route get 169.254.1.1 from 10.244.166.129 iif {device}"
    ]
    node.run("ip", "route", "del", "169.254.1.1", "table", "local")
    said, texts = differs(node, timeout=600, workloads=webs)
    assert texts == ["route 169.254.1.1/32 dev lo table local proto 112 scope link: missing"]
    assert said == f"after 0 s: 2/2 sessions up; {texts[0]}"


def test_files_that_somebody_changed_are_named_by_conformance_and_by_the_plan(three: Nodes) -> None:
    node = three["node1"]
    state = "/run/node.json"
    node.run("cp", str(CHECKOUT / "tests/golden/restore/format3.json"), state)
    node.run("chmod", "644", state)
    conforms(node, state_path=state)
    node.run("sh", "-c", f"echo 'protocol static mine {{ ipv4; }}' >>{CONFIG}; chmod 666 {CONFIG}; echo >{state}")
    _said, texts = differs(node, timeout=600, state_path=state)
    edited = (
        f"{CONFIG} was changed by hand after it was put in place, which BIRD obeys from its next start on; run "
        "site.yml, which undoes that, and name a file with what is to stay in bird_includes"
    )
    assert texts[:2] == [edited, f"{CONFIG} may be changed by others than its owner (mode 666); run site.yml"]
    assert texts[2].startswith(f"{state} is empty, ")
    node.run("rm", state)
    _said, texts = differs(node, timeout=600, state_path=state)
    assert texts[2].startswith(f"{state} does not exist, so nothing is known of this node; ")
    node.run("cp", str(CHECKOUT / "tests/golden/restore/format3.json"), state)
    planned = purel3(node, "plan", "--state", state)
    assert edited in " ".join(planned.stderr.split())
    node.configure()
    conforms(node)


def test_a_session_that_somebody_disabled_is_named_and_enabled_again(three: Nodes) -> None:
    node = three["node1"]
    node.run("birdc", "disable", "peer_192_168_50_11")
    _said, texts = differs(node)
    assert texts[0].startswith("session with node2 192.168.50.11: ")
    assert node.configure()["operations"] == ["~ enable session peer_192_168_50_11"]
    conforms(node)
    assert node.configure()["operations"] == []


def test_a_session_with_a_peer_whose_address_changes_is_a_restart_like_others(three: Nodes) -> None:
    node = three["node1"]
    second, third = node.peers
    options = {"max_session_restarts": 0}
    moved = {**node.variables, "bird_peers": [{**second, "address": "192.168.50.21"}, third]}
    refused = node.module("bird_config", content=render_variables(moved), **options)
    assert refused["msg"].startswith(
        "1 sessions that are up would restart, and max_session_restarts allows 0: "
        "node2 192.168.50.11: removed (its address becomes 192.168.50.21); nothing was changed"
    )
    conforms(node)
    # A peer that goes, and another one that comes, are what the user asked for.
    other = {**node.variables, "bird_peers": [{**second, "name": "node4", "address": "192.168.50.21"}, third]}
    assert node.good("bird_config", check=True, content=render_variables(other), **options)["refusals"] == []


def test_who_announces_what_it_may_not_is_named_and_not_waited_for(network: Network) -> None:
    variables = variables_of("lab")
    variables["node3"]["bird_blocks"] += [BLOCKS["node2"], "10.244.166.144/28", "198.51.100.0/24"]
    # A node that believes everything of itself: to its renderer, its peers own nothing.
    peers = [{**peer, "blocks": []} for peer in variables["node3"]["bird_peers"]]
    variables["node3"]["bird_peers"] = peers
    nodes = network(variables, interface="eth0")
    for node in nodes.values():
        node.configure()
    for node in nodes.values():
        node.start()
    settles(nodes["node1"], "node3 announces")
    said, texts = differs(nodes["node1"], timeout=600)
    assert texts == [
        "node3 announces 10.244.104.0/26, which is node2's: ignored",
        "node3 announces 10.244.166.144/28, which is part of this node's 10.244.166.128/26: ignored",
        "node3 announces 198.51.100.0/24, which is nobody's in this fabric: ignored",
    ]
    assert "2/2 sessions up; node3 announces" in said
    assert f"{BLOCKS['node2']} via {ADDRESSES['node2']} dev eth0 proto bird" in nodes["node1"].routes()
    settles(nodes["node2"], "node3 announces")
    _said, texts = differs(nodes["node2"], timeout=600)
    assert texts[0] == "node3 announces 10.244.104.0/26, which is this node's: ignored"


def test_an_as_number_that_the_other_side_does_not_have_is_told_in_bird_s_words(network: Network) -> None:
    variables = variables_of("lab")
    variables["node3"]["bird_as_number"] = 64999
    nodes = network(variables, interface="eth0")
    for node in nodes.values():
        node.configure()
    for node in nodes.values():
        node.start()
    settles(nodes["node1"], "session with node3")
    deadline = time.monotonic() + 120
    said = ""
    while "Bad peer AS" not in said or "after 4 s: 1/2 sessions up; node3 192.168.50.12: " not in said:
        assert time.monotonic() < deadline, said
        said, _texts = differs(nodes["node1"], timeout=4)
    assert "node2" not in said


def test_check_mode_reads_once_and_never_fails(network: Network) -> None:
    node = network(variables_of("lab"), interface="eth0")["node1"]
    result = node.good("conformance", check=True, **options(node, 600), workloads=[WEB])
    assert result["changed"] is False
    assert {difference["kind"] for difference in result["differences"]} >= {"bird", "blackhole", "workload"}


def test_a_bird_of_another_network_is_not_taken_for_this_node_s(three: Nodes) -> None:
    command = three["node1"].words("unshare", "-n", str(CHECKOUT / "scripts" / "purel3"), "status")
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert "runs in another network namespace" in shown.stderr
