# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fabric through all its migrations, under a steady stream of packets of which none is lost.

The tests follow each other: each begins with the fabric that the one before has left.
"""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from fabric_lab import FabricLab, Outcome
from steady_traffic import steady_traffic

REFLECTORS = {
    "rr1": {"address": "192.168.50.21/24", "interface": "ens33", "blocks": []},
    "rr2": {"address": "192.168.50.22/24", "interface": "ens33", "blocks": []},
}
Fabric = t.Dict[str, t.Any]
Edit = t.Callable[[Fabric], object]


def begin(fabric: Fabric) -> None:
    """Two nodes with a workload each and two with none, in a mesh."""
    fabric["nodes"].update(REFLECTORS)
    del fabric["nodes"]["node3"]
    fabric["workloads"] = {name: fabric["workloads"][name] for name in ("web1", "web3")}


def change(lab: FabricLab, edit: Edit) -> None:
    """Edit the fabric file."""
    path = lab.inventory / "lab.fabric.yml"
    fabric = yaml.safe_load(path.read_text())
    edit(fabric)
    path.write_text(yaml.safe_dump(fabric))
    lab.read()


def sessions(lab: FabricLab) -> t.Dict[str, t.Dict[str, str]]:
    """The state of each session that BIRD has, by node and address of the peer."""
    found: t.Dict[str, t.Dict[str, str]] = {}
    for node in lab.nodes:
        shown = lab.run(node, "birdc show protocols")
        found[node] = {
            name[len("peer_") :].replace("_", "."): state
            for name, state in re.findall(r"^(peer_\S+) +BGP .* (\S+) *$", shown, re.MULTILINE)
        }
    return found


def wanted(lab: FabricLab) -> t.Dict[str, t.Dict[str, str]]:
    """The sessions that each node should have, all of them up."""
    return {node: {peer["address"]: "Established" for peer in lab.variables[node]["bird_peers"]} for node in lab.nodes}


def migrate(
    lab: FabricLab, playbook: str, *options: str, workloads: t.Optional[t.Collection[str]] = None, twice: bool = False
) -> Outcome:
    """Run a migration under traffic: nothing is lost, all is as wanted, and a second run changes nothing."""
    with steady_traffic(lab, workloads) as traffic:
        outcome = lab.play(f"purel3.fabric.{playbook}", *options)
    traffic.assert_nothing_lost()
    assert sum(outcome.changed().values()) > 0, outcome.output
    assert sessions(lab) == wanted(lab)
    if twice:
        changes_nothing(lab, playbook, *options)
    return outcome


def changes_nothing(lab: FabricLab, playbook: str, *options: str) -> None:
    again = lab.play(f"purel3.fabric.{playbook}", *options)
    assert again.changed() == dict.fromkeys(again.changed(), 0), again.output


def words(outcome: Outcome) -> str:
    """What Ansible printed, as if its lines had no end."""
    return " ".join(outcome.output.split())


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    lab = FabricLab("lab", tmp_path_factory.mktemp("inventories"))
    change(lab, begin)
    path = lab.inventory / "lab.fabric.yml"
    first = path.read_text()
    try:
        lab.play("purel3.fabric.lab_up")
        lab.play("site.yml")
        yield lab
    finally:
        path.write_text(first)
        lab.play("purel3.fabric.lab_down")


def set_keys(**values: t.Any) -> Edit:
    """Set keys of the fabric file; None takes one away."""

    def edit(fabric: Fabric) -> None:
        for key, value in values.items():
            fabric[key] = value
            if value is None:
                del fabric[key]

    return edit


def states(lab: FabricLab) -> t.Dict[str, t.Dict[str, t.Any]]:
    return {node: lab.snapshot(node) for node in lab.nodes}


def test_site_refuses_what_restarts_sessions_and_names_them_and_the_reason(lab: FabricLab) -> None:
    change(lab, set_keys(bgp={"hold_time": 60}))
    before = states(lab)
    with steady_traffic(lab) as traffic:
        refused = lab.try_play("site.yml")
    traffic.assert_nothing_lost()
    assert refused.status != 0
    for peer in lab.nodes:
        assert re.search(rf"{peer} \S+: restart \(hold time: 90 -> 60\)", words(refused)), refused.output
    assert "No node was touched. To make this change without a lost packet run purel3.fabric.rolling" in words(refused)
    assert states(lab) == before
    change(lab, set_keys(bgp=None))


def test_a_playbook_of_another_topology_than_the_file_s_refuses(lab: FabricLab) -> None:
    before = states(lab)
    refused = lab.try_play("purel3.fabric.route_reflector")
    assert refused.status != 0
    assert "The fabric file says topology full_mesh, so nothing was done" in words(refused)
    assert states(lab) == before


def test_a_roll_refuses_what_both_ends_must_change_at_once(lab: FabricLab) -> None:
    change(lab, set_keys(as_number=64999))
    before = states(lab)
    refused = lab.try_play("purel3.fabric.rolling")
    assert refused.status != 0
    assert "Both ends of a session must make this change at once" in words(refused)
    assert "64512 -> " in words(refused)
    assert states(lab) == before
    change(lab, set_keys(as_number=64512))


def test_a_gate_that_fails_stops_the_change_and_the_packets_flow(lab: FabricLab) -> None:
    change(lab, set_keys(topology="route_reflector", route_reflectors=["rr1", "rr2"]))
    lab.run("rr1", "ip link set ens33 down")
    with steady_traffic(lab) as traffic:
        stopped = lab.try_play("purel3.fabric.route_reflector", "-e", "gate_timeout=5")
    traffic.assert_nothing_lost()
    assert stopped.status != 0
    said = stopped.output.partition("TASK [Say how things are]")[2]
    assert said.count("fatal: ") == 1, stopped.output
    assert "Nothing was taken away: old sessions are still there" in words(stopped)
    # Either end may be the first to say so.
    assert re.search(r"rr1: session with node1 |node1: session with rr1 ", words(stopped)), stopped.output
    kept = sessions(lab)
    assert kept["node1"]["192.168.50.11"] == kept["node2"]["192.168.50.10"] == "Established"
    lab.run("rr1", "ip link set ens33 up")


def test_from_a_mesh_to_reflectors(lab: FabricLab) -> None:
    change(lab, set_keys(topology="route_reflector", route_reflectors=["rr1", "rr2"]))
    migrate(lab, "route_reflector", twice=True)


def test_a_roll_stops_where_sessions_do_not_come_back_and_that_node_goes_back(lab: FabricLab) -> None:
    # With such a delay at both ends, which only the second reflector brings about, nobody opens the session.
    change(lab, set_keys(bgp={"hold_time": 60, "connect_delay_time": 600}))
    before = states(lab)
    with steady_traffic(lab) as traffic:
        stopped = lab.try_play("purel3.fabric.rolling")
    traffic.assert_nothing_lost()
    assert stopped.status != 0
    assert "The roll stopped at rr2; above is why." in words(stopped)
    assert "BIRD has its old configuration back" in words(stopped)
    assert "hold time 60" in lab.run("rr1", "cat /etc/bird/bird.conf")
    for node in ("rr2", "node1", "node2"):
        assert "hold time 90" in lab.run(node, "cat /etc/bird/bird.conf")
        assert lab.snapshot(node)["ip route show table all"] == before[node]["ip route show table all"]


def test_timers_roll_over_the_reflectors_first_and_one_by_one(lab: FabricLab) -> None:
    change(lab, set_keys(bgp={"hold_time": 60}))
    rolled = migrate(lab, "rolling", twice=True)
    order = re.findall(r"^changed: \[(\S+)\]", rolled.output.partition("PLAY [Roll]")[2], re.MULTILINE)
    assert order[:4] == ["rr1", "rr2", "node1", "node2"]
    assert "rr1 192.168.50.21: restart (hold time: 90 -> 60)" in rolled.output


def test_another_reflector_in_the_place_of_a_dead_one(lab: FabricLab) -> None:
    def replace_it(fabric: Fabric) -> None:
        fabric["nodes"]["rr3"] = {**fabric["nodes"].pop("rr2"), "address": "192.168.50.23/24"}
        fabric["route_reflectors"] = ["rr1", "rr3"]

    change(lab, replace_it)
    # What the file does not have any more, ends here.
    lab.play("purel3.fabric.lab_up")
    migrate(lab, "replace_reflector")


def test_passwords_come_and_change_and_are_never_shown(lab: FabricLab) -> None:
    vault = lab.inventory / "group_vars" / "all.yml"
    change(lab, set_keys(bgp={"hold_time": 60, "password": "{{ vault_bgp_password }}"}))
    for secret, options in (("a first secret", ["-vvv", "--diff"]), ("another secret", [])):
        vault.write_text(f"vault_bgp_password: {secret}\n")
        outcome = migrate(lab, "change_passwords", *options)
        assert secret not in outcome.output
        assert f'"{secret}"' in lab.run("rr1", "cat /etc/bird/fabric_passwords.conf")


def test_other_as_numbers(lab: FabricLab) -> None:
    change(lab, set_keys(as_number=64600))
    migrate(lab, "renumber")


def test_back_to_a_mesh(lab: FabricLab) -> None:
    change(lab, set_keys(topology="full_mesh", route_reflectors=None))
    migrate(lab, "full_mesh")


def test_a_further_node(lab: FabricLab) -> None:
    old = {item["name"] for node in lab.nodes for item in lab.workloads(node)}
    change(lab, lambda fabric: fabric["nodes"].update(node3={"address": "192.168.50.12/24", "interface": "ens33"}))
    change(lab, lambda fabric: fabric["workloads"].update(web7={"node": "node3"}))
    lab.play("purel3.fabric.lab_up")
    migrate(lab, "add_node", "-e", "node=node3", workloads=old, twice=True)
    assert {item["name"] for item in lab.workloads("node3")} == {"web7"}


def test_a_node_with_workloads_is_not_removed(lab: FabricLab) -> None:
    before = states(lab)
    refused = lab.try_play("purel3.fabric.remove_node", "-e", "node=node3")
    assert refused.status != 0
    assert "node3: cannot go, and nothing was done" in words(refused)
    assert "web7" in words(refused)
    assert states(lab) == before


def test_a_node_less(lab: FabricLab) -> None:
    (block,) = lab.variables["node3"]["bird_blocks"]
    change(lab, lambda fabric: fabric["workloads"].pop("web7"))
    with steady_traffic(lab) as traffic:
        lab.play("purel3.fabric.remove_node", "-e", "node=node3")
    traffic.assert_nothing_lost()
    changes_nothing(lab, "remove_node", "-e", "node=node3")
    assert "cali" not in lab.run("node3", "ip link")
    assert "bird" not in lab.run("node3", "ps -e -o comm")
    assert lab.run("node3", "find /etc/bird -type f").split() == []
    for node in lab.nodes:
        assert block not in lab.run(node, "ip route")
    change(lab, lambda fabric: fabric["nodes"].pop("node3"))
    with steady_traffic(lab) as traffic:
        lab.play("site.yml")
    traffic.assert_nothing_lost()
    assert sessions(lab) == wanted(lab)
    assert "node3" not in (lab.inventory / "lab.allocations.txt").read_text()
