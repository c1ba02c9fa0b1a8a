# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One verdict on a value, whoever says it; and the documents that say the same as the table of options."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from bad_fabric import problems
from box import request_of

from ansible_collections.purel3.fabric.plugins.inventory import fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.protocols.versions import unsupported
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.daemon import require_program
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.want.settings import VARIABLES
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.session_options import (
    AUTO,
    OF_ALL,
    OF_BOTH,
    OF_ONE,
    OPTIONS,
    RULES,
    Form,
    SessionOption,
)

ROLE = Path(__file__).resolve().parents[2] / "roles/bird"

Values = t.Dict[str, t.Any]

FILE = """\
plugin: purel3.fabric.fabric
as_number: 64512
topology: none
pools: [{cidr: 10.244.0.0/16}]
nodes:
  node1:
    address: 192.168.50.10/24
    interface: ens33
    blocks: [10.244.1.0/26]
    interfaces: {eth1: {address: 10.0.13.1/24}}
"""
NODE: Values = {"bird_address": "192.168.50.10", "bird_as_number": 64512, "bird_blocks": ["10.244.1.0/26"]}
PEER: Values = {"address": "192.168.50.1", "as_number": 64900}
# What must stand beside an option, or else it is another fault that is found.
COMPANIONS: t.Mapping[str, Values] = {
    "import_limit_action": {"import_limit": 5},
    "receive_limit_action": {"receive_limit": 5},
    "keepalive_time": {"hold_time": 65535},
    "send_hold_time": {"hold_time": 3},
}
Samples = t.Tuple[t.List[t.Any], t.List[t.Any], t.List[t.Any]]
# By the name of a form: what is good, what is not, and what is of another type.
SAMPLES: t.Mapping[str, Samples] = {
    "truth": ([True, False], [], ["perhaps", 1]),
    "AS number": ([1, 64512, 4294967294], [-1, 0, 23456, 65535, 4294967295, 4294967296], [True, "x"]),
    "address of the node": (
        ["192.168.50.10", "10.0.13.1"],
        ["0.0.0.0", "127.0.0.1", "169.254.7.7", "224.0.0.1", "255.255.255.255", "192.168.50.10/24", "fd00::1", "x"],
        [7],
    ),
    "communities": ([[], ["0:0"], ["65535:65535", "1:2"]], [["65536:1"], ["1:65536"], ["1"]], [[7], "1:2"]),
    "aggregates": (
        [[], ["10.244.0.0/16"], ["10.244.0.0/17", "10.244.128.0/17"]],
        [["10.244.0.1/16"], ["10.244.0.0"], ["10.244.0.0/33"], ["10.244.0.0/16", "10.244.8.0/24"]],
        [[7], "10.244.0.0/16"],
    ),
}


def samples(option: SessionOption) -> Samples:
    form = option.form
    if form.name == "number":
        return [form.low, form.high], [form.low - 1, form.high + 1], [True, "many", [form.low]]
    if form.name == "pauses":
        low, high = form.low, form.high
        return [[low, high], [low, low]], [[low - 1, high], [low, high + 1], [high, low], [low], []], [low]
    if form.name == "word":
        return list(form.choices), ["nonsense"], [1]
    good, bad, alien = SAMPLES[form.name]
    return [*good, *form.choices], bad, alien


def of_file(options: Values, *, is_of_peer: bool) -> t.List[str]:
    peers = {"tor1": {"node": "node1", **PEER, **(options if is_of_peer else {})}}
    return problems(f"{FILE}bgp: {json.dumps({} if is_of_peer else options)}\npeers: {json.dumps(peers)}\n")


def variables(options: Values, *, is_of_peer: bool) -> Values:
    peer = {"name": "tor1", **PEER, **(options if is_of_peer else {})}
    of_all = {} if is_of_peer else {f"bird_{name}": value for name, value in options.items()}
    owners = [{"block": "10.244.2.0/26", "as_number": 64513}] if options.get("carries_blocks") is True else []
    return {**NODE, **of_all, "bird_peers": [peer], "bird_owners": owners}


