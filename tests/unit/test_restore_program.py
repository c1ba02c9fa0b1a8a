# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command as one file: the same bytes for the same library, whole, and run by a bare Python."""

from __future__ import annotations

import subprocess
import sys
import typing as t
import zipfile
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.cli.version import read_version
from ansible_collections.purel3.fabric.plugins.plugin_utils.program import build_program

CHECKOUT = Path(__file__).resolve().parents[2]
LIBRARY = CHECKOUT / "plugins/module_utils/purel3"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sbin") / "purel3"
    path.write_bytes(build_program(sys.executable))
    path.chmod(0o755)
    return path


def test_the_same_library_gives_the_same_bytes(program: Path) -> None:
    assert build_program(sys.executable) == program.read_bytes()
    members = zipfile.ZipFile(program).infolist()
    assert [member.filename for member in members] == sorted(member.filename for member in members)
    assert {(member.date_time, member.compress_type) for member in members} == {((1980, 1, 1, 0, 0, 0), 0)}


def test_it_says_who_runs_it_and_whose_it_is(program: Path) -> None:
    first, second = program.read_bytes().split(b"\n")[:2]
    assert first == f"#!{sys.executable} -I".encode()
    assert second == b"# The command purel3 of the Ansible collection purel3.fabric, which overwrites it."


def test_it_holds_only_what_the_command_needs(program: Path) -> None:
    names = zipfile.ZipFile(program).namelist()
    assert {"__main__.py", "purel3/cli/main.py", "purel3/restore/node.py", "purel3/state/linux/network.py"} <= set(
        names
    )
    unwanted = ("_ansible", "fabric", "verify", "switch", "config", "deployment")
    assert [name for name in names for part in Path(name).with_suffix("").parts if part in unwanted] == []


def test_a_bare_python_can_import_every_file_of_it(program: Path) -> None:
    names = [name for name in zipfile.ZipFile(program).namelist() if name.startswith("purel3/")]
    modules = [name[:-3].replace("/", ".") for name in names if name.endswith(".py") and "__init__" not in name]
    assert len(modules) > 30
    code = f"import importlib, sys; sys.path.insert(0, {str(program)!r}); [*map(importlib.import_module, {modules!r})]"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, cwd="/"
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["status", "plan", "restore", "show"])
def test_every_command_explains_itself_and_its_exit_status(command: str, program: Path) -> None:
    words = [sys.executable, "-I", "-S", program, command, "--help"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout
    assert "Exit status: 0" in shown


def test_every_supported_python_runs_it_on_its_own(program: Path, interpreters: t.Mapping[str, Path]) -> None:
    assert interpreters
    for interpreter in interpreters.values():
        words = [interpreter, "-I", "-S", program, "--version"]
        shown = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")
        assert (shown.stdout, shown.stderr) == (f"purel3 {read_version()}\n", "")


def test_it_and_the_command_of_the_checkout_are_the_same(program: Path) -> None:
    words = ("show", "--state", "/nowhere")
    answers = {
        (done.returncode, done.stdout, done.stderr)
        for path in (program, CHECKOUT / "scripts/purel3")
        for done in [subprocess.run([path, *words], capture_output=True, text=True, check=False)]
    }
    assert answers == {
        (
            2,
            "",
            "purel3 show: /nowhere does not exist, so nothing is known of this node; "
            "run site.yml from the controller, which writes it anew\n",
        )
    }


def test_another_library_gives_other_bytes(tmp_path: Path, program: Path) -> None:
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli/main.py").write_text("from . import late\n", encoding="utf-8")
    (tmp_path / "cli/late.py").write_text("def f():\n    from ..deep import x\n", encoding="utf-8")
    (tmp_path / "deep.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "unused.py").write_text("y = 1\n", encoding="utf-8")
    built = tmp_path / "purel3"
    built.write_bytes(build_program("/usr/bin/python3", str(tmp_path)))
    assert zipfile.ZipFile(built).namelist() == [
        "__main__.py",
        "purel3/__init__.py",
        "purel3/cli/__init__.py",
        "purel3/cli/late.py",
        "purel3/cli/main.py",
        "purel3/cli/version.txt",
        "purel3/deep.py",
    ]
