# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command purel3 where no BIRD and no root is needed: options, version, exit status, every Python."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.node_status import (
    describe_node,
    is_all_established,
    node_lines,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.status import (
    Daemon,
    ProtocolStatus,
    SessionStatus,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.cli.version import read_version

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAM = CHECKOUT / "scripts" / "purel3"


def purel3(*words: str, env: t.Optional[t.Mapping[str, str]] = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words], capture_output=True, text=True, check=False, cwd="/", env={**os.environ, **(env or {})}
    )


def test_help_names_the_commands_and_the_exit_status() -> None:
    assert "status" in purel3("--help").stdout
    shown = purel3("status", "--help")
    assert shown.returncode == 0
    assert "0 all sessions are established, 1 something is not up" in " ".join(shown.stdout.split())
    assert "0 nothing would change, 2 something would" in " ".join(purel3("plan", "--help").stdout.split())


REFUSED = {
    "no command": ((), "the following arguments are required: COMMAND"),
    "a command that is none": (("stattus",), "invalid choice: 'stattus'"),
    "an output that is none": (("show", "-o", "yaml"), "invalid choice: 'yaml'"),
    "an option that is none": (("status", "--yaml"), "unrecognized arguments: --yaml"),
    "a node without its lab": (("status", "--node", "node1"), "name the lab with --lab"),
    "a lab that does not run": (
        ("status", "--lab", "no-such-lab"),
        "the lab no-such-lab does not run on this machine",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words_and_with_status_2(name: str) -> None:
    words, complaint = REFUSED[name]
    refused = purel3(*words)
    assert refused.returncode == 2
    assert complaint in refused.stderr
    assert "Traceback" not in refused.stderr


def test_plan_keeps_status_2_for_changes() -> None:
    for words in (("plan", "--yaml"), ("plan", "--state", "/nowhere")):
        refused = purel3(*words)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "/nowhere" in refused.stderr or "--yaml" in refused.stderr


def test_without_a_bird_something_is_not_up(tmp_path: Path) -> None:
    path = str(tmp_path / "bird.ctl")
    shown = purel3("status", "--socket", path)
    assert (shown.returncode, shown.stdout) == (1, "BIRD is not running.\n")
    assert f"nobody listens at {path}; start BIRD" in shown.stderr
    (node,) = json.loads(purel3("status", "-o", "json", "--socket", path).stdout)["nodes"]
    assert (
        purel3("status", "--json", "--socket", path).stdout == purel3("status", "-o", "json", "--socket", path).stdout
    )
    assert (node["is_running"], node["sessions"], node["error"]) == (False, [], None)


def test_every_supported_python_runs_it_alone(interpreters: t.Mapping[str, Path]) -> None:
    assert interpreters
    for interpreter in interpreters.values():
        shown = purel3("--version", env={"PUREL3_PYTHON": str(interpreter), "PYTHONPATH": "/nowhere"})
        assert (shown.stdout, shown.stderr) == (f"purel3 {read_version()}\n", "")
        assert purel3("status", "--socket", "/nowhere", env={"PUREL3_PYTHON": str(interpreter)}).returncode == 1


def test_the_version_is_that_of_the_collection_around_it(tmp_path: Path) -> None:
    assert read_version(str(tmp_path)) == "unknown"
    (tmp_path / "galaxy.yml").write_text('name: fabric\nversion: "1.2.3"  # next\n')
    assert read_version(str(tmp_path)) == "1.2.3"
    (tmp_path / "MANIFEST.json").write_text('{"collection_info": {"version": "1.2.4"}}')
    assert read_version(str(tmp_path)) == "1.2.4"


def test_a_link_to_it_finds_the_library(tmp_path: Path) -> None:
    link = tmp_path / "purel3"
    link.symlink_to(PROGRAM)
    assert subprocess.run([link, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path).stdout


UP = ProtocolStatus("a", "BGP", "", "up", "", "", "", (), SessionStatus("10.0.0.1", "Established"))
DOWN = ProtocolStatus("b", "BGP", "", "start", "", "", "", (), SessionStatus("10.0.0.2", "Active"))
DAEMON = Daemon("2.0.12", "10.0.0.9", False)


def test_a_node_counts_as_established_only_with_a_bird_and_all_its_sessions() -> None:
    assert is_all_established(describe_node("node1", DAEMON, [UP]))
    assert not is_all_established(describe_node("node1", DAEMON, [UP, DOWN]))
    assert not is_all_established(describe_node("node1", None))


def test_what_could_not_be_asked_says_why() -> None:
    assert node_lines(describe_node("node1", None, error="no answer")) == ("no answer",)
    assert node_lines(describe_node("node1", None)) == ("BIRD is not running.",)
    assert node_lines(describe_node("node1", DAEMON, [UP]))[0] == "IPv4 BGP status"
