# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios, as a user runs them: namespaces first, then virtual machines."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import typing as t
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LOGS = CHECKOUT / ".cache/molecule"
SHOWN_LINES = 200
# By this variable of their environment, the processes of a run are known.
MARK = "PUREL3_TEST_RUN"


@dataclass(frozen=True)
class Scenario:
    """A scenario, and how it is run.

    Args:
        name: of its folder.
        minutes: after which it has failed; several times what it takes without KVM.
        on_machines: virtual ones.
        leaves_fabric: its machines, and the fabric on them, stay for the next one.
        inherits_fabric: it begins on those of the one before, so that only its last step is still to be done.
    """

    name: str
    minutes: int
    on_machines: bool = True
    leaves_fabric: bool = False
    inherits_fabric: bool = False


# All there are, in this order.
SCENARIOS = (
    Scenario("default", minutes=15, on_machines=False),
    Scenario("route_reflector", minutes=15, on_machines=False),
    Scenario("clean_host", minutes=40),
    Scenario("reboot", minutes=40, leaves_fabric=True),
    Scenario("upgrade", minutes=40, leaves_fabric=True, inherits_fabric=True),
    Scenario("ipip", minutes=60, inherits_fabric=True),
)


def run(words: t.Sequence[str], environment: t.Mapping[str, str], minutes: float, log: Path) -> t.Tuple[int, str]:
    """Run a command with all that it starts; nothing of that is left when the time is over.

    Args:
        words: of the command.
        environment: of it.
        minutes: how long it may take.
        log: the file that takes all that it says. Nobody has to close it, as one would a pipe.

    Returns:
        Its status, and the end of what it said.
    """
    mark = str(uuid.uuid4())
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            words,
            cwd=CHECKOUT,
            env={**environment, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            process.wait(60 * minutes)
        except BaseException as error:
            kill(f"{MARK}={mark}")
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            file.write(f"\n{' '.join(words)}: stopped after {minutes} minutes\n")
    return process.returncode, end_of(log)


def kill(mark: str) -> None:
    """Kill all processes that have something in their environment, also those with a session of their own."""
    deadline = time.monotonic() + 90
    # Whoever was started meanwhile is found the next time.
    while found := [path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if has(path, mark)]:
        assert time.monotonic() < deadline, f"processes that cannot be killed: {', '.join(found)}"
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.1)


def has(path: Path, mark: str) -> bool:
    """Whether an environment has it; one that has ended has nothing."""
    with contextlib.suppress(OSError):
        return mark.encode() in path.read_bytes().split(b"\0")
    return False


def end_of(log: Path) -> str:
    """What was said last, and where all of it is."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    left_out = [f"... {len(lines) - SHOWN_LINES} lines before these: {log}"] if len(lines) > SHOWN_LINES else []
    return "\n".join([*left_out, *lines[-SHOWN_LINES:]])


def environment() -> t.Dict[str, str]:
    """That of a user who has set nothing of Ansible's or Molecule's."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))},
        **{"ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "NO_COLOR": "1", "COLUMNS": "160"},
    }


def end_lab(scenario: Scenario) -> None:
    """Leave nothing of a scenario's lab."""
    fabric = f"molecule/{scenario.name}/{scenario.name}.fabric.yml"
    words = ["ansible-playbook", "-i", fabric, "purel3.fabric.lab_down"]
    status, output = run(words, environment(), 10, LOGS / f"{scenario.name}-lab_down.log")
    assert status == 0, output


@pytest.fixture(scope="module", name="left")
def fabrics_that_wait_for_the_next_scenario() -> t.Iterator[t.List[Scenario]]:
    """The scenario whose fabric is still there; its lab is ended even if the next one is never run."""
    left: t.List[Scenario] = []
    yield left
    for scenario in left:
        end_lab(scenario)


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(each, marks=[pytest.mark.machines] if each.on_machines else [], id=each.name) for each in SCENARIOS],
)
def test_scenario(scenario: Scenario, left: t.List[Scenario], tmp_path: Path) -> None:
    # What Molecule remembers of earlier runs is not for this one.
    fresh = {"MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path), "MOLECULE_GLOB": "molecule/*/molecule.yml"}
    if scenario.inherits_fabric and left:
        words = ["molecule", "verify", "-s", scenario.name]
    else:
        words = ["molecule", "test", "-s", scenario.name, *(["--destroy=never"] if scenario.leaves_fabric else [])]
    log = LOGS / f"{scenario.name}.log"
    left[:] = [scenario]
    status, output = run(words, {**environment(), **fresh}, scenario.minutes, log)
    # To Molecule a step without its playbook is none.
    has_passed = status == 0 and "Missing playbook" not in log.read_text(encoding="utf-8")
    if not (has_passed and scenario.leaves_fabric):
        left.clear()
        end_lab(scenario)
    assert has_passed, output


def test_every_scenario_is_run() -> None:
    there = {path.parent.name for path in CHECKOUT.glob("molecule/*/molecule.yml")}
    assert there == {scenario.name for scenario in SCENARIOS}


def test_of_a_run_that_takes_too_long_nothing_is_left_and_its_end_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = f"seq 1000; setsid sh -c 'sleep 600; echo late >{tmp_path}/late' & sleep 600"
    status, output = run(["sh", "-c", script], environment(), 0.01, log)
    assert status == -signal.SIGKILL
    lines = output.splitlines()
    assert lines[0].endswith(f" lines before these: {log}")
    assert len(lines) == SHOWN_LINES + 1
    assert lines[-1].endswith("stopped after 0.01 minutes")
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in cmdline(path)]


def cmdline(path: Path) -> bytes:
    """The words of a process; none of one that has ended."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""