def of_role(values: Values) -> t.List[str]:
    try:
        render_variables(values)
    except InvalidInput as refused:
        return list(refused.faults)
    return []


def words(fault: str) -> str:
    """What is wrong and what to do, without place and value."""
    found = re.search(r" ((?:is|has|goes|cannot|overlaps|lies) .*)", fault)
    assert found is not None, fault
    return found[1]


# Each option where it may be said: of all sessions, or of one.
PLACES = [
    (name, is_of_peer)
    for name, option in OPTIONS.items()
    for is_of_peer in (False, True)
    if option.form not in RULES
    and option.where in (OF_BOTH, OF_ONE if is_of_peer else OF_ALL)
    and (is_of_peer or option.has_variable)
]


@pytest.mark.parametrize(("name", "is_of_peer"), PLACES)
def test_a_fabric_file_and_the_variables_of_a_node_are_judged_alike(name: str, is_of_peer: bool) -> None:
    good, bad, alien = samples(OPTIONS[name])
    for value in [*good, *bad, *alien]:
        options = {name: value, **COMPANIONS.get(name, {})}
        in_file = of_file(options, is_of_peer=is_of_peer)
        in_variables = of_role(variables(options, is_of_peer=is_of_peer))
        is_good = any(value is one for one in good)
        assert (bool(in_file), bool(in_variables)) == (not is_good, not is_good), (value, in_file, in_variables)
        # A file tells what is of another type by how it is written.
        if value in bad:
            assert [words(fault) for fault in in_file] == [words(fault) for fault in in_variables], value
        place = f"bird_peers[0].{name}" if is_of_peer else f"bird_{name}"
        assert all(place in fault or f"bird_peers (tor1): {name[:-1]}" in fault for fault in in_variables)


@pytest.mark.parametrize(("name", "is_of_peer"), PLACES)
def test_bird_itself_takes_what_is_not_refused(name: str, is_of_peer: bool, tmp_path: Path) -> None:
    for value in samples(OPTIONS[name])[0]:
        text = render_variables(variables({name: value, **COMPANIONS.get(name, {})}, is_of_peer=is_of_peer))
        if unsupported(text, require_program().version):
            continue
        (tmp_path / "bird.conf").write_text(text)
        checked = subprocess.run(["bird", "-p", "-c", str(tmp_path / "bird.conf")], capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, b""), value


