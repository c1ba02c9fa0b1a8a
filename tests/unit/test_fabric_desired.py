# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each way of writing a fabric file means for the nodes."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import (
    all_variables,
    host_variables,
    node_variables,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import CheckedFabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.modules import conformance, reachability
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

FILE = """\
plugin: purel3.fabric.fabric
as_number: 64512
pools: [{cidr: 10.244.0.0/16}]
nodes:
  node2: {address: 192.168.50.11/24, interface: ens33}
  node10: {address: 192.168.50.20/24, interface: ens33}
  node1: {address: 10.9.0.1/16, interface: ens33}
workloads:
  web2: {node: node1}
  web1: {node: node1}
"""


def checked(text: str, lab_name: str = "site") -> CheckedFabric:
    faults = Faults("site.fabric.yml")
    store = Faults("site.allocations.txt")
    return check_fabric(Source(faults, load(text, faults), store, lab_name=lab_name, backends=BACKENDS))


def host(name: str, text: str) -> t.Dict[str, t.Any]:
    return host_variables(checked(text))[name]


def test_peers_are_all_other_nodes_sorted_by_name() -> None:
    assert [peer["name"] for peer in host("node2", FILE)["bird_peers"]] == ["node1", "node10"]


def test_a_peer_is_direct_when_it_is_in_the_same_subnet() -> None:
    assert {peer["name"]: peer["is_direct"] for peer in host("node2", FILE)["bird_peers"]} == {
        "node1": False,
        "node10": True,
    }


def test_a_peer_may_announce_its_own_blocks_only() -> None:
    peer = next(peer for peer in host("node2", FILE)["bird_peers"] if peer["name"] == "node1")
    assert peer["blocks"] == host("node1", FILE)["bird_blocks"] == ["10.244.0.0/26"]


def test_the_router_id_is_the_address_unless_it_is_given() -> None:
    assert host("node2", FILE)["bird_router_id"] == "192.168.50.11"
    given = FILE.replace("ens33}", "ens33, router_id: 1.2.3.4}", 1)
    assert host("node2", given)["bird_router_id"] == "1.2.3.4"


def test_all_nodes_are_in_one_private_as_where_the_file_names_none() -> None:
    given = FILE.replace("as_number: 64512\n", "")
    assert given != FILE
    assert {host(name, given)["bird_as_number"] for name in ("node1", "node2")} == {64512}


def test_a_node_may_have_an_as_number_of_its_own() -> None:
    given = FILE.replace("ens33}", "ens33, as_number: 65001}", 1)
    assert host("node2", given)["bird_as_number"] == 65001
    assert {peer["name"]: peer["as_number"] for peer in host("node1", given)["bird_peers"]} == {
        "node10": 64512,
        "node2": 65001,
    }


def test_workloads_are_sorted_by_name_and_name_their_namespace() -> None:
    assert host("node1", FILE)["node_workloads"] == [
        {"name": "web1", "address": "10.244.0.0", "netns": "web1", "interface_name": "eth0"},
        {"name": "web2", "address": "10.244.0.1", "netns": "web2", "interface_name": "eth0"},
    ]


def test_a_workload_may_have_a_mac_address_of_its_own() -> None:
    first, second = host("node1", FILE.replace("web1: {node: node1", "web1: {node: node1, mac: 02-00-00-00-00-0A"))[
        "node_workloads"
    ]
    assert (first["mac"], second.get("mac")) == ("02:00:00:00:00:0a", None)


def test_all_workloads_may_send_from_any_address_but_those_that_say_otherwise() -> None:
    one_may_not = FILE.replace("web1: {node: node1", "web1: {node: node1, source_spoofing: disabled")
    first, second = host("node1", one_may_not + "workload_source_spoofing: any\n")["node_workloads"]
    assert (first["source_spoofing"], second["source_spoofing"]) == ("disabled", "any")
    assert "source_spoofing" not in host("node1", FILE)["node_workloads"][1]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("shop", "shop"),
        ("/run/netns/shop", "shop"),
        ("/var/run/netns/shop", "shop"),
        ("/proc/4711/ns/net", "/proc/4711/ns/net"),
        ("4711", "/proc/4711/ns/net"),
        ("'4711'", "/proc/4711/ns/net"),
        ("/run/podman/netns-1", "/run/podman/netns-1"),
    ],
)
def test_a_namespace_is_a_name_a_path_or_a_process_id(written: str, meant: str) -> None:
    workloads = host("node1", FILE.replace("web1: {node: node1", f"web1: {{node: node1, netns: {written}"))
    assert workloads["node_workloads"][0]["netns"] == meant


def test_without_a_lab_nothing_says_how_to_enter_the_nodes() -> None:
    assert node_variables(checked(FILE)) == {}
    assert sorted(all_variables(checked(FILE), "/x")) == [
        "fabric_allocation_store",
        "fabric_blocks",
        "fabric_pools",
        "fabric_topology",
        "verify_destinations",
    ]


