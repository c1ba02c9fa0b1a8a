# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README says of containers and services, done as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import typing as t
from pathlib import Path

from box import Box, workload
from node_program import PROGRAM, save, state_of

README = Path(__file__).resolve().parents[2] / "README.md"
ADDRESS = "10.244.1.2"


def blocks() -> t.List[str]:
    """The blocks of code of the section, in their order."""
    section = README.read_text(encoding="utf-8").partition("## Containers and services\n")[2].partition("\n## ")[0]
    found = re.findall(r"```\w+\n(.*?)```", section, re.DOTALL)
    assert len(found) == 3
    return found


def shell(script: str) -> str:
    """Run commands as on a node with the command purel3 and a docker that runs one container."""
    path = f"/run/bin:{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_joins_a_namespace_finds_the_same_address_at_each_start(box: Box) -> None:
    """Podman and systemd only enter the same file; podman 4.3.1 was tried by hand."""
    (line,) = [line for line in blocks()[0].splitlines() if line.startswith("nsenter ")]
    box.workloads(workload("cache", ADDRESS))
    for _start in range(2):
        assert f" {ADDRESS}/32 " in shell(line.replace("COMMAND", "ip -4 -o address"))
    assert all("/run/netns/cache" in block for block in blocks()[:2])


def test_systemd_knows_what_the_unit_says(tmp_path: Path) -> None:
    unit = tmp_path / "cache.service"
    unit.write_text(f"{blocks()[1]}ExecStart=/bin/true\n", encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert "cache.service:" not in done.stderr, done.stderr


def test_a_container_that_is_started_again_is_attached_again(box: Box) -> None:
    box.turn_ipv6_off()
    save(state_of(workload("cache", ADDRESS, netns="/run/containers/cache")))
    PROGRAM.chmod(0o755)
    docker = Path("/run/bin/docker")
    docker.parent.mkdir()
    for _start in range(2):
        with box.process_in_new_namespace() as pid:
            docker.write_text(f'#!/bin/sh\n[ "$*" = "inspect -f {{{{.State.Pid}}}} cache" ] && echo {pid}\n', "ascii")
            docker.chmod(0o755)
            assert "+ workload cache  " in shell(blocks()[2])
            inside = shell(f"nsenter --net=/proc/{pid}/ns/net ip -4 -o address")
            assert f" {ADDRESS}/32 " in inside
        # No namespace of an earlier start is kept alive below.
        assert Path("/proc/self/mountinfo").read_text(encoding="utf-8").count(" /run/containers/cache ") == 1
