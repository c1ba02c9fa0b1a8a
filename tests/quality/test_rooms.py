# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of the library: which may import which, and which of their files read or write."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[2] / "plugins/module_utils/purel3"


class Room(t.NamedTuple):
    """A folder of the library.

    Args:
        imports: the rooms that it may import.
        io: its files that may read or write; all others are pure.
    """

    imports: t.Tuple[str, ...] = ()
    io: t.Tuple[str, ...] = ()


ROOMS: t.Mapping[str, Room] = {
    "base": Room((), ("files", "kept_file", "waiting")),
    "values": Room(("base",)),
    "kernel": Room(
        ("base",),
        (
            *(
                "carriers",
                "connections",
                "forwarding",
                "interfaces",
                "iptables",
                "lookups",
                "modules",
                "namespaces",
                "neighbour_limits",
            ),
            *("nftables", "probe", "rtnetlink", "sources", "switch", "syscalls", "sysctls", "taps"),
        ),
    ),
    "state.kinds": Room(("kernel", "values")),
    "state": Room(("base", "state.kinds")),
    "state.linux": Room(("base", "kernel", "state", "state.kinds"), ("network", "reader", "writer")),
    "dataplane": Room(("base", "dataplane.encapsulation", "kernel", "state", "state.kinds", "values"), ("sysctls",)),
    "policy": Room(("values",)),
    "dataplane.policy": Room(("base", "kernel", "policy", "state", "state.kinds", "values")),
    "dataplane.nat": Room(("base", "kernel", "state", "state.kinds", "values")),
    "dataplane.encapsulation": Room(("base", "kernel", "state", "state.kinds", "values")),
    "host": Room(
        ("base", "dataplane", "kernel", "state", "state.kinds", "state.linux", "values"),
        ("daemons", "first_address", "modules", "needs", "propose", "request", "systemd"),
    ),
    "fabric.file": Room(("values",)),
    "fabric.parts": Room(("fabric.file", "lab.base", "policy", "values")),
    "fabric.allocation": Room(("base", "fabric.file", "fabric.parts", "values"), ("store_file",)),
    "fabric": Room(("base", "fabric.allocation", "fabric.file", "fabric.parts", "lab.base")),
    "bird.want": Room(("base", "values")),
    "bird.protocols": Room(("values",)),
    "bird.text": Room(("base", "bird.protocols", "bird.want", "values")),
    "bird.talk": Room(("base", "host"), ("configure", "control", "daemon", "exports", "observation", "processes")),
    "bird.change": Room(
        ("base", "bird.protocols", "bird.talk", "state.kinds", "state.linux", "values"),
        ("candidate", "commit", "edited", "handover", "hold", "propose", "read", "seal", "withdraw"),
    ),
    "bird.service": Room(
        ("base", "bird.talk", "host", "state", "state.kinds", "state.linux"),
        ("direct", "leftovers", "managed", "propose"),
    ),
    "restore": Room(
        (
            *("base", "bird.change", "bird.talk", "dataplane", "dataplane.encapsulation", "dataplane.policy", "host"),
            *("kernel", "state", "state.kinds", "state.linux", "values"),
        ),
        ("compiled", "deployment", "files", "node", "request", "saved", "words"),
    ),
    "verify": Room(
        (
            *("base", "bird.change", "bird.talk", "dataplane", "dataplane.encapsulation", "dataplane.policy", "host"),
            *("kernel", "policy", "restore", "state", "state.kinds", "state.linux", "values"),
        ),
        ("check", "conformance"),
    ),
    "lab.base": Room(("base", "kernel", "values"), ("guard", "layout", "process", "record")),
    "lab.frr": Room(("base", "values"), ("daemons",)),
    "lab.backends": Room(("lab.backends.namespaces", "lab.backends.qemu", "lab.base", "values"), ("table",)),
    "lab.backends.namespaces": Room(("kernel", "lab.base"), ("backend", "control")),
    "lab.backends.qemu": Room(
        ("base", "kernel", "lab.base", "values"),
        (
            *("acceleration", "backend", "control", "image", "image_build", "image_initrd", "image_programs"),
            *("image_sources", "ports", "record", "seed", "wait"),
        ),
    ),
    "lab": Room(("base", "kernel", "lab.backends", "lab.base"), ("control", "entry", "observed")),
    "cli": Room(
        (
            *("base", "bird.change", "bird.talk", "dataplane.encapsulation", "kernel", "lab", "lab.base", "restore"),
            *("policy", "state.kinds", "values"),
        ),
        ("explain", "guard", "main", "output", "plan", "restore", "show", "status", "version"),
    ),
    "_ansible": Room(("base", "state", "state.kinds", "state.linux"), ("network",)),
    "_ansible.concerns": Room(
        (
            *("_ansible", "base", "bird.change", "bird.service", "bird.talk", "dataplane"),
            *("dataplane.encapsulation", "dataplane.nat", "dataplane.policy", "host", "kernel", "policy"),
            *("restore", "state"),
            *("state.kinds", "state.linux", "values"),
        ),
        (
            *("bird_config", "bird_service", "host", "host_info", "nat", "policy", "restore", "survey"),
            *("tunnel", "tunnel_info", "workloads"),
        ),
    ),
}
# Modules of Python by which one reads or writes, or finds out where and when one runs.
READS_OR_WRITES = {
    *("ctypes", "datetime", "fcntl", "glob", "io", "logging", "mmap", "multiprocessing", "os", "pathlib", "random"),
    *("select", "selectors", "shutil", "signal", "socket", "subprocess", "sys", "tempfile", "threading", "time"),
}
# The codecs of netlink: numbers of address families and addresses in bytes; nothing of them opens a socket. The numbers
# that the kernel knows of a packet are in this host's order.
NEEDS = {
    *(("kernel.conntrack", "socket"), ("kernel.nf_tables", "socket")),
    *(("kernel.records", "socket"), ("kernel.wire", "socket")),
    *(("state.kinds.expressions", "socket"), ("state.kinds.expressions", "sys")),
}
FILES = {
    ".".join(path.relative_to(LIBRARY).with_suffix("").parts): path
    for path in sorted(LIBRARY.rglob("*.py"))
    if path.stem != "__init__"
}


