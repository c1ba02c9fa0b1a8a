# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as Ansible runs them: options in, one line of JSON out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from box import Box, workload

MODULES = "ansible_collections.purel3.fabric.plugins.modules."
WEB1 = workload("web1", "10.244.1.1")

Result = t.Dict[str, t.Any]


def result_of(module: str, options: t.Mapping[str, t.Any], is_checked: bool = False) -> Result:
    """Run a module in a process of its own, as Ansible does."""
    arguments = {**options, "_ansible_check_mode": is_checked, "_ansible_diff": True}
    done = subprocess.run(
        [sys.executable, "-m", MODULES + module],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    result: Result = json.loads(done.stdout)
    return result


CASES: t.Dict[str, t.Tuple[str, Result, str]] = {
    "workloads": (
        "workloads",
        {"workloads": [WEB1]},
        "route 169.254.1.1/32 dev lo table local proto 112 scope link\n"
        "source guard for 1 source\n"
        "sysctl net.ipv4.ip_forward = 1\n"
        "workload web1  10.244.1.1/32  cali977588a87e1 -> eth0\n",
    ),
    "netns": ("netns", {"names": ["blue"]}, "netns blue\n"),
    "veth": ("veth", {"veths": [{"name": "va", "peer": {"name": "vb"}}]}, "veth vb -> va\n"),
    "route": (
        "route",
        {"routes": [{"destination": "10.9.0.0/24", "type": "blackhole"}]},
        "route blackhole 10.9.0.0/24 proto 112\n",
    ),
    "proxy_arp": (
        "proxy_arp",
        {"interfaces": ["lo"]},
        "sysctl net.ipv4.conf.lo.proxy_arp = 1\nsysctl net.ipv4.neigh.lo.proxy_delay = 0\n",
    ),
    "sysctl": (
        "sysctl",
        {"settings": {"net.ipv4.ip_forward": 1}},
        "sysctl net.ipv4.ip_forward = 1\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_check_mode_prints_the_plan_that_the_run_carries_out(case: str, box: Box) -> None:
    module, options, after = CASES[case]
    before = box.state()
    checked = result_of(module, options, is_checked=True)
    assert box.state() ^ before == set()
    done = result_of(module, options)
    assert checked["changed"] is done["changed"] is True
    assert checked["operations"] == done["operations"]
    assert checked["diff"] == done["diff"]
    assert done["diff"]["after"] == after


@pytest.mark.parametrize("case", CASES)
def test_a_second_run_changes_nothing(case: str, box: Box) -> None:
    module, options, _after = CASES[case]
    result_of(module, options)
    result = result_of(module, options)
    assert (result["changed"], result["operations"]) == (False, [])
    assert result["diff"] == {"before": "", "after": ""}


def test_a_refusal_is_no_traceback(box: Box) -> None:
    box.ip("link add cali977588a87e1 type bridge")
    result = result_of("workloads", {"workloads": [WEB1]})
    assert result["failed"]
    assert result["msg"].startswith("interface cali977588a87e1 stands in the way of workload web1")
    assert "exception" not in result


def test_check_mode_warns_of_what_an_earlier_task_may_make(box: Box) -> None:
    options = {"veths": [{"name": "va", "namespace": "blue", "peer": {"name": "vb"}}]}
    result = result_of("veth", options, is_checked=True)
    assert result["operations"] == ["+ veth vb -> va in netns blue"]
    assert "there is no netns blue; create it first" in str(result["warnings"])
    assert result_of("veth", options)["msg"] == "veth vb -> va in netns blue: there is no netns blue; create it first"


def test_settings_are_put_in_force_and_kept(box: Box, tmp_path: Path) -> None:
    path = tmp_path / "90-test.conf"
    options = {
        "settings": {"net.ipv4.ip_forward": 1, "net.ipv4.neigh.default.gc_thresh1": 8192},
        "path": str(path),
        "is_optional": True,
    }
    result = result_of("sysctl", options)
    assert result["operations"] == [
        "~ sysctl net.ipv4.ip_forward = 0 => sysctl net.ipv4.ip_forward = 1",
        f"+ file {path}",
    ]
    assert box.setting("ipv4/ip_forward") == "1"
    assert path.read_text().splitlines()[1:] == ["net.ipv4.ip_forward = 1"]


INFO = {
    "netns_info": {"namespaces": []},
    "veth_info": {"veths": []},
    "route_info": {"routes": []},
    "workloads_info": {"workloads": [], "dropped": {"foreign_sources": 0, "encapsulated": 0, "ipv6": 0, "going": 0}},
}


@pytest.mark.parametrize("module", INFO)
def test_reading_an_empty_node(module: str, box: Box) -> None:
    result = result_of(module, {})
    result.pop("invocation")
    assert result == {"changed": False, **INFO[module]}