def test_vars_are_variables_that_all_nodes_share_but_for_those_by_which_a_lab_is_entered() -> None:
    text = FILE.replace("10.9.0.1/16", "192.168.50.10/24") + "vars: {ansible_user: admin, racks: [a, b]}\n"
    assert node_variables(checked(text)) == {"ansible_user": "admin", "racks": ["a", "b"]}
    in_lab = node_variables(checked(f"{text}lab: {{backend: qemu}}\n"))
    assert (in_lab["ansible_user"], in_lab["racks"]) == ("root", ["a", "b"])


@pytest.mark.parametrize(("written", "name"), [("{}", "site"), ("{name: other, backend: namespaces}", "other")])
def test_a_lab_is_named_after_the_file_unless_it_has_a_name(written: str, name: str) -> None:
    one_network = FILE.replace("10.9.0.1/16", "192.168.50.10/24")
    variables = all_variables(checked(f"{one_network}lab: {written}\n"), "/x")
    assert variables["lab_name"] == name
    assert variables["lab_workload_count"] == 2
    assert variables["lab_nodes"][0] == {"name": "node1", "interface": "ens33", "address": "192.168.50.10/24"}


def test_destinations_are_all_workloads_with_their_nodes() -> None:
    assert all_variables(checked(FILE), "/x")["verify_destinations"] == (
        "name=web1 node=node1 address=10.244.0.0,name=web2 node=node1 address=10.244.0.1"
    )


@pytest.mark.parametrize(
    ("module", "option", "variable", "more", "first"),
    [
        (conformance, "blocks", "fabric_blocks", {"node": "node1"}, {"block": "10.244.0.0/26", "node": "node1"}),
        (
            reachability,
            "destinations",
            "verify_destinations",
            {"workloads": []},
            {"name": "web1", "node": "node1", "address": "10.244.0.0"},
        ),
    ],
    ids=["conformance", "reachability"],
)
@pytest.mark.parametrize("text", [FILE, FILE[: FILE.index("workloads")]], ids=["with workloads", "without any"])
def test_a_module_takes_what_the_whole_fabric_has_in_common_as_the_text_that_it_is(
    text: str,
    module: t.Any,
    option: str,
    variable: str,
    more: t.Mapping[str, t.Any],
    first: t.Mapping[str, str],
) -> None:
    value = all_variables(checked(text), "/x")[variable]
    read = ArgumentSpecValidator(module.ARGUMENT_SPEC).validate({**more, option: value})
    assert read.error_messages == []
    options = read.validated_parameters[option]
    found = [{key: value for key, value in item.items() if value is not None} for item in options]
    assert found[:1] == ([first] if value else [])
    assert len(found) == len(value.split(",") if value else [])


def test_no_workloads_is_a_fabric_too() -> None:
    for text in (
        FILE[: FILE.index("workloads")],
        FILE[: FILE.index("  web2")],
        FILE[: FILE.index("workloads")] + "workloads: {}",
    ):
        assert host("node1", text)["node_workloads"] == []


def test_yaml_anchors_and_merge_keys_spare_repetition() -> None:
    text = FILE.replace("node2: {", "node2: &rack {labels: {rack: a}, ").replace(
        "node1: {address: 10.9.0.1/16, interface: ens33}", "node1: {<<: *rack, address: 10.9.0.1/16}"
    )
    assert host("node1", text)["fabric_labels"] == {"rack": "a"}
    assert host("node1", text)["bird_address"] == "10.9.0.1"


def test_a_node_may_stand_alone_in_its_subnet() -> None:
    for address in ("192.168.50.11/32", "192.168.60.0/31"):
        assert host("node2", FILE.replace("192.168.50.11/24", address))["bird_address"] == address.partition("/")[0]


def test_two_nodes_may_have_workloads_in_namespaces_of_the_same_name() -> None:
    text = FILE.replace("web2: {node: node1", "web2: {node: node2, netns: web1")
    assert host("node2", text)["node_workloads"][0]["netns"] == "web1"


def test_a_thousand_nodes_are_planned_in_seconds() -> None:
    """Measured: 0.7 s for 1,000 nodes with 10,000 workloads; anything quadratic but the mesh itself takes minutes."""
    nodes = [f"  n{i}: {{address: 172.16.{i // 250}.{i % 250 + 1}/16, interface: ens33}}" for i in range(1000)]
    workloads = [f"  w{i}: {{node: n{i % 1000}}}" for i in range(10000)]
    head = FILE[: FILE.index("nodes:")].replace("10.244.0.0/16", "10.0.0.0/8")
    start = time.process_time()
    variables = host_variables(checked("\n".join([f"{head}nodes:", *nodes, "workloads:", *workloads])))
    assert len(variables["n999"]["bird_peers"]) == 999
    assert time.process_time() - start < 10