def room_of(name: str) -> str:
    return name.rpartition(".")[0]


def is_pure(name: str) -> bool:
    room = ROOMS.get(room_of(name), Room())
    return name.rpartition(".")[2] not in room.io


def run_time_nodes(tree: ast.AST) -> t.Iterator[ast.AST]:
    """All parts of a file but what only type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from run_time_nodes(node)


def imports_of(name: str, text: str, files: t.Collection[str] = tuple(FILES)) -> t.Iterator[t.Tuple[str, str]]:
    """What a file imports at run time, wherever in it: a file of the library, or else the module of somebody else."""
    package = name.split(".")[:-1]
    for node in run_time_nodes(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (("", alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield "", node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            for alias in node.names:
                whole = ".".join([*base, alias.name])
                yield (whole, "") if whole in files else (".".join(base), "")


GRAPH: t.Mapping[str, t.Set[str]] = {
    name: {found for found, _module in imports_of(name, path.read_text(encoding="utf-8")) if found}
    for name, path in FILES.items()
}


def faults_of_file(name: str, text: str) -> t.List[str]:
    """What a file of the library may not be, or not import."""
    room = room_of(name)
    if room not in ROOMS:
        return [f"{name}: its room {room!r} is not in the table; say what it may import"]
    faults = []
    for found, module in imports_of(name, text):
        if found and room_of(found) not in {room, *ROOMS[room].imports}:
            faults.append(f"{name} imports {found}, which {room} may not")
        elif is_pure(name) and found and not is_pure(found):
            faults.append(f"{name} is pure, but imports {found}, which is not")
        elif is_pure(name) and module.partition(".")[0] in READS_OR_WRITES and (name, module) not in NEEDS:
            faults.append(f"{name} is pure, but imports {module}")
    return faults


@pytest.mark.parametrize("name", FILES)
def test_a_file_stands_in_a_room_and_imports_only_what_that_may(name: str) -> None:
    assert faults_of_file(name, FILES[name].read_text(encoding="utf-8")) == []


def test_the_table_names_what_there_is_and_what_is_needed() -> None:
    assert {room_of(name) for name in FILES} == set(ROOMS)
    assert {f"{name}.{file}" for name, room in ROOMS.items() for file in room.io} <= set(FILES)
    needed = {(room_of(name), room_of(found)) for name in GRAPH for found in GRAPH[name]}
    allowed = {(name, other) for name, room in ROOMS.items() for other in room.imports}
    assert allowed - needed == set()


BAD: t.Mapping[str, t.Tuple[str, str, str]] = {
    "an-unlisted-room": ("attach.cni", "", "its room 'attach' is not in the table"),
    "a-file-in-no-room": ("helpers", "", "its room '' is not in the table"),
    "a-room-that-it-may-not": ("values.names", "from ..state import plan", "values.names imports state.plan"),
    "within-a-function": ("base.steps", "def f():\n    from ..state import plan", "base.steps imports state.plan"),
    "a-pure-file-that-reads": ("state.plan", "import os.path", "state.plan is pure, but imports os.path"),
    "a-pure-file-by-another": ("state.plan", "from ..base.files import read", "is pure, but imports base.files"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_breach_is_found(case: str) -> None:
    name, text, words = BAD[case]
    (fault,) = faults_of_file(name, text)
    assert words in fault


def circles(graph: t.Mapping[str, t.Collection[str]]) -> t.Set[str]:
    """What leads back to itself."""
    reached: t.Dict[str, t.Set[str]] = {name: set(found) for name, found in graph.items()}
    while True:
        further = {name: found.union(*(reached[other] for other in found)) for name, found in reached.items()}
        if further == reached:
            return {name for name, found in reached.items() if name in found}
        reached = further


def test_no_room_is_on_a_circle() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["b"], "d": ["a"]}) == {"b", "c"}
    assert circles({name: set(room.imports) for name, room in ROOMS.items()}) == set()


def test_no_file_is_on_a_circle() -> None:
    assert circles(GRAPH) == set()
