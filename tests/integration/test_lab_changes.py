# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric that lives: it is interrupted, changed, obstructed and broken, and one run puts it right again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from fabric_lab import CHECKOUT, FabricLab

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base import process
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.layout import node_pid, process_name
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import host_device

FOREIGN = "theirs"
FOREIGN_COMMANDS = (
    f"ip netns add {FOREIGN}",
    f"ip link add {FOREIGN}0 type veth peer name eth0 netns {FOREIGN}",
    f"ip link set {FOREIGN}0 up",
    f"ip address add 203.0.113.1/24 dev {FOREIGN}0",
    f"ip route add 198.51.100.0/24 via 203.0.113.2 dev {FOREIGN}0 proto static",
    "ip route add blackhole 192.0.2.0/24",
    f"ip -n {FOREIGN} link set eth0 up",
    f"ip -n {FOREIGN} address add 203.0.113.2/24 dev eth0",
    "touch /etc/bird/theirs.conf /etc/sysctl.d/theirs.conf",
)


def change(lab: FabricLab, edit: t.Callable[[t.Dict[str, t.Any]], object]) -> None:
    """Edit the fabric file."""
    path = lab.inventory / "lab.fabric.yml"
    fabric = yaml.safe_load(path.read_text())
    edit(fabric)
    path.write_text(yaml.safe_dump(fabric))
    lab.read()


def foreign(lab: FabricLab) -> t.Dict[str, str]:
    """All that the test itself put onto node1."""
    return {
        "link": lab.run("node1", f"ip -o link show dev {FOREIGN}0"),
        "address": lab.run("node1", f"ip -4 -o address show dev {FOREIGN}0"),
        "routes": lab.run("node1", "ip route show proto static")
        + lab.run("node1", "ip route show proto boot type blackhole"),
        "inside": lab.run("node1", "ip -4 -o address show dev eth0", FOREIGN),
        "files": lab.run("node1", "ls -l /etc/bird/theirs.conf /etc/sysctl.d/theirs.conf"),
    }


def links(lab: FabricLab, node: str) -> t.Dict[str, int]:
    return {link["ifname"]: link["ifindex"] for link in lab.data(node, "ip -j link")}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    lab = FabricLab("lab", tmp_path_factory.mktemp("inventories"))
    try:
        lab.play("purel3.fabric.lab_up")
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


def test_a_run_that_is_killed_in_the_middle_is_made_good_by_the_next(lab: FabricLab) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        lab.command("site.yml"),
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as killed:
        assert killed.stdout
        for line in killed.stdout:
            if "Attach the workloads" in line:
                break
        os.killpg(killed.pid, signal.SIGKILL)
    assert lab.play("site.yml").closing_line == "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"


def test_a_workload_that_is_removed_from_the_file_goes_and_nothing_else_does(lab: FabricLab) -> None:
    for command in FOREIGN_COMMANDS:
        lab.run("node1", command)
    theirs = foreign(lab)
    before = {node: lab.snapshot(node) for node in ("node2", "node3")}
    links_before, gone = links(lab, "node1"), host_device("web2")
    change(lab, lambda fabric: fabric["workloads"].pop("web2"))

    done = lab.play("site.yml", "--diff")

    assert done.closing_line == "fabric conforms: 3 nodes, 6 sessions, 20/20 pairs"
    assert done.changed() == {"node1": 3, "node2": 0, "node3": 0}
    assert f"-workload web2  10.244.166.129/32  {gone} -> eth0" in done.plan()["node1"]
    assert {node: lab.snapshot(node) for node in before} == before
    assert lab.run("node1", "ip netns").split().count("web2") == 0
    del links_before[gone]
    assert links(lab, "node1") == links_before
    assert "10.244.166.129" not in lab.run("node1", "ip route")
    assert foreign(lab) == theirs


def test_a_foreign_object_in_the_way_is_an_error_that_names_it_and_changes_nothing(lab: FabricLab) -> None:
    theirs, obstacle = foreign(lab), host_device("web7")
    lab.run("node1", f"ip link add {obstacle} type bridge")
    before = lab.snapshot("node1")
    change(lab, lambda fabric: fabric["workloads"].update(web7={"node": "node1"}))

    failed = lab.try_play("site.yml")

    assert failed.status != 0
    assert re.search(rf"node1.*{obstacle}|{obstacle}", failed.output)
    assert "Traceback" not in failed.output
    assert lab.snapshot("node1") == before
    lab.run("node1", f"ip link del {obstacle}")
    assert lab.play("site.yml").closing_line == "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"
    assert foreign(lab) == theirs


