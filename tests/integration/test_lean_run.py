# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run starts Python on a node for what differs there and for nothing else, and loses no word of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import typing as t

import pytest
from fabric_lab import CHECKOUT, FabricLab, Outcome

GOLDEN = CHECKOUT / "tests/golden/runs"
_TASK = re.compile(r"^TASK \[(.*)\] \*+$")
_RESULT = re.compile(r"^(ok|changed|fatal|failed|skipping): \[([^\] ]+)")
_HOSTS = re.compile(r"^(\S+)\s+: ok=\d+\s+(changed=\d+)\s+(unreachable=\d+)\s+(failed=\d+)")
SETTING = "/proc/sys/net/ipv4/icmp_ratelimit"
STATE = "/run/purel3/node.json"

# What somebody did to each node, as shell commands.
BROKEN: t.Mapping[str, t.Mapping[str, str]] = {
    "one_concern_each": {
        "node1": "ip netns del web1",
        "node2": "echo 'protocol static by_hand { ipv4; route 198.51.100.0/24 blackhole; }' >>/etc/bird/bird.conf",
        "node3": f"rm {STATE}",
    },
    "others": {
        "node1": "birdc down",
        "node2": f"echo 1000 >{SETTING}",
        "node3": "echo '# by hand' >>/etc/bird/bird.conf; birdc down; ip netns del web5; rm /run/purel3/purel3",
    },
}
FOREIGN = "printf 'protocol static others {\\n  ipv4;\\n  route 198.51.100.0/24 blackhole;\\n}\\n' >/etc/bird/bird.conf"


def said(outcome: Outcome) -> str:
    """All that a run said of what differs or is wrong, by task and node, in words that are the same in each lab."""
    found: t.List[str] = []
    task, block = "", []
    by_node: t.Dict[str, t.List[str]] = {}

    def flush() -> None:
        for node in sorted(by_node):
            found.extend([f"{task}: {node}", *by_node[node], ""])
        by_node.clear()

    for line in outcome.output.splitlines():
        if _TASK.match(line) or line.startswith(("PLAY ", "BGP STATUS", "REACHABILITY")):
            flush()
            match = _TASK.match(line)
            task, block = (match[1] if match else ""), []
            if line.startswith("BGP STATUS"):
                break
        elif _RESULT.match(line):
            result = _RESULT.match(line)
            assert result
            rest = block if result[1] != "fatal" else [*block, line]
            if result[1] in ("changed", "fatal") or any(rest):
                by_node.setdefault(result[2], []).extend([*filter(None, rest), f"({result[1]})"])
            block = []
        elif _HOSTS.match(line):
            found.append(" ".join(_HOSTS.match(line).groups()))  # type: ignore[union-attr]
        else:
            block.append(line.rstrip())
    return "\n".join(found) + "\n"


# A Python that keeps count of its starts, in a file of the node that it is started on.
COUNTING = f"""\
#!/bin/sh
echo start >>/run/starts
exec {sys.executable} "$@"
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[FabricLab]:
    folder = tmp_path_factory.mktemp("inventories")
    python = folder / "python"
    python.write_text(COUNTING, encoding="utf-8")
    python.chmod(0o755)
    lab = FabricLab("lab", folder)
    lab.set_for_all("node_sysctls: {net.ipv4.icmp_ratelimit: 500}\n")
    for node in lab.nodes:
        of_node = lab.inventory / "host_vars" / f"{node}.yml"
        of_node.parent.mkdir(exist_ok=True)
        of_node.write_text(f"ansible_python_interpreter: {python}\n", encoding="utf-8")
    try:
        lab.play("purel3.fabric.lab_up")
        lab.play("site.yml")
        yield lab
    finally:
        lab.play("purel3.fabric.lab_down")


def starts(lab: FabricLab, *options: str) -> t.Dict[str, int]:
    """How often a run starts Python on each node."""
    for node in lab.nodes:
        lab.run(node, "rm -f /run/starts")
    outcome = lab.play("site.yml", *options)
    assert set(outcome.changed().values()) == {0}
    return {node: len(lab.lines(node, "cat /run/starts")) for node in lab.nodes}


def do(lab: FabricLab, what: t.Mapping[str, str]) -> None:
    for node, command in what.items():
        subprocess.run(lab.words(node, "", "sh", "-c", command), check=True, stdout=subprocess.DEVNULL)


def require_golden(name: str, text: str) -> None:
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_an_unchanged_run_starts_python_three_times_on_a_node(lab: FabricLab) -> None:
    # What differs, and then the proof: every session, route and workload, and packets.
    assert starts(lab) == dict.fromkeys(lab.nodes, 3)
    assert starts(lab, "--check", "--diff") == dict.fromkeys(lab.nodes, 3)


@pytest.mark.parametrize("name", BROKEN)
def test_what_differs_is_said_in_the_same_words_and_repaired(lab: FabricLab, name: str) -> None:
    do(lab, BROKEN[name])
    require_golden(name, said(lab.play("site.yml", "--check", "--diff")))
    require_golden(name, said(lab.play("site.yml", "--diff")))
    assert set(starts(lab).values()) == {3}


def test_only_what_may_differ_has_a_task(lab: FabricLab) -> None:
    do(lab, {"node1": "ip netns del web1"})
    outcome = lab.play("site.yml").output
    build = outcome[outcome.index("PLAY [Build the fabric]") : outcome.index("PLAY [Verify]")]
    said_of = {node: re.findall(rf"^(\w+): \[{node}\]", build, re.MULTILINE) for node in ("node1", "node2")}
    # The first stays in the play and has its workload attached; the second has nothing to do at all.
    assert said_of == {"node1": [*["skipping"] * 3, "changed", *["skipping"] * 4], "node2": []}


def test_all_that_stands_in_the_way_on_all_nodes_is_told_at_once_and_no_node_is_touched(lab: FabricLab) -> None:
    address = lab.workloads("node1")[0]["address"]
    by_hand = f"blackhole {address}/32 proto static"
    unit = "/etc/sysctl.d/90-purel3-fabric.conf"
    do(
        lab,
        {
            "node1": f"ip netns del web1; ip route replace {by_hand}; mv {unit} /run/unit; echo '# mine' >{unit}",
            "node2": f"cp -p /etc/bird/bird.conf /run/kept; {FOREIGN}",
        },
    )
    try:
        for options in (("--check",), ()):
            outcome = lab.try_play("site.yml", *options)
            assert outcome.status != 0
            for told in (
                f"node1: {unit} stands in the way: it is not ours",
                f"route {by_hand} stands in the way: it is there and not ours",
                "node2: /etc/bird/bird.conf: it is not ours and holds protocol static others with route "
                "198.51.100.0/24 blackhole",
            ):
                assert told in " ".join(outcome.output.split()), outcome.output
            assert "No node was touched" in outcome.output
            assert set(outcome.changed().values()) == {0}
    finally:
        do(
            lab,
            {
                "node1": f"ip route del {by_hand}; mv /run/unit {unit}",
                "node2": "cp -p /run/kept /etc/bird/bird.conf",
            },
        )
    assert lab.play("site.yml").changed() == {"node1": 1, "node2": 0, "node3": 0}


def test_a_role_that_nobody_surveyed_for_does_all_its_tasks(lab: FabricLab) -> None:
    assert lab.play("site.yml", "--start-at-task", "Make the host ready to carry workloads").changed()
    assert set(starts(lab, "-e", '{"node_settled": []}').values()) == {13}
