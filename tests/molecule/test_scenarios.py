# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios, as a user runs them: namespaces first, then virtual machines."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Scenario:
    """A scenario, and how it is run.

    Args:
        name: of its folder.
        minutes: after which it has failed; several times what it takes without KVM.
        on_machines: virtual ones; they take half an hour together with TCG on two cores.
        leaves_lab: its machines stay for the next one, which has the same lab.
        inherits_lab: it begins on the machines of the one before, where they run.
    """

    name: str
    minutes: int
    on_machines: bool = True
    leaves_lab: bool = False
    inherits_lab: bool = False


# All there are, in this order.
SCENARIOS = (
    Scenario("default", minutes=15, on_machines=False),
    Scenario("full_mesh", minutes=40),
    Scenario("reboot", minutes=40, leaves_lab=True),
    Scenario("upgrade", minutes=40, inherits_lab=True),
    Scenario("clean_host", minutes=40),
    Scenario("route_reflector", minutes=40),
    Scenario("ipip", minutes=60),
)


def run(words: t.Sequence[str], environment: t.Mapping[str, str], minutes: int) -> t.Tuple[int, str]:
    """Run a command with all that it starts; nothing of that is left when the time is over."""
    with subprocess.Popen(
        words,
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        try:
            output, _nothing = process.communicate(timeout=60 * minutes)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            output = f"{process.communicate()[0]}\n{' '.join(words)}: stopped after {minutes} minutes"
    return process.returncode, output


def environment() -> t.Dict[str, str]:
    """That of a user who has set nothing of Ansible's or Molecule's."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))},
        **{"ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "NO_COLOR": "1", "COLUMNS": "160"},
    }


def end_lab(scenario: Scenario) -> None:
    """Leave nothing of a scenario's lab."""
    fabric = f"molecule/{scenario.name}/{scenario.name}.fabric.yml"
    status, output = run(["ansible-playbook", "-i", fabric, "purel3.fabric.lab_down"], environment(), minutes=10)
    assert status == 0, output


@pytest.fixture(scope="module", name="left")
def labs_that_wait_for_the_next_scenario() -> t.Iterator[t.List[Scenario]]:
    """The scenarios whose lab may still run; it is ended even if the next one is never run."""
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
    shares_lab = scenario.leaves_lab or scenario.inherits_lab
    words = ["molecule", "test", "-s", scenario.name, *(["--destroy=never"] if shares_lab else [])]
    has_passed = False
    if scenario.leaves_lab:
        left.append(scenario)
    try:
        status, output = run(words, {**environment(), **fresh}, scenario.minutes)
        # To Molecule a step without its playbook is none.
        has_passed = status == 0 and "Missing playbook" not in output
        assert has_passed, output
    finally:
        if not (has_passed and scenario.leaves_lab):
            end_lab(scenario)


def test_every_scenario_is_run() -> None:
    there = {path.parent.name for path in CHECKOUT.glob("molecule/*/molecule.yml")}
    assert there == {scenario.name for scenario in SCENARIOS}
