# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node of a lab that loses everything gets it back by its own command, and the fabric works again."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t

import pytest
from fabric_lab import FabricLab, Outcome

PROGRAM = "/run/purel3/purel3"
STATE = "/run/purel3/node.json"
SECRET = "never-on-a-node-2f6c"
_TASK = re.compile(r"^(ok|changed|skipping|fatal): \[([^\] ]+)")


class Story(t.NamedTuple):
    """A lab that has been built."""

    lab: FabricLab
    first: Outcome


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Story]:
    lab = FabricLab("lab", tmp_path_factory.mktemp("inventories"))
    try:
        lab.play("purel3.fabric.lab_up")
        yield Story(lab, lab.play("site.yml", "--diff", "-e", f"bird_password={SECRET}"))
    finally:
        lab.play("purel3.fabric.lab_down")


def run(lab: FabricLab, node: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a node, whatever comes of it."""
    command = lab.words(node, "", PROGRAM, *words)
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def lose_everything(lab: FabricLab, node: str) -> None:
    """Delete the workloads as a crash of the host would, at once and for good."""
    for link in lab.data(node, "ip -j link show type veth"):
        if link["ifname"].startswith("cali"):
            lab.run(node, f"ip link del {link['ifname']}")
    for workload in lab.workloads(node):
        lab.run(node, f"ip netns del {workload['name']}")
    lab.run(node, "ip route del 169.254.1.1 table local")


def test_the_state_of_a_node_is_what_was_put_in_place(story: Story) -> None:
    lab = story.lab
    for node in lab.nodes:
        saved = json.loads(lab.run(node, f"cat {STATE}"))
        names = {workload["name"]: workload["address"] for workload in lab.workloads(node)}
        assert {one["name"]: one["address"] for one in saved["workloads"]} == names
        assert (saved["node"], saved["blocks"]) == (node, lab.variables[node]["bird_blocks"])


def test_the_state_holds_no_secret_and_anybody_may_read_it(story: Story) -> None:
    lab = story.lab
    for node in lab.nodes:
        assert SECRET in lab.run(node, "cat /etc/bird/fabric_passwords.conf")
        assert lab.run(node, f"grep -rlF {SECRET} /run/purel3 /etc/bird").split() == ["/etc/bird/fabric_passwords.conf"]
        assert lab.run(node, f"stat -c %a {STATE} {PROGRAM}").split() == ["644", "755"]


def test_a_node_has_at_most_eight_tasks_after_the_first_play(story: Story) -> None:
    # After the one by which a node that has nothing to do leaves the play, on the controller.
    after = story.first.output.partition("TASK [purel3.fabric.node : Make the host ready")[2]
    counts: t.Dict[str, int] = {}
    for line in after.splitlines():
        found = _TASK.match(line)
        if found:
            counts[found[2]] = counts.get(found[2], 0) + 1
    assert counts
    assert max(counts.values()) <= 8, counts


def test_a_second_run_sends_and_changes_nothing(story: Story) -> None:
    again = story.lab.play("site.yml", "-vvv", "-e", f"bird_password={SECRET}")
    assert set(again.changed().values()) == {0}
    # Said by the survey, which compares the program with the controller's.
    assert re.search(r"settled:\n(?: +- .*\n)* +- restore\n", again.output)
    assert "wants_program" not in again.output
    assert not re.search(r"PUT .* TO .*/purel3$", again.output, re.MULTILINE)


def test_a_node_that_lost_everything_gets_it_back_by_its_own_command(story: Story) -> None:
    lab = story.lab
    node = lab.nodes[0]
    before = (lab.lines(node, "ip route show table all type unicast"), lab.lines(node, "ip netns"))
    assert run(lab, node, "plan").returncode == 0
    lose_everything(lab, node)
    assert run(lab, node, "show").returncode == 1
    plan = run(lab, node, "plan")
    assert plan.returncode == 2
    restored = run(lab, node, "restore")
    assert (restored.returncode, restored.stderr, restored.stdout) == (0, "", plan.stdout)
    after = (lab.lines(node, "ip route show table all type unicast"), lab.lines(node, "ip netns"))
    assert [sorted(lines) for lines in after] == [sorted(lines) for lines in before]
    assert run(lab, node, "restore").stdout == "nothing to do: the node is as saved\n"
    proof = lab.play("purel3.fabric.verify")
    assert "fabric conforms: 3 nodes, 6 sessions, 30/30 pairs" in proof.output


def test_a_node_shows_itself(story: Story) -> None:
    lab = story.lab
    for node in lab.nodes:
        shown = run(lab, node, "show")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert all(f"| {workload['name']} " in shown.stdout for workload in lab.workloads(node))
        status = json.loads(run(lab, node, "status", "-o", "json").stdout)
        assert {session["state"] for session in status["nodes"][0]["sessions"]} == {"up"}


def test_check_mode_changes_nothing_and_a_damaged_state_is_healed_by_the_next_run(story: Story) -> None:
    lab = story.lab
    node = lab.nodes[0]
    whole = lab.run(node, f"cat {STATE}")
    lab.run(node, f"truncate -s 100 {STATE}")
    refused = run(lab, node, "restore")
    assert refused.returncode == 2
    assert f"{STATE} is damaged or cut off" in refused.stderr
    checked = lab.play("site.yml", "--check", "-e", f"bird_password={SECRET}")
    assert checked.changed()[node] == 1
    assert len(lab.run(node, f"cat {STATE}")) == 100
    healed = lab.play("site.yml", "-e", f"bird_password={SECRET}")
    assert {name: count for name, count in healed.changed().items() if count} == {node: 1}
    assert lab.run(node, f"cat {STATE}") == whole


def test_a_foreign_file_in_the_way_stops_the_run_before_any_node_is_touched(story: Story) -> None:
    lab = story.lab
    node = lab.nodes[1]
    program = lab.run(node, f"sha256sum {PROGRAM}")
    lab.run(node, f"mv {PROGRAM} /run/purel3/kept")
    lab.run(node, f"cp /bin/true {PROGRAM}")
    refused = lab.try_play("site.yml", "-e", f"bird_password={SECRET}")
    assert refused.status != 0
    assert f"{PROGRAM} stands in the way: it is not ours" in refused.output
    assert "PLAY [Build the fabric]" not in refused.output.partition("fatal:")[0]
    assert refused.changed()[node] == 0
    lab.run(node, f"mv /run/purel3/kept {PROGRAM}")
    assert lab.run(node, f"sha256sum {PROGRAM}") == program


def test_teardown_leaves_nothing_of_it(story: Story) -> None:
    lab = story.lab
    lab.play("purel3.fabric.teardown", "-e", f"bird_password={SECRET}")
    for node in lab.nodes:
        assert "purel3" not in lab.run(node, "ls /run").split()
