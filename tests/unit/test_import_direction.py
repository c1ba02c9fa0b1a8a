# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of the kernel's part: a file imports only what stands in a line above its own."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[2] / "plugins/module_utils/purel3"
LAYERS = (
    ("errors", "model"),
    ("names", "proposal", "ownership", "files"),
    ("steps", "kept_file"),
    ("words", "nft.ruleset"),
    ("nft.control",),
    ("plan",),
    ("plan_words",),
    ("workload", "veths", "tunnel", "routes", "settings", "scope", "information"),
    ("kernel.syscalls", "kernel.attributes", "kernel.modules"),
    ("kernel.records",),
    ("kernel.wire",),
    ("kernel.namespaces", "kernel.rtnetlink"),
    ("kernel.sysctls", "kernel.assembly"),
    ("kernel.reader", "kernel.writer"),
    ("kernel.linux", "reconcile"),
    ("_ansible.runner",),
    ("_ansible.network",),
)
# Two files of one layer of which one knows the other.
PARTNERS = {("information", "routes")}
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def imported_by(name: str) -> t.Iterator[str]:
    """The files of the library that a file imports at run time."""
    path = LIBRARY / f"{name.replace('.', '/')}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name.split(".")[:-1]
    for node in tree.body:
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
        names = (
            [alias.name for alias in node.names] if not (LIBRARY.joinpath(*base).with_suffix(".py")).exists() else [""]
        )
        for last in names:
            yield ".".join(part for part in [*base, last] if part)


@pytest.mark.parametrize("name", RANK)
def test_a_file_imports_only_what_stands_above_it(name: str) -> None:
    found = set(imported_by(name))
    assert found <= set(RANK)
    wrong = {other for other in found if RANK[other] >= RANK[name] and (name, other) not in PARTNERS}
    assert wrong == set()
