# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkout is what it says: links, lists of modules, and who may import whom."""

from __future__ import annotations

import ast
import os
import typing as t
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
LIBRARY = CHECKOUT / "plugins/module_utils/purel3"
HEADER = "SPDX-License-Identifier: GPL-3.0-or-later"

# What a result must not be called, because Ansible itself reads it: `unreachable` ends a host's run.
READ_BY_ANSIBLE = {
    *("ansible_facts", "changed", "deprecations", "diff", "exception", "failed", "invocation", "results", "skipped"),
    *("unreachable", "warnings"),
}
CONTROLLER_ONLY = {"action", "callback", "connection", "filter", "inventory", "lookup", "plugin_utils", "test"}


def module_names() -> t.Set[str]:
    return {path.stem for path in (CHECKOUT / "plugins/modules").glob("*.py") if path.stem != "__init__"}


def library_files() -> t.Mapping[str, Path]:
    """Every file of the library by its dotted name within it, such as bird.config."""
    return {
        ".".join(path.relative_to(LIBRARY).with_suffix("").parts): path
        for path in sorted(LIBRARY.rglob("*.py"))
        if path.stem != "__init__"
    }


def imports_of(path: Path) -> t.Iterator[t.Tuple[str, int]]:
    """What a file imports at run time: a dotted name, relative to the library where it is in it, and the line."""
    package = path.relative_to(LIBRARY).parent.parts if LIBRARY in path.parents else ()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in run_time_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or "", node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            stem = ".".join(part for part in base if part)
            if node.module:
                yield f"purel3.{stem}", node.lineno
            else:
                for alias in node.names:
                    yield ".".join(filter(None, ["purel3", stem, alias.name])), node.lineno


def run_time_nodes(tree: ast.AST) -> t.Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from run_time_nodes(node)


def breaches(allowed: t.Callable[[str, str], bool]) -> t.List[str]:
    """Imports in the library that are not allowed, one line each."""
    return [
        f"{path.relative_to(CHECKOUT)}:{line} imports {imported}"
        for name, path in library_files().items()
        for imported, line in imports_of(path)
        if not allowed(name, imported)
    ]


def test_every_module_has_its_link_in_library() -> None:
    links = {path.name: os.readlink(path) for path in (CHECKOUT / "library").iterdir() if path.is_symlink()}
    assert links == {f"{name}.py": f"../plugins/modules/{name}.py" for name in module_names()}, "run `make links`"


def test_every_module_is_in_the_action_group() -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"]["fabric"] == sorted(module_names())


def test_the_entry_links_of_the_collection_resolve() -> None:
    entries = list((CHECKOUT / "collections/ansible_collections/purel3/fabric").iterdir())
    assert {entry.name for entry in entries} >= {"plugins", "roles", "playbooks", "meta", "galaxy.yml"}
    for entry in entries:
        assert os.readlink(entry) == f"../../../../{entry.name}"
        assert entry.exists(), entry


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("roles/*")), ids=lambda path: path.name)
def test_every_role_documents_and_checks_its_variables(path: Path) -> None:
    assert (path / "README.md").is_file()
    specs = yaml.safe_load((path / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    assert specs["argument_specs"]["main"]["options"]


def test_no_two_classes_of_the_library_have_one_name() -> None:
    places: t.Dict[str, t.List[str]] = {}
    for name, path in library_files().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_every_plugin_names_its_license() -> None:
    paths = [path for path in CHECKOUT.glob("plugins/**/*.py") if path.stat().st_size]
    assert [path for path in paths if HEADER not in path.read_text(encoding="utf-8")[:400]] == []


def test_only_the_runner_imports_ansible() -> None:
    assert breaches(lambda name, imported: name.startswith("_ansible.") or imported.split(".")[0] != "ansible") == []


def test_only_the_kernel_layer_imports_pyroute2() -> None:
    assert breaches(lambda name, imported: name.startswith("kernel.") or imported.split(".")[0] != "pyroute2") == []


def test_the_library_finds_itself_by_relative_imports() -> None:
    assert breaches(lambda name, imported: not imported.startswith("ansible_collections")) == []


def test_nothing_but_the_runner_leads_from_the_library_to_it() -> None:
    assert (
        breaches(lambda name, imported: name.startswith("_ansible.") or not imported.startswith("purel3._ansible"))
        == []
    )


def test_modules_import_no_controller_code() -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}:{line} imports {imported}"
        for path in sorted((CHECKOUT / "plugins/modules").glob("*.py"))
        for imported, line in imports_of(path)
        for part in imported.split(".")[4:5]
        if imported.startswith("ansible_collections.purel3.fabric.plugins.") and part in CONTROLLER_ONLY
    ]
    assert found == []


@pytest.mark.parametrize("module", sorted(module_names()))
def test_no_result_of_a_module_means_something_to_ansible(module: str) -> None:
    tree = ast.parse((CHECKOUT / f"plugins/modules/{module}.py").read_text(encoding="utf-8"))
    (returned,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "RETURN"
    )
    results = set(yaml.safe_load(returned))
    assert results
    assert results & READ_BY_ANSIBLE == set()