# What was judged otherwise by the two once, and what both say of it now: a change of the file, and the variables.
FAULTS: t.Mapping[str, t.Tuple[str, Values, str, str]] = {
    "more routes than are counted": (
        "bgp: {import_limit: 3000000000}\n",
        {"bird_import_limit": 3000000000},
        "bird_import_limit: ",
        "is out of range; use 1 to 2147483648",
    ),
    "keepalives that are too rare": (
        "bgp: {keepalive_time: 40}\n",
        {"bird_keepalive_time": 40},
        "bird_keepalive_time: ",
        "is more than a third of hold_time 90; three signs of life must fit: use a third of hold_time at most",
    ),
    "keepalives beyond a third of any hold time": (
        "bgp: {hold_time: 65535, keepalive_time: 21846}\n",
        {"bird_hold_time": 65535, "bird_keepalive_time": 21846},
        "bird_keepalive_time: ",
        "is out of range; use 1 to 21845 seconds",
    ),
    "a reserved AS": (
        "peers: {tor1: {address: 192.168.50.1, as_number: 23456}}\n",
        {"bird_peers": [{**PEER, "name": "tor1", "as_number": 23456}]},
        "bird_peers[0].as_number: ",
        "is an AS number that must not be used (AS_TRANS, the stand-in for 4-byte numbers); "
        "use 1 to 4294967294, best a private one: 64512 to 65534",
    ),
    "a peer on this host": (
        "peers: {tor1: {address: 127.0.0.1, as_number: 64900}}\n",
        {"bird_peers": [{**PEER, "name": "tor1", "address": "127.0.0.1"}]},
        "bird_peers[0].address: ",
        "cannot be a router's; write the address by which the node reaches it",
    ),
    "a peer where workloads look for their gateway": (
        "peers: {tor1: {address: 169.254.1.1, as_number: 64900}}\n",
        {"bird_peers": [{**PEER, "name": "tor1", "address": "169.254.1.1"}]},
        "bird_peers[0].address: ",
        "is every workload's gateway, for which the node itself answers; write the address by which the node reaches "
        "it",
    ),
    "more routes than BIRD counts": (
        "bgp: {import_limit: 2147483649}\n",
        {"bird_import_limit": 2147483649},
        "bird_import_limit: ",
        "is out of range; use 1 to 2147483648",
    ),
    "a port beyond TCP's": (
        "peers: {tor1: {address: 192.168.50.1, as_number: 64900, port: 65536}}\n",
        {"bird_peers": [{**PEER, "name": "tor1", "port": 65536}]},
        "bird_peers[0].port: ",
        "is out of range; use 1 to 65535",
    ),
    "a peer whose name ends in a dot": (
        "peers: {web.: {address: 192.168.50.1, as_number: 64900}}\n",
        {"bird_peers": [{**PEER, "name": "web."}]},
        "bird_peers[0].name: ",
        "is not a usable name; use letters, digits, '-', '_' and '.', with a letter or digit at both ends",
    ),
    "more paths than BIRD merges": (
        "ecmp_paths: 256\n",
        {"bird_ecmp_paths": 256},
        "bird_ecmp_paths: ",
        "is out of range; use 1 to 255",
    ),
    "a metric beyond the kernel's": (
        "kernel_metric: 4294967296\n",
        {"bird_kernel_metric": 4294967296},
        "bird_kernel_metric: ",
        "is out of range; use 0 (no metric) to 4294967295",
    ),
    "a file of the user's without its folder": (
        "bird_includes: [mine.conf]\n",
        {"bird_includes": ["mine.conf"]},
        "bird_includes[0]: ",
        "is not an absolute path without spaces and quotes; give one",
    ),
}
# The same of what stands in a node of the file.
FAULTS_OF_NODES: t.Mapping[str, t.Tuple[str, Values, str, str]] = {
    "a multicast address as a cluster": (
        "route_reflector_cluster_id: 224.0.0.0",
        {"bird_route_reflector_cluster_id": "224.0.0.0"},
        "bird_route_reflector_cluster_id: ",
        "is not a cluster id; use 0.0.0.1 to 223.255.255.255",
    ),
    "a reserved AS of its own": (
        "as_number: 23456",
        {"bird_as_number": 23456},
        "bird_as_number: ",
        "is an AS number that must not be used (AS_TRANS, the stand-in for 4-byte numbers); "
        "use 1 to 4294967294, best a private one: 64512 to 65534",
    ),
    "a multicast address as its identity": (
        "router_id: 224.0.0.1",
        {"bird_router_id": "224.0.0.1"},
        "bird_router_id: ",
        "is not a router id; use 0.0.0.1 to 223.255.255.255, best the node's own address",
    ),
}


@pytest.mark.parametrize("case", [*FAULTS, *FAULTS_OF_NODES])
def test_what_was_judged_otherwise_is_refused_with_the_same_words(case: str) -> None:
    is_of_node = case in FAULTS_OF_NODES
    change, changes, place, says = (FAULTS_OF_NODES if is_of_node else FAULTS)[case]
    text = FILE.replace("interface: ens33", f"interface: ens33\n    {change}") if is_of_node else f"{FILE}{change}"
    line = 9 if is_of_node else 11
    (of_fabric,) = problems(text)
    assert of_fabric.startswith(f"lab.fabric.yml:{line}: ")
    assert words(of_fabric) == says
    (fault,) = of_role({**NODE, **changes})
    assert fault.startswith(place)
    assert words(fault) == says


