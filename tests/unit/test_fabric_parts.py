# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the fabric file's parts: each key and each variable has one place, and all of them are documented."""

from __future__ import annotations

import typing as t
from collections import Counter

import pytest
import yaml

from ansible_collections.purel3.fabric.plugins.inventory.fabric import DOCUMENTATION
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts import (
    lab_schema,
    nodes,
    pools,
    workloads,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import (
    COMPUTED_VARIABLES,
    KEYS,
    PARTS,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.own_keys import CONSTRUCTED

OPTIONS: t.Mapping[str, t.Any] = yaml.safe_load(DOCUMENTATION)["options"]


def test_each_key_and_each_variable_is_of_one_part() -> None:
    assert [name for name, count in Counter(KEYS).items() if count > 1] == []
    assert [name for name, count in Counter(COMPUTED_VARIABLES).items() if count > 1] == []
    assert all(part.keys for part in PARTS)


def test_each_key_is_documented_and_nothing_else_is() -> None:
    # Ansible documents these in a fragment of its own.
    assert set(OPTIONS) == set(KEYS) - set(CONSTRUCTED)


@pytest.mark.parametrize(
    ("option", "keys"), [("pools", pools.POOL_KEYS), ("lab", lab_schema.LAB_KEYS)], ids=["pools", "lab"]
)
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
