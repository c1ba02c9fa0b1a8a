# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backends of labs: all that one says in its own file reaches the fabric file, the module and the inventory."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.purel3.fabric.plugins.inventory import fabric as inventory
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import (
    all_variables,
    host_variables,
    node_variables,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import CheckedFabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.backend import (
    Backend,
    BackendOption,
    Fault,
    lab_keys,
    node_keys,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.request import lab_from_params
from ansible_collections.purel3.fabric.plugins.modules import lab as module
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

COLLECTIONS = Path(__file__).resolve().parents[2] / "collections"
HEAD = """\
plugin: purel3.fabric.fabric
pools: [{cidr: 10.244.0.0/16}]
nodes:
  node1: {address: 192.168.50.10/24, interface: ens33}
  node2: {address: 192.168.50.11/24, interface: ens33}
workloads: {}
"""
NODE: t.Mapping[str, t.Any] = {"name": "node1", "interface": "ens33", "address": "192.168.50.10/24"}

# All that it takes to add one.
CLOUD = Backend(
    name="cloud",
    nodes="cloud instances",
    operations=None,
    options=(BackendOption("zone", "str", str, default="a"),),
    node_options=(BackendOption("flavour", "str", str), BackendOption("serial", "int", int, is_unique=True)),
    connection={"ansible_connection": "cloud"},
    node_variables={"node_packages": ["bird2"]},
    place=lambda name, number, own: {"lab_node": name, "ansible_host": f"{own.get('flavour')}-{number}"},
    variables=lambda options: {"lab_machines": dict(options)},
    conflicts=lambda given: [Fault("zone", "zone knows no cpus", "remove one")] if "cpus" in given else [],
    fabric_faults=lambda _options, nodes: [
        Fault("address", f"address {link.address} is none of the cloud's", "give it another", link.interface, node.name)
        for node in nodes
        for link in node.links
        if link.address.startswith("10.9.")
    ],
    faults=lambda lab, nodes, _params: [f"lab {lab}: {len(nodes)} are too many"] if len(nodes) > 1 else [],
)


def checked(lab: str, head: str = HEAD) -> CheckedFabric:
    faults = Faults("x.fabric.yml")
    text = f"{head}lab: {lab}\n"
    backends = (*BACKENDS, CLOUD)
    return check_fabric(Source(faults, load(text, faults), Faults("x.txt"), lab_name="x", backends=backends))


def problems(lab: str, head: str = HEAD) -> t.List[str]:
    with pytest.raises(InvalidInput) as refused:
        checked(lab, head)
    return [fault.partition(": ")[2] for fault in refused.value.faults]


def test_what_one_more_backend_says_becomes_variables() -> None:
    fabric = checked("{backend: cloud, zone: b, nodes: {node2: {flavour: tiny, serial: 7}}}")
    variables = all_variables(fabric, "/x")
    assert variables["lab_backend"] == "cloud"
    assert variables["lab_machines"] == {"zone": "b"}
    assert "lab_networks" not in variables
    assert variables["lab_nodes"][1] == {**NODE, "name": "node2", "address": "192.168.50.11/24"} | {
        "flavour": "tiny",
        "serial": 7,
    }
    assert node_variables(fabric)["ansible_connection"] == "cloud"
    assert node_variables(fabric)["node_packages"] == ["bird2"]
    assert [host_variables(fabric)[node]["ansible_host"] for node in ("node1", "node2")] == ["None-0", "tiny-1"]


BAD = {
    "an option of another": (
        "{zone: a}",
        "lab: zone is for cloud instances, and the backend is namespaces; remove it,",
    ),
    "an option of a node of another": (
        "{backend: qemu, nodes: {node1: {flavour: tiny}}}",
        "lab: node node1: flavour is for cloud instances, and the backend is qemu; remove it, or set backend: cloud",
    ),
    "an option of several": (
        "{nodes: {}}",
        "lab: nodes is for virtual machines and machines that exist and cloud instances, and the backend is "
        "namespaces; remove it, or set backend: qemu or existing or cloud",
    ),
    "segments": ("{backend: cloud, networks: {}}", "lab: networks is for virtual machines, and the backend is cloud;"),
    "routers": (
        "{backend: cloud, routers: {}}",
        "lab: routers run FRR on this machine, which backend cloud does not do yet; remove them, or set backend: "
        "namespaces",
    ),
    "two that cannot be together": ("{backend: qemu, cpus: 1, zone: a}", "lab: zone knows no cpus; remove one"),
    "one value twice": (
        "{backend: cloud, nodes: {node1: {serial: 1}, node2: {serial: 1}}}",
        "node2: serial 1 is also node1's (line 7); give each its own",
    ),
    "a host that is an option of ssh": (
        "{backend: existing, nodes: {node1: {host: -oProxyCommand=x}}}",
        "lab: node node1: host -oProxyCommand=x is not a host; write the name or the address that ssh takes, such as "
        "10.0.0.11",
    ),
    "a port that is none": (
        "{backend: existing, nodes: {node1: {port: 0}}}",
        "lab: node node1: port 0 is out of range; use 1 to 65535",
    ),
    "a machine of an existing one": (
        "{backend: existing, memory: 512, nodes: {node1: {mac: '02:00:00:00:00:01'}}}",
        "lab: node node1: mac is for virtual machines, and the backend is existing; remove it, or set backend: qemu",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_a_backend_s_is_refused_in_a_fabric_file(case: str) -> None:
    written, problem = BAD[case]
    assert any(found.startswith(problem) for found in problems(written)), problems(written)


def test_what_a_backend_cannot_have_of_the_fabric_names_the_default_as_a_way_out() -> None:
    far = HEAD.replace("192.168.50.11/24", "10.9.0.1/24") + "topology: none\n"
    assert problems("{backend: cloud}", far) == [
        "node2: address 10.9.0.1/24 is none of the cloud's; give it another, or set backend: namespaces"
    ]
    assert checked("{}", far)


def test_the_module_refuses_what_is_not_a_backend_s() -> None:
    params = {"name": "lab", "state": "present", "nodes": [{**NODE, "flavour": "tiny"}]}
    with pytest.raises(InvalidInput) as refused:
        lab_from_params(params, (*BACKENDS, CLOUD))
    assert refused.value.faults == ("node node1: flavour is for cloud instances; remove it, or set backend: cloud",)
    two = [{**NODE, "flavour": "tiny"}, {**NODE, "name": "node2", "address": "192.168.50.11/24"}]
    with pytest.raises(InvalidInput, match="lab lab: 2 are too many"):
        lab_from_params({**params, "backend": "cloud", "nodes": two}, (*BACKENDS, CLOUD))


def test_machines_that_exist_are_reached_where_the_file_says_or_at_their_own_address() -> None:
    fabric = checked("{backend: existing, nodes: {node2: {host: staging-7.example, port: 2222}}}")
    places = {
        name: {key: own[key] for key in own if key.startswith(("ansible_", "lab_"))}
        for name, own in host_variables(fabric).items()
    }
    assert places == {
        "node1": {"ansible_host": "192.168.50.10", "lab_node": "node1"},
        "node2": {"ansible_host": "staging-7.example", "ansible_port": 2222, "lab_node": "node2"},
    }
    # All else of SSH is the user's own: no connection, no key, no interpreter, and packages are installed.
    assert [key for key in node_variables(fabric) if not key.startswith("bird_")] == []
    assert all_variables(fabric, "/x")["lab_nodes"][1] == {**NODE, "name": "node2", "address": "192.168.50.11/24"}


def test_nothing_is_made_of_machines_that_exist() -> None:
    params = {"name": "lab", "state": "present", "backend": "existing", "nodes": [NODE], "workload_count": 9}
    lab = lab_from_params(params, BACKENDS)
    assert (lab.nodes, lab.neighbours) == ((), 0)


def test_the_documentation_has_what_the_backends_take() -> None:
    for documented in (
        yaml.safe_load(module.DOCUMENTATION)["options"],
        yaml.safe_load(inventory.DOCUMENTATION)["options"]["lab"]["suboptions"],
    ):
        assert documented["backend"]["choices"] == [backend.name for backend in BACKENDS]
        assert documented["backend"]["default"] == BACKENDS[0].name
    file = yaml.safe_load(inventory.DOCUMENTATION)["options"]["lab"]["suboptions"]
    assert set(file) == {"backend", "name", "routers", *(key for backend in BACKENDS for key in lab_keys(backend))}
    for option in (option for backend in BACKENDS for option in backend.options if option.name in file):
        assert file[option.name].get("default") == option.default, option.name
    said = " ".join(file["nodes"]["description"])
    assert [key for backend in BACKENDS for key in node_keys(backend) if f"V({key})" not in said] == []


LOADED = """
import sys
sys.path.insert(0, sys.argv[1])
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
loaded = {name.partition(".purel3.")[2] for name in sys.modules} | set(sys.modules)
print(sorted(loaded & {"lab.backends.qemu.control", "lab.backends.namespaces.control", "kernel.switch", "pyroute2"}))
print([type(backend.operations()).__name__ for backend in BACKENDS if backend.operations])
"""


def test_whoever_only_reads_what_nodes_may_be_loads_nothing_that_makes_them() -> None:
    command = [sys.executable, "-c", LOADED, str(COLLECTIONS)]
    printed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    assert printed.splitlines() == ["[]", "['module', 'module']"]
