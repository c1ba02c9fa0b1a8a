# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command as one file: the same bytes for the same library, whole, and run by a bare Python."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import typing as t
import zipfile
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.cli.version import read_version
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.compiled import compiled, digest_of_sent
from ansible_collections.purel3.fabric.plugins.plugin_utils.program import build_program

CHECKOUT = Path(__file__).resolve().parents[2]
LIBRARY = CHECKOUT / "plugins/module_utils/purel3"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sbin") / "purel3"
    path.write_bytes(build_program(sys.executable))
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def installed(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as a node has it."""
    path = tmp_path_factory.mktemp("node") / "purel3"
    path.write_bytes(subprocess.run([program, "--compile"], capture_output=True, check=True).stdout)
    path.chmod(0o755)
    return path


def test_the_same_library_gives_the_same_bytes(program: Path) -> None:
    assert build_program(sys.executable) == program.read_bytes()
    members = zipfile.ZipFile(program).infolist()
    assert [member.filename for member in members] == sorted(member.filename for member in members)
    assert {(member.date_time, member.compress_type) for member in members} == {((1980, 1, 1, 0, 0, 0), 0)}


def test_it_says_who_runs_it_and_whose_it_is(program: Path) -> None:
    first, second = program.read_bytes().split(b"\n")[:2]
    assert first == f"#!{sys.executable} -IS".encode()
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


@pytest.mark.parametrize("command", ["guard", "plan", "restore", "show", "status"])
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


def test_a_node_has_the_code_of_each_file_beside_its_text(program: Path, installed: Path) -> None:
    names = zipfile.ZipFile(program).namelist()
    whole = zipfile.ZipFile(installed)
    texts = [name for name in names if name.endswith(".py")]
    assert sorted(whole.namelist()) == sorted([*names, *(f"{name}c" for name in texts)])
    for name in texts:
        # Of this Python, and never compared with the text.
        assert whole.read(f"{name}c")[:8] == importlib.util.MAGIC_NUMBER + b"\1\0\0\0"
    assert installed.read_bytes().split(b"\n")[:2] == program.read_bytes().split(b"\n")[:2]


def test_its_own_python_reads_the_code_and_any_other_the_text(
    program: Path, tmp_path: Path, interpreters: t.Mapping[str, Path]
) -> None:
    # The text says otherwise than the code now, in as many bytes.
    mixed = tmp_path / "purel3"
    mixed.write_bytes(compiled(program.read_bytes()).replace(b'PROGRAM = "purel3"', b'PROGRAM = "inText"'))
    said = {
        name: subprocess.run([path, "-IS", mixed, "--version"], capture_output=True, text=True, check=False).stdout
        for name, path in {"own": Path(sys.executable), **interpreters}.items()
    }
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {name: words.rpartition(" ")[0] for name, words in said.items()} == {
        name: "purel3" if name in ("own", own) else "inText" for name in said
    }


def test_a_node_knows_which_program_it_has_and_whether_somebody_changed_it(program: Path, installed: Path) -> None:
    sent, content = program.read_bytes(), installed.read_bytes()
    assert digest_of_sent(content) == digest_of_sent(sent) == hashlib.sha256(sent).hexdigest()
    for place in (0, 40, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        assert digest_of_sent(bytes(changed)) != digest_of_sent(sent)
    assert digest_of_sent(b"") == hashlib.sha256(b"").hexdigest()


def test_a_python_of_another_version_wants_the_code_anew(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "MAGIC_NUMBER", b"next")
    assert digest_of_sent(installed.read_bytes()) == ""
    # It is not the one that runs the command.
    monkeypatch.setattr(sys, "executable", "/usr/bin/env")
    assert digest_of_sent(installed.read_bytes()) != ""