def test_interfaces_and_addresses_that_the_nodes_do_not_have_are_named_and_nothing_is_changed(lab: FabricLab) -> None:
    file = lab.inventory / "lab.fabric.yml"
    right, before = file.read_text(), {node: lab.snapshot(node) for node in lab.nodes}

    def mistake(fabric: t.Dict[str, t.Any]) -> None:
        fabric["nodes"]["node2"]["interface"] = "eth0"
        fabric["nodes"]["node3"]["address"] = "192.168.50.13/24"
        fabric["mtu"] = 9000

    change(lab, mistake)
    for options in ((), ("--check",)):
        failed = lab.try_play("site.yml", *options)
        said = " ".join(failed.output.split())
        assert failed.status != 0
        assert "node2: 192.168.50.11 is on ens33, not on eth0; name ens33 in the fabric file" in said
        assert (
            "node3: interface ens33 does not carry 192.168.50.13/24, but 192.168.50.12/24; correct the fabric" in said
        )
        assert (
            "[WARNING]: node1: interface ens33 takes packets of 1500 bytes, and the fabric sends 9000; set mtu" in said
        )
    assert {node: lab.snapshot(node) for node in lab.nodes} == before
    file.write_text(right)
    lab.read()


def test_an_old_workload_keeps_its_address_when_another_comes(lab: FabricLab) -> None:
    addresses = {item["name"]: item["address"] for node in lab.nodes for item in lab.workloads(node)}
    change(lab, lambda fabric: fabric["workloads"].update(a1={"node": "node1"}, a2={"node": "node2"}))
    now = {item["name"]: item["address"] for node in lab.nodes for item in lab.workloads(node)}
    assert {name: now[name] for name in addresses} == addresses
    assert len(set(now.values())) == len(addresses) + 2
    change(lab, lambda fabric: [fabric["workloads"].pop(name) for name in ("a1", "a2")])


def test_a_workload_whose_container_does_not_run_keeps_no_other_from_its_network(lab: FabricLab) -> None:
    change(lab, lambda fabric: fabric["workloads"].update(away={"node": "node3", "netns": "/run/away"}))
    lab.run("node3", "ip netns del web6")
    why = "workload away is left out: its netns /run/away does not exist"

    failed = lab.try_play("site.yml", "-e", "verify_timeout=5")
    assert failed.status != 0
    assert f"{why}; all others are attached; start what it belongs to and run again" in failed.output
    lab.reaches("node1", lab.workloads("node3")[-1]["address"], "web1")

    change(lab, lambda fabric: fabric.update(missing_namespace="warn"))
    done = lab.play("site.yml")
    assert done.closing_line == "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"
    assert why in done.output
    change(lab, lambda fabric: [fabric.pop("missing_namespace"), fabric["workloads"].pop("away")])
    assert lab.play("site.yml").closing_line == "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"


def test_what_is_killed_comes_back(lab: FabricLab) -> None:
    theirs = foreign(lab)
    pid = node_pid(lab.name, "node3")
    assert pid
    process.end([(process_name(lab.name, "node3"), pid)])
    lab.run("node2", "pkill -9 -x bird")

    restarted = lab.play("purel3.fabric.lab_up", "--diff")
    assert "+node node3  ens33 192.168.50.12/24" in next(iter(restarted.plan().values()))
    done = lab.play("site.yml")

    assert done.closing_line == "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"
    assert done.changed() == {"node1": 0, "node2": 1, "node3": 4}
    assert foreign(lab) == theirs
    expected = (CHECKOUT / "tests" / "golden" / "fabrics" / "lab" / "node3.routes").read_text().splitlines()
    assert lab.lines("node3", "ip route") == expected


def test_a_node_that_cannot_be_reached_is_not_reported_as_proved(lab: FabricLab) -> None:
    lab.run("node3", "ip link set ens33 down")
    failed = lab.try_play(str(Path("playbooks", "verify.yml")), "--limit", "node1")
    assert failed.status != 0
    assert "192.168.50.12" in failed.output
    lab.run("node3", "ip link set ens33 up")
    assert lab.play("site.yml").closing_line == "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"


def test_teardown_leaves_only_what_is_not_ours(lab: FabricLab) -> None:
    theirs = foreign(lab)
    assert lab.play("purel3.fabric.teardown").changed() == dict.fromkeys(lab.nodes, 4)
    assert lab.play("purel3.fabric.teardown").changed() == dict.fromkeys(lab.nodes, 0)
    for node in lab.nodes:
        names = {item["name"] for item in lab.workloads(node)}
        assert [device for device in links(lab, node) if device.startswith("cali")] == []
        assert names.isdisjoint(lab.run(node, "ip netns").split())
        assert lab.run(node, "ip route show table all proto bird") == ""
        assert lab.run(node, "ip route show table all proto 112") == ""
        assert "bird.conf" not in lab.run(node, "ls /etc/bird")
        assert "bird" not in lab.run(node, "ps -e -o comm")
    assert lab.lines("node3", "ip route") == ["192.168.50.0/24 dev ens33 proto kernel scope link src 192.168.50.12"]
    assert foreign(lab) == theirs
    assert lab.play("site.yml").closing_line == "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"
