# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs no task, and that the survey asks for what the tasks ask for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns import survey as surveying
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.survey import (
    Finding,
    settled,
    survey,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import ForeignObject, InvalidInput

CHECKOUT = Path(__file__).resolve().parents[2]
TASKS = {
    "tunnel_info": "roles/node/tasks/tunnel_preflight.yml",
    "host_info": "roles/node/tasks/packages.yml",
    "host": "roles/node/tasks/main.yml",
    "policy": "roles/policy/tasks/main.yml",
    "workloads": "roles/node/tasks/main.yml",
    "tunnel": "roles/node/tasks/tunnel.yml",
    "bird_config": "roles/bird/tasks/configure.yml",
    "bird_service": "roles/bird/tasks/service.yml",
    "restore": "roles/restore/tasks/main.yml",
}
# What the action plugin renders of the same variables.
RENDERED = {"content", "passwords"}


def tasks_of(path: str, module: str) -> t.List[t.Dict[str, t.Any]]:
    listed = yaml.safe_load((CHECKOUT / path).read_text(encoding="utf-8"))
    return [task for task in listed if f"purel3.fabric.{module}" in task]


@pytest.mark.parametrize("name", TASKS)
def test_a_survey_has_the_options_of_the_task_that_it_makes_needless(name: str) -> None:
    (asked,) = tasks_of("playbooks/tasks/survey.yml", "survey")
    (task,) = tasks_of(TASKS[name], name)
    # A node without a tunnel has no address for one.
    optional = {"{{ node_tunnel.address | default(omit) }}": "{{ node_tunnel.address }}"}
    of_survey = {key: optional.get(value, value) for key, value in asked["purel3.fabric.survey"][name].items()}
    assert of_survey == {key: value for key, value in task[f"purel3.fabric.{name}"].items() if key not in RENDERED}
    role = TASKS[name].split("/")[1]
    assert f"'{name}' not in {role}_settled" in task["when"]


def test_preflights_are_left_out_where_their_concern_is_sound() -> None:
    for path, module, word in (
        ("roles/bird/tasks/preflight.yml", "bird_config", "'bird_config' not in bird_settled"),
        ("roles/restore/tasks/preflight.yml", "restore", "'restore_preflight' not in restore_settled"),
    ):
        (task,) = tasks_of(path, module)
        assert task["when"] == word


LINE, FAULT = Finding(("~ something",)), Finding(("something is wrong",), is_fault=True)
ALL = ("tunnel_info", "host_info", "host", "policy", "workloads", "tunnel", "bird_config", "bird_service", "restore")
CASES: t.Mapping[str, t.Tuple[t.Mapping[str, Finding], t.Sequence[str]]] = {
    "nothing differs": ({}, (*ALL, "restore_preflight")),
    "a workload": (
        {"workloads": LINE},
        tuple(name for name in (*ALL, "restore_preflight") if name != "workloads"),
    ),
    "the host may change what all others find": (
        {"host": LINE},
        ("tunnel_info", "host_info", "restore_preflight"),
    ),
    "a service after its file": (
        {"bird_config": LINE},
        ("tunnel_info", "host_info", "host", "policy", "workloads", "tunnel", "restore", "restore_preflight"),
    ),
    "a state to be saved": ({"restore": LINE}, (*ALL[:-1], "restore_preflight")),
    "something in the way of it": ({"restore": FAULT}, ALL[:-1]),
    "a foreign bird.conf": (
        {"bird_config": FAULT},
        ("tunnel_info", "host_info", "host", "policy", "workloads", "tunnel", "restore", "restore_preflight"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_needs_no_task(name: str) -> None:
    differing, expected = CASES[name]
    assert settled({**dict.fromkeys(ALL, Finding()), **differing}) == list(expected)


def options(**given: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    return {**dict.fromkeys([*ALL, "bird_passwords"]), **given}


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> t.List[str]:
    """All concerns do as they are told by their one option, and are listed as they are looked at."""
    listed: t.List[str] = []

    def concern(name: str) -> t.Any:
        def look(params: t.Mapping[str, t.Any]) -> Finding:
            listed.append(name)
            if isinstance(params["lines"], Exception):
                raise params["lines"]
            return Finding(tuple(params["lines"]))

        known = {"lines": {"type": "raw", "required": True}, "address": {"type": "str"}, "passwords": {"type": "str"}}
        return surveying._Concern(known, look)

    monkeypatch.setattr(surveying, "_CONCERNS", {name: concern(name) for name in ALL})
    return listed


def test_where_a_program_is_missing_nothing_after_its_package_is_looked_at(looked_at: t.List[str]) -> None:
    nothing: t.Dict[str, t.Any] = {"lines": []}
    found = survey(options(tunnel_info=nothing, host_info={"lines": ["bird"]}, host=nothing, restore=nothing))
    assert looked_at == ["tunnel_info", "host_info"]
    assert (found["settled"], found["is_settled"]) == (["tunnel_info"], False)
    assert found["differences"] == {"host_info": ("bird",)}


def test_a_fault_settles_nothing_and_stops_nobody(looked_at: t.List[str]) -> None:
    found = survey(
        options(
            host={"lines": []},
            workloads={"lines": InvalidInput(["one", "two"])},
            bird_config={"lines": ForeignObject("in the way")},
            bird_service={"lines": PermissionError(13, "not allowed")},
            restore={"no_such": 1},
        )
    )
    assert found["settled"] == ["host"]
    assert found["is_settled"] is False
    assert found["faults_found"]["workloads"] == ("one", "two")
    assert set(found["faults_found"]) == {"workloads", "bird_config", "bird_service", "restore"}
    assert found["in_the_way"] == ["in the way"]
    assert looked_at == ["host", "workloads", "bird_config", "bird_service"]


def test_a_node_without_a_tunnel_has_nothing_to_do_for_one(looked_at: t.List[str]) -> None:
    assert survey(options(tunnel={"lines": ["+ tunl0"]}, host={"lines": []}))["is_settled"] is True
    assert survey(options(tunnel={"lines": ["+ tunl0"], "address": "10.0.0.1"}))["is_settled"] is False


def test_no_password_is_shown(tmp_path: Path) -> None:
    arguments = {
        "bird_config": {"content": "protocol device { }\n", "path": str(tmp_path / "bird.conf")},
        "bird_passwords": 'define password_of_node2 = "pssst-7311";\n',
    }
    done = subprocess.run(
        [sys.executable, "-m", "ansible_collections.purel3.fabric.plugins.modules.survey"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "collections")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["differences"]["bird_config"]
    assert "pssst" not in done.stdout + done.stderr
