# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of a workload's options: what takes a workload takes all of them, and has no list of its own."""

from __future__ import annotations

import json
import typing as t
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from box import request_of
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.purel3.fabric.plugins.doc_fragments.workload import ModuleDocFragment
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import request_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.description import describe
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.request import requests_of, state_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.state import State, decode, encode
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.words import lines_of
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values import scalars
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import (
    OPTION_NAMES,
    WORKLOAD_OPTIONS,
    WORKLOAD_SPEC,
    Workload,
    options_of,
    workload_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.expectation import expectation_from_params

# A workload that gives every option a value other than its default.
WHOLE: t.Dict[str, t.Any] = {
    "name": "web1",
    "address": "10.244.1.1",
    "netns": "blue",
    "interface_name": "net0",
    "mtu": 1400,
    "mac": "02:00:00:00:00:0a",
    "floating_ips": ["198.51.100.10", "198.51.100.11"],
    "source_spoofing": "any",
}
OTHERS: t.Dict[str, t.Dict[str, t.Any]] = {
    "workloads": {},
    "conformance": {"node": "node1"},
    "reachability": {"destinations": []},
}
SAVED: t.Dict[str, t.Any] = {
    "node": "node1",
    "mtu": None,
    "transit": False,
    "tunnel": {},
    "tunnel_endpoints": [],
    "modules": [],
    "settings": {},
    "blocks": [],
}


def nothing(_netns: str) -> str:
    return ""


def validated(module: str, item: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    code = import_module(f"ansible_collections.purel3.fabric.plugins.modules.{module}")
    result = ArgumentSpecValidator(code.ARGUMENT_SPEC).validate({**OTHERS[module], "workloads": [item]})
    assert not result.error_messages, module
    parameters: t.Dict[str, t.Any] = result.validated_parameters
    return parameters


def test_the_rows_are_the_fields() -> None:
    assert OPTION_NAMES == Workload._fields == tuple(WHOLE)
    assert all(value != Workload._field_defaults.get(name) for name, value in WHOLE.items())
    for option in WORKLOAD_OPTIONS:
        assert (option.name not in Workload._field_defaults) is (option.is_required or option.name == "netns")
        if option.default is not None:
            assert Workload._field_defaults[option.name] == option.default


def test_the_documentation_has_the_options_of_the_table() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["workloads"]["suboptions"]
    assert list(documented) == list(OPTION_NAMES)
    for name, item in documented.items():
        assert item.pop("description")
        assert item == WORKLOAD_SPEC[name]


@pytest.mark.parametrize("module", OTHERS)
def test_every_module_that_takes_workloads_takes_all_of_their_options(module: str) -> None:
    assert validated(module, WHOLE)["workloads"] == [WHOLE]


def test_every_module_with_a_list_of_workloads_is_known_here() -> None:
    folder = Path(__file__).resolve().parents[2] / "plugins/modules"
    with_workloads = set()
    for name in sorted(path.stem for path in folder.glob("[!_]*.py")):
        spec = import_module(f"ansible_collections.purel3.fabric.plugins.modules.{name}").ARGUMENT_SPEC
        if spec.get("workloads", {}).get("options") is not None:
            assert spec["workloads"]["options"] is WORKLOAD_SPEC, name
            with_workloads.add(name)
    assert with_workloads == set(OTHERS)


def test_conformance_compares_what_the_module_makes() -> None:
    parameters = validated("conformance", WHOLE)
    expectation = expectation_from_params(parameters)
    assert expectation.workloads == request_of("workloads", {"workloads": [WHOLE]})


def test_every_option_changes_what_the_kernel_should_hold() -> None:
    whole = request_from({"workloads": [WHOLE]})
    for name in OPTION_NAMES[2:]:
        assert request_from({"workloads": [{**WHOLE, name: None}]}) != whole, name


def test_every_option_is_saved_shown_and_restored() -> None:
    state = state_from({**SAVED, "workloads": [WHOLE]}, "now", nothing)
    assert json.loads(encode(state))["workloads"] == [WHOLE]
    # An option that nobody gives is not in the file, which so stays as it was when the option came.
    bare = {"name": "web1", "address": "10.244.1.1"}
    assert json.loads(encode(state_from({**SAVED, "workloads": [bare]}, "now", nothing)))["workloads"] == [bare]
    restored = decode(encode(state), "node.json")
    assert restored == state
    assert requests_of(restored, "now", nothing, nothing)[0][-1] == request_from({"workloads": [WHOLE]})
    (shown,) = describe(restored, {})["workloads"]
    assert json.loads(json.dumps({name: shown[name] for name in OPTION_NAMES})) == WHOLE
    for name in OPTION_NAMES:
        other = State("node1", (workload_from({**WHOLE, name: {"mtu": 1300, "floating_ips": []}.get(name, "other")}),))
        assert lines_of(other) != lines_of(restored), name


NAMES = st.sampled_from(["web1", "4711", "blue"])
WORKLOAD = st.builds(
    Workload,
    name=NAMES,
    address=st.just("10.244.1.1"),
    netns=st.sampled_from(["web2", "/proc/4711/ns/net", "/run/containers/web1"]),
    interface_name=st.sampled_from(["eth0", "net0"]),
    mtu=st.sampled_from([0, 1400]),
    mac=st.sampled_from(["", "02:00:00:00:00:01"]),
    floating_ips=st.sampled_from([(), ("198.51.100.10",), ("198.51.100.10", "198.51.100.9")]),
)


@given(WORKLOAD, st.booleans())
def test_what_is_written_is_what_is_read(workload: Workload, is_own_namespace: bool) -> None:
    if is_own_namespace:
        workload = workload._replace(netns=workload.name)
    assert workload_from(options_of(workload)) == workload


FLOATING_IPS = ("198.51.100.10", "198.51.100.9")
FORMS: t.Dict[str, t.Tuple[str, t.Any, t.Any]] = {
    "a process id": ("netns", "4711", "/proc/4711/ns/net"),
    "a process id without quotes, as it reaches the module restore": ("netns", 4711, "/proc/4711/ns/net"),
    "an MTU that a template made": ("mtu", "1400", 1400),
    "an MTU that is none": ("mtu", "big", "big"),
    "no MTU": ("mtu", 0, 1450),
    "floating IPs as a template may give them": ("floating_ips", "198.51.100.9,198.51.100.10", FLOATING_IPS),
    "floating IPs in another order, one twice": ("floating_ips", [*FLOATING_IPS[::-1], "198.51.100.9"], FLOATING_IPS),
    "a MAC address as others write it": ("mac", "02-00-00-00-00-0A", "02:00:00:00:00:0a"),
}


@pytest.mark.parametrize("case", FORMS)
def test_what_can_be_written_in_several_ways_is_one_value(case: str) -> None:
    name, written, read = FORMS[case]
    assert getattr(workload_from({**WHOLE, name: written}, 1450), name) == read


def test_an_mtu_that_is_no_number_is_refused_before_it_is_saved() -> None:
    with pytest.raises(InvalidInput, match="workload web1: mtu big is not between 68 and 65535 bytes"):
        state_from({**SAVED, "workloads": [{**WHOLE, "mtu": "big"}]}, "now", nothing)


BAD_FLOATING_IPS: t.Dict[str, t.Tuple[t.List[str], str]] = {
    "with a length": (["198.51.100.1/32"], "floating_ips: 198.51.100.1/32 is not an address that can lead to it"),
    "of nobody": (["224.0.0.1"], "floating_ips: 224.0.0.1 is not an address that can lead to it"),
    "nine": ([f"198.51.100.{number}" for number in range(9)], "floating_ips: 9 are given; 8 are the most"),
}


@pytest.mark.parametrize("case", BAD_FLOATING_IPS)
def test_floating_ips_that_cannot_be_are_refused(case: str) -> None:
    addresses, words = BAD_FLOATING_IPS[case]
    with pytest.raises(InvalidInput, match=words):
        request_from({"workloads": [{**WHOLE, "floating_ips": addresses}]})


def test_an_address_of_one_workload_is_no_floating_ip_of_another() -> None:
    other = {"name": "web2", "address": "198.51.100.10"}
    with pytest.raises(InvalidInput, match=r"workload web2: address 198\.51\.100\.10 is also workload web1's"):
        request_from({"workloads": [WHOLE, other]})


@given(st.text(max_size=16) | st.sampled_from(["lo", "all", "default", "eth0", ".", "..", "eth@0", "a" * 16]))
def test_an_interface_name_that_a_fabric_file_may_have_is_one_that_the_modules_take(name: str) -> None:
    try:
        scalars.interface_name(name)
    except scalars.BadValue:
        return
    request_from({"workloads": [{**WHOLE, "interface_name": name}]})


@pytest.mark.parametrize("name", ["lo", "all", "default"])
def test_a_name_that_no_interface_of_a_workload_can_have_is_refused_by_both(name: str) -> None:
    with pytest.raises(scalars.BadValue) as in_file:
        scalars.interface_name(name)
    with pytest.raises(InvalidInput) as in_module:
        request_from({"workloads": [{**WHOLE, "interface_name": name}]})
    assert in_module.value.faults == (f"workload web1: interface_name {name!r} {in_file.value}",)
