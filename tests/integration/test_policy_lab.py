# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of a fabric file on three nodes: enforced, proved, lost, named, healed, and gone."""

from __future__ import annotations

import subprocess
import typing as t

import pytest
from fabric_lab import FabricLab

POLICIES = """
policy: {}
policies:
  - {name: db, selector: app == 'db', ingress: [{action: allow, protocol: icmp, source: {selector: app == 'web'}}]}
"""
LABELS = {"web1": "web", "web2": "db", "web3": "db"}
CLOSING_LINE = "fabric conforms: 3 nodes, 6 sessions, 22/22 pairs, 8 denied"
# From whom db takes nothing, of those that a ping can tell: in the same node, and in another one.
DENIED = (("node2", "web4", "web3"), ("node3", "web5", "web2"))
ALLOWED = (("node1", "web1", "web2"), ("node1", "web1", "web3"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    lab = FabricLab("lab", tmp_path_factory.mktemp("inventories"))
    try:
        lab.play("purel3.fabric.lab_up")
        lab.play("site.yml")
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


def edit(lab: FabricLab, *, labels: bool = True, policies: str = POLICIES) -> None:
    path = lab.inventory / "lab.fabric.yml"
    text = path.read_text().replace(POLICIES, "")
    if labels:
        for name, app in LABELS.items():
            if f"  {name}:\n    labels" not in text:
                text = text.replace(f"  {name}:\n", f"  {name}:\n    labels: {{app: {app}}}\n", 1)
    path.write_text(text + policies)
    lab.read()


def address(lab: FabricLab, name: str) -> str:
    return next(one["address"] for node in lab.nodes for one in lab.workloads(node) if one["name"] == name)


def answers(lab: FabricLab, node: str, source: str, destination: str) -> bool:
    words = lab.words(node, source, "ping", "-n", "-c", "1", "-W", "2", address(lab, destination))
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def shell(lab: FabricLab, node: str, *words: str) -> t.Tuple[int, str]:
    done = subprocess.run(lab.words(node, "", *words), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_policies_of_the_file_are_enforced_and_proved_and_the_second_run_changes_nothing(lab: FabricLab) -> None:
    edit(lab)
    looked = lab.play("site.yml", "--check", "--diff")
    assert all("+policies for 2 workloads" in lines for lines in looked.plan().values() if lines)
    assert len(looked.plan()) >= 3
    assert all(answers(lab, *pair) for pair in (*ALLOWED, *DENIED))
    assert lab.play("site.yml").closing_line == CLOSING_LINE
    assert [answers(lab, *pair) for pair in ALLOWED] == [True, True]
    assert [answers(lab, *pair) for pair in DENIED] == [False, False]
    again = lab.play("site.yml")
    assert (again.closing_line, set(again.changed().values())) == (CLOSING_LINE, {0})


def test_a_table_that_somebody_flushed_is_named_with_what_is_open_and_comes_back_with_the_saved_state(
    lab: FabricLab,
) -> None:
    purel3, state = "/run/purel3/purel3", "/run/purel3/node.json"
    denied = (purel3, "explain", "web4", "web3", "icmp", "--state", state)
    told = shell(lab, "node2", *denied)
    assert (told[0], told[1].splitlines()[-1]) == (1, "the kernel of node2 holds these policies")
    lab.run("node2", "nft flush ruleset")
    assert answers(lab, *DENIED[0])
    assert "the kernel of node2 differs, see purel3 plan: + policies for 2 workloads" in shell(lab, "node2", *denied)[1]
    outcome = lab.try_play("purel3.fabric.verify", "-e", "verify_timeout=5")
    assert outcome.status != 0
    words = " ".join(outcome.output.split())
    assert "node2: policies for 2 workloads: missing" in words
    assert f"web4 -> web3 {address(lab, 'web3')}: answers ICMP, which is denied by policy db" in words
    status, told = shell(lab, "node2", purel3, "plan", "--state", state)
    assert (status, "+ policies for 2 workloads" in told) == (2, True)
    assert shell(lab, "node2", purel3, "restore", "--state", state)[0] == 0
    assert not answers(lab, *DENIED[0])
    assert shell(lab, "node2", purel3, "plan", "--state", state)[0] == 0


def test_a_playbook_explains_on_the_nodes_of_both_ends_who_decides(lab: FabricLab) -> None:
    told = lab.play("purel3.fabric.explain", "-e", "from=web1", "-e", "to=web3", "-e", "port=icmp").output
    assert "ingress of web3: allowed by policy db, ingress[0]" in told
    assert "the kernel of node1 holds these policies" in told
    assert "the kernel of node2 holds these policies" in told
    assert "the kernel of node3" not in told
    wrong = lab.try_play("purel3.fabric.explain", "-e", "from=web1", "-e", "to=web33", "-e", "port=icmp")
    assert wrong.status != 0
    assert "is neither a workload nor an address; did you mean web3?" in " ".join(wrong.output.split())


def test_the_node_restores_policies_before_the_first_workload(lab: FabricLab) -> None:
    purel3, state = "/run/purel3/purel3", "/run/purel3/node.json"
    lab.run("node2", "ip netns del web3")
    lab.run("node2", "nft flush ruleset")
    # Whoever sends all the time gets nothing through in between.
    ping = subprocess.Popen(
        lab.words("node2", "web4", "ping", "-n", "-i", "0.01", "-c", "400", "-W", "1", address(lab, "web3")),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert shell(lab, "node2", purel3, "restore", "--state", state)[0] == 0
        assert answers(lab, *ALLOWED[1])
    finally:
        said = ping.communicate()[0]
    assert " 0 received" in said
    assert " packets transmitted" in said


def test_without_policy_in_the_file_the_tables_go_and_everybody_reaches_everybody(lab: FabricLab) -> None:
    edit(lab, policies="")
    outcome = lab.play("site.yml", "--diff")
    assert outcome.closing_line == "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs"
    assert all("-policies for 2 workloads" in lines for lines in outcome.plan().values() if lines)
    for node in lab.nodes:
        assert "purel3_policy" not in lab.run(node, "nft list tables")
