# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible sends to a node with each module: every room that a module does not need costs each of its starts."""

from __future__ import annotations

import ast
import functools
import typing as t
from pathlib import Path

import pytest
from ansible.executor.module_common import ModuleDepFinder

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PREFIX = ("ansible_collections", "purel3", "fabric", "plugins")
LIBRARY = (*PREFIX, "module_utils", "purel3")

# The rooms of the library that a module brings, beside `base`, `_ansible` and `_ansible.concerns`.
OBJECTS = {"kernel", "state", "state.kinds", "state.linux", "values"}
OPTIONS = {*OBJECTS, "dataplane"}
INFORMATION = {*OPTIONS, "dataplane.encapsulation"}
POLICY = {"dataplane.policy", "policy"}
RESTORED = {"dataplane", "dataplane.encapsulation", *POLICY, "kernel", "state", "state.kinds", "state.linux", "values"}
ROOMS: t.Mapping[str, t.Set[str]] = {
    "allocations": {"fabric.allocation", "fabric.file", "fabric.parts", "values"},
    "bird_config": {*OBJECTS, "bird.change", "bird.protocols", "bird.talk", "host"},
    "bird_hold": {"bird.change", "bird.talk", "host"},
    "bird_info": {"bird.talk"},
    "bird_service": {*OBJECTS, "bird.service", "bird.talk", "host"},
    "conformance": {*INFORMATION, *POLICY, "bird.change", "bird.talk", "host", "restore", "verify"},
    "first_address": {"host", "kernel"},
    "host": {*OPTIONS, "host"},
    "host_info": {"bird.talk", "host", "kernel"},
    "lab": {"kernel", "lab", "lab.backends", "lab.backends.namespaces", "lab.backends.qemu", "lab.base", "values"},
    "lab_router": {"lab.frr", "values"},
    "nat": {*OBJECTS, "dataplane.nat"},
    "nat_info": {"dataplane.nat", "kernel", "state", "state.kinds", "values"},
    "netns": OBJECTS,
    "netns_info": INFORMATION,
    "policy": {*OBJECTS, *POLICY},
    "policy_info": {"dataplane.policy", "kernel", "policy", "state", "state.kinds", "values"},
    "proxy_arp": OBJECTS,
    "reachability": {*OBJECTS, *POLICY, "verify"},
    "restore": {*RESTORED, "host", "restore"},
    "route": OPTIONS,
    "route_info": INFORMATION,
    "survey": {*INFORMATION, *POLICY, "bird.change", "bird.protocols", "bird.service", "bird.talk", "host", "restore"},
    "sysctl": OPTIONS,
    "tunnel": {*OBJECTS, "bird.change", "bird.talk", "dataplane.encapsulation"},
    "tunnel_info": INFORMATION,
    "veth": OPTIONS,
    "veth_info": INFORMATION,
    "workloads": OPTIONS,
    "workloads_info": INFORMATION,
}


@functools.cache
def imported_by(name: t.Tuple[str, ...]) -> t.FrozenSet[t.Tuple[str, ...]]:
    """The files of the library that Ansible finds in a module or in a file of the library, each as a dotted name."""
    path = PLUGINS.joinpath(*name[len(PREFIX) :]).with_suffix(".py")
    finder = ModuleDepFinder(".".join(name), ast.parse(path.read_text(encoding="utf-8")))
    found = set()
    for names in finder.submodules:
        if names[: len(LIBRARY)] == LIBRARY:
            # Either a file, or a name within a file.
            file = next(
                (
                    names[:length]
                    for length in (len(names), len(names) - 1)
                    if PLUGINS.joinpath(*names[len(PREFIX) : length]).with_suffix(".py").exists()
                ),
                None,
            )
            assert file or PLUGINS.joinpath(*names[len(PREFIX) :]).is_dir(), names
            found.update([file] if file else [])
    return frozenset(found)


def shipped_with(module: str) -> t.Set[t.Tuple[str, ...]]:
    """All files of the library that a module brings."""
    found: t.Set[t.Tuple[str, ...]] = set()
    left = [(*PREFIX, "modules", module)]
    while left:
        new = imported_by(left.pop()) - found
        found |= new
        left += new
    return found


def test_every_module_stands_in_the_table() -> None:
    assert set(ROOMS) == {path.stem for path in (PLUGINS / "modules").glob("[!_]*.py")}


@pytest.mark.parametrize("module", ROOMS)
def test_a_module_brings_only_the_rooms_that_it_needs(module: str) -> None:
    files = shipped_with(module)
    assert (*LIBRARY, "_ansible", "runner") in files
    rooms = {".".join(name[len(LIBRARY) : -1]) for name in files} - {"base", "_ansible", "_ansible.concerns"}
    assert rooms == ROOMS[module]