@pytest.mark.parametrize("name", ["eth@0", "lo", "all", "default", "tunl0", "ethernet-number-0", "eth/0"])
def test_a_name_of_an_interface_is_refused_with_the_same_words(name: str) -> None:
    text = f"{FILE}workloads: {{web1: {{node: node1, interface_name: {name}}}}}\n"
    (of_fabric,) = problems(text)
    workload = {"name": "web1", "address": "10.244.1.1", "interface_name": name}
    with pytest.raises(InvalidInput) as refused:
        request_of("workloads", {"workloads": [workload]})
    assert of_fabric.startswith("lab.fabric.yml:11: web1: interface_name ")
    assert refused.value.faults == (f"workload web1: interface_name {name!r} {words(of_fabric)}",)


def loaded(path: str) -> Values:
    read = yaml.safe_load((ROLE / path).read_text())
    assert isinstance(read, dict)
    return read


TYPES: t.Mapping[str, t.Tuple[str, t.Optional[str]]] = {
    "number": ("int", None),
    "AS number": ("int", None),
    "address of the node": ("str", None),
    "word": ("str", None),
    "communities": ("list", "str"),
    "aggregates": ("list", "str"),
    "pauses": ("list", "int"),
    "import rules": ("list", "dict"),
    "export rules": ("list", "dict"),
}


def type_of(form: Form) -> t.Tuple[str, t.Optional[str]]:
    # A truth or a word is of no type of Ansible's.
    return ("raw" if form.choices else "bool", None) if form.name == "truth" else TYPES[form.name]


def plain(value: t.Any) -> t.Any:
    return list(value) if isinstance(value, tuple) else value


def test_the_specification_of_the_role_says_what_the_table_says() -> None:
    of_all: Values = loaded("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    of_one: Values = of_all["bird_peers"]["options"]
    defaults = loaded("defaults/main.yml")
    for name, option in OPTIONS.items():
        for where, is_there, found in (
            ("all", option.has_variable, of_all.get(f"bird_{name}")),
            ("one", option.where != OF_ALL, of_one.get(name)),
        ):
            assert (found is not None) == is_there, (name, where)
            if found is None:
                continue
            assert (found["type"], found.get("elements")) == type_of(option.form), (name, where)
            choices = option.form.choices if option.form.name == "word" else ()
            assert tuple(found.get("choices", ())) == choices, (name, where)
            # Where a peer has no wish, what holds for all is not the default of its own.
            is_default = where == "all" or option.where == OF_ONE
            assert found.get("default") == (plain(option.default) if is_default else None), (name, where)
        assert defaults.get(f"bird_{name}") == (plain(option.default) if option.has_variable else None), name


def test_the_role_hands_over_all_variables_that_are_read() -> None:
    handed = loaded("vars/main.yml")["__bird_variables"]
    assert set(handed) == set(VARIABLES)
    assert [
        name for name, value in handed.items() if not re.match(rf"{{{{ {name}( \| default\(none\))? }}}}$", value)
    ] == []


def test_the_documentation_of_the_fabric_file_says_what_the_table_says() -> None:
    documented = yaml.safe_load(fabric.DOCUMENTATION)["options"]
    for section, names in (
        ("bgp", [name for name, option in OPTIONS.items() if option.where != OF_ONE]),
        ("peers", [name for name, option in OPTIONS.items() if option.where == OF_ONE]),
    ):
        text = " ".join(documented[section]["description"])
        for name in names:
            option = OPTIONS[name]
            # What stands between a mention of it and one of another option.
            parts = re.split(rf"V\(({'|'.join(OPTIONS)})\)", text)
            own = " ".join(behind for which, behind in zip(parts[1::2], parts[2::2]) if which == name)
            assert own, f"{name} is not documented in {section}"
            written = re.search(r"default V\(([^)]*)\)", own)
            if option.default not in (None, ()):
                assert written, f"the default of {name} is not documented"
                assert yaml.safe_load(written[1]) == plain(option.default), name
            for choice in option.form.choices:
                assert f"V({choice})" in own or choice == AUTO, (name, choice)
            for low, high in re.findall(r"\bV\((\d+)\) to V\((\d+)\)", own):
                assert (int(low), int(high)) == (option.form.low, option.form.high), name
