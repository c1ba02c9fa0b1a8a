# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the fabric file's parts: each key and each variable has one place, and all of them are documented."""

from __future__ import annotations

import json
import typing as t
from collections import Counter

import pytest
import yaml

from ansible_collections.purel3.fabric.plugins.inventory.fabric import DOCUMENTATION
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import all_variables, node_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts import (
    nodes,
    pools,
    workloads,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import (
    COMPUTED_VARIABLES,
    KEYS,
    LARGE_VARIABLES,
    PARTS,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.own_keys import CONSTRUCTED
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.backend import lab_keys
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

LAB_KEYS = ("backend", "name", "routers", *(key for backend in BACKENDS for key in lab_keys(backend)))
OPTIONS: t.Mapping[str, t.Any] = yaml.safe_load(DOCUMENTATION)["options"]


def test_each_key_and_each_variable_is_of_one_part() -> None:
    assert [name for name, count in Counter(KEYS).items() if count > 1] == []
    assert [name for name, count in Counter(COMPUTED_VARIABLES).items() if count > 1] == []
    assert all(part.keys for part in PARTS)


def test_each_key_is_documented_and_nothing_else_is() -> None:
    # Ansible documents these in a fragment of its own.
    assert set(OPTIONS) == set(KEYS) - set(CONSTRUCTED)


@pytest.mark.parametrize(("option", "keys"), [("pools", pools.POOL_KEYS), ("lab", LAB_KEYS)], ids=["pools", "lab"])
def test_each_key_of_a_section_is_documented(option: str, keys: t.Sequence[str]) -> None:
    assert set(OPTIONS[option]["suboptions"]) == set(keys)


@pytest.mark.parametrize(
    ("option", "keys"),
    [("nodes", nodes.NODE_KEYS), ("workloads", workloads.WORKLOAD_KEYS)],
    ids=["nodes", "workloads"],
)
def test_each_key_of_what_has_a_name_is_documented(option: str, keys: t.Sequence[str]) -> None:
    text = "\n".join(OPTIONS[option]["description"])
    assert [key for key in keys if f"V({key})" not in text] == []


def test_whatever_grows_with_the_fabric_is_said_to_be_large() -> None:
    sizes = [_sizes(count) for count in (3, 30)]
    assert {name for name in sizes[0] if sizes[1][name] > 5 * sizes[0][name]} == set(LARGE_VARIABLES)


def _sizes(count: int) -> t.Mapping[str, int]:
    nodes = [f"  n{number}: {{address: 10.0.0.{number}/24, interface: ens33}}" for number in range(1, count + 1)]
    workloads = [f"  w{number}: {{node: n{number}}}" for number in range(1, count + 1)]
    text = "\n".join(
        [
            "plugin: purel3.fabric.fabric",
            "pools: [{cidr: 10.244.0.0/16, encapsulation: ipip}]",
            "transit: true",
            "policy: {}",
            "peers: {tor: {address: 10.0.0.254, as_number: 64900}}",
            "lab: {routers: {tor: {address: 10.0.0.254/24, as_number: 64900}}}",
            *("nodes:", *nodes, "workloads:", *workloads),
        ]
    )
    faults = Faults("f.fabric.yml")
    checked = check_fabric(Source(faults, load(text, faults), Faults("f.allocations.txt"), backends=BACKENDS))
    variables = {**all_variables(checked, "/x"), **node_variables(checked)}
    return {name: len(json.dumps(value)) for name, value in variables.items()}
