# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mode is one row: what would be said of a made-up one, everywhere that a mode says something."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from bad_fabric import GOOD, problems
from box import request_of

from ansible_collections.purel3.fabric.plugins.inventory.fabric import DOCUMENTATION
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.impact import mode_changes
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.encapsulation import devices, guard
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.encapsulation.tunnel import (
    mode_of,
    to_release,
    to_request,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import host_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.request import modules_of, requests_of
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.state import State, TunnelEnd, decode, encode
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds import expressions
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.table import transaction
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.tunnel import Tunnel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values import modes
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.modes import IPIP, Match, Mode
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.encapsulation import encapsulation_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.expectation import expectation_from_params
from ansible_collections.purel3.fabric.plugins.modules import conformance
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

ROLE = Path(__file__).resolve().parents[2] / "roles/node"
TUBE = Mode("tube", "tube0", "tubes", 36, Match("udp", "dport", 7000), True, False)
IN_TUBE = GOOD.replace("    block_size: 26\n", "    block_size: 26\n    encapsulation: tube\n")
VARIABLES = {"bird_address": "10.0.0.1", "bird_as_number": 64512, "bird_blocks": ["10.1.0.0/26"]}


@pytest.fixture
def tube(monkeypatch: pytest.MonkeyPatch) -> Mode:
    """One mode more, whose device the kernel makes as it does tunl0."""
    monkeypatch.setitem(t.cast(t.Any, modes.MODES), TUBE.name, TUBE)
    monkeypatch.setitem(t.cast(t.Any, modes.MODE_OF_DEVICE), TUBE.device, TUBE)
    monkeypatch.setitem(t.cast(t.Any, devices.DEVICES), TUBE.device, devices.DEVICES[IPIP.device])
    return TUBE


def test_the_table_holds_what_the_documentation_of_the_fabric_file_names() -> None:
    documented = yaml.safe_load(DOCUMENTATION)["options"]["pools"]["suboptions"]["encapsulation"]["choices"]
    assert documented == ["none", *modes.MODES]


def test_modes_of_one_device_differ_in_when_they_apply_only_and_each_device_can_be_made() -> None:
    for mode in modes.MODES.values():
        other = modes.MODE_OF_DEVICE[mode.device]
        assert mode._replace(name="", is_across_subnets_only=False) == other._replace(name="")
        assert mode.device in devices.DEVICES


def test_the_variables_of_a_node_name_what_differs_from_ipip(tube: Mode) -> None:
    faults = Faults("f.fabric.yml")
    found = check_fabric(Source(faults, load(IN_TUBE, faults), Faults("f.allocations.txt"), ""))
    variables = host_variables(found)["node1"]
    assert variables["node_tunnel"] == {"address": "10.244.1.63", "mtu": 1464, "device": "tube0"}
    assert variables["node_tunnel_module"] == "tubes"
    assert variables["bird_encapsulation"] == [{"prefix": "10.244.0.0/16", "mode": "tube"}]
    assert variables["node_workloads"][0]["mtu"] == 1464


def test_the_overhead_is_that_of_the_mode(tube: Mode) -> None:
    assert problems(IN_TUBE.replace("as_number", "mtu: 600\nas_number")) == [
        "lab.fabric.yml:2: mtu 600 leaves 564 bytes for a packet inside of another in pool 10.244.0.0/16 (line 5); use "
        "612 or more"
    ]


def test_pools_of_two_tunnels_are_refused(tube: Mode) -> None:
    text = IN_TUBE.replace("nodes:", "  - {cidr: 10.9.0.0/16, encapsulation: ipip}\nnodes:", 1)
    assert problems(text) == [
        "lab.fabric.yml:7: pool 10.9.0.0/16 is ipip, but pool 10.244.0.0/16 (line 4) is tube, and a node has one "
        "tunnel; use one that goes with tube"
    ]


def test_a_node_s_end_is_that_of_the_device(tube: Mode) -> None:
    request = to_request("10.1.0.3", None, ["192.168.50.11"], "tube0")
    assert {key[2] for key in request.present if len(key) == 3} >= {"tube0"}
    assert [one for one in request.present.values() if isinstance(one, Tunnel)] == [
        Tunnel("", "tube0", 1464, True, 28726, "purel3 tunnel 10.1.0.3/32")
    ]
    assert guard.guard(["192.168.50.11"], tube.match) in request.present.values()
    assert sorted(one.device for one in to_release().present.values() if isinstance(one, Tunnel)) == ["tube0", "tunl0"]
    with pytest.raises(
        InvalidInput, match="mtu 65500 is not between 68 and 65499 bytes; give that of the network less 36"
    ):
        to_request("10.1.0.3", 65500, [], "tube0")


def test_a_device_of_no_tunnel_is_refused() -> None:
    with pytest.raises(InvalidInput, match="device tube0 is no tunnel's; give one of tunl0"):
        mode_of("tube0")


def test_the_guard_drops_the_packets_of_the_mode(tube: Mode) -> None:
    wanted = guard.guard(["192.168.50.11"], tube.match)
    matched = expressions.is_equal(expressions.field("udp", "dport"), 7000)
    assert [rule.expressions[: len(matched)] for rule in wanted.rules] == [matched, matched]
    other = guard.guard(["192.168.50.11"], IPIP.match)
    # Only the rules of both chains go, and come anew.
    assert len(list(transaction(other, wanted))) == 4
    assert list(transaction(wanted, wanted)) == []


def test_bird_leads_the_routes_into_the_device_and_is_seen_to(tube: Mode) -> None:
    pool = [{"prefix": "10.1.0.0/26", "mode": "tube"}]
    plain, led = render_variables(VARIABLES), render_variables({**VARIABLES, "bird_encapsulation": pool})
    assert led.count('ifname = "tube0";') == 1
    assert [str(change) for change in mode_changes(plain, led)] == ["10.1.0.0/26: none -> tube"]
    faults: t.List[str] = []
    way = encapsulation_from(pool, [], [], faults)
    assert (way.device_for("10.1.0.0/30", "10.0.0.2"), faults) == ("tube0", [])


def test_a_saved_node_has_its_module_loaded_and_its_end_put_back(tube: Mode) -> None:
    state = State(node="n1", tunnel=TunnelEnd("10.1.0.3", 1464, ("192.168.50.11",), "tube0"))
    assert decode(encode(state), "it") == state
    assert modules_of(state) == ("tubes",)
    requests, _left_out = requests_of(state, "", lambda netns: "", lambda netns: "")
    devices_of = {one.device for request in requests for one in request.present.values() if isinstance(one, Tunnel)}
    assert devices_of == {"tube0"}


def test_whatever_a_node_s_end_says_reaches_the_modules(tube: Mode) -> None:
    keys = {"address", "device", "mtu"}
    options = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert set(options["node_tunnel"]["options"]) == keys
    assert set(conformance.ARGUMENT_SPEC["tunnel"]["options"]) == keys
    (task,) = yaml.safe_load((ROLE / "tasks/tunnel.yml").read_text())
    assert {key for key in keys if f"node_tunnel.{key}" in task["purel3.fabric.tunnel"][key]} == keys
    look, _stop = yaml.safe_load((ROLE / "tasks/tunnel_preflight.yml").read_text())
    assert "node_tunnel.device" in look["purel3.fabric.tunnel_info"]["device"]
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    assert defaults["node_tunnel_module"] == IPIP.module
    assert "node_tunnel_module" in defaults["node_modules"]


@pytest.mark.parametrize("module", ["tunnel", "conformance"])
def test_a_module_wants_what_its_device_needs(tube: Mode, module: str) -> None:
    end = {"address": "10.1.0.3", "device": "tube0", "mtu": None}
    if module == "tunnel":
        request = request_of("tunnel", {**end, "endpoints": ["192.168.50.11"]})
    else:
        given = {"node": "n1", "peers": [], "blocks": [], "own_blocks": [], "is_transit": False, "workloads": None}
        more = {"allows_other_sessions": False, "encapsulation": None, "subnets": None}
        ends = {"tunnel": end, "tunnel_endpoints": ["192.168.50.11"]}
        request = t.cast(t.Any, expectation_from_params({**given, **more, **ends}).tunnel)
    assert request == to_request("10.1.0.3", 1464, ["192.168.50.11"], "tube0")
