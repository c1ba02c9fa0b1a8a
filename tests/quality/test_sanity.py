# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sanity test of ansible-test, with no ignore file; modules compile on every Python that they may meet."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

Run = t.Callable[..., str]

# ansible-test would download this script, and on many machines cannot; the pip that comes with Python does as well.
GET_PIP = "import ensurepip\n\nensurepip.bootstrap()\n"
PIP_VERSION_THAT_ANSIBLE_TEST_ASKS_FOR = "24_2"

# What is published and what runs on nodes; tests and benchmarks are ruff's alone.
LEFT_OUT = {".git", "bench", "tests"}
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
# An environment of its own each time: the oldest and the newest, between which nothing that exists in both is missing.
IMPORTED_ON = (VERSIONS[0], VERSIONS[-1])


class Report(t.NamedTuple):
    is_good: bool
    text: str


@pytest.fixture(scope="module")
def report(
    run: Run, exported: Path, home: Path, interpreters: t.Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Report:
    """What everything said; it serves all tests here."""
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"get_pip_{PIP_VERSION_THAT_ANSIBLE_TEST_ASKS_FOR}.py").write_text(GET_PIP, encoding="utf-8")
    programs = tmp_path_factory.mktemp("pythons")
    for version, path in interpreters.items():
        (programs / f"python{version}").symlink_to(path)
    env = {"HOME": str(home), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    looked_at = [f"{path.name}/" if path.is_dir() else path.name for path in sorted(exported.iterdir())]
    looked_at = [name for name in looked_at if name.rstrip("/") not in LEFT_OUT]
    commands = [["--skip-test", "import", *looked_at]]
    commands += [["--test", "import", "--python", version] for version in IMPORTED_ON if version in interpreters]
    said = ""
    for words in commands:
        try:
            said += run("ansible-test", "sanity", "--color", "no", *words, cwd=exported, env=env)
        except pytest.fail.Exception as failure:
            return Report(False, f"{said}{failure}")
    return Report(True, said)


def test_there_is_no_ignore_file(checkout: Path) -> None:
    assert not (checkout / "tests/sanity").exists()


def test_every_sanity_test_ran_and_found_nothing(report: Report) -> None:
    if not report.is_good:
        pytest.fail(report.text, pytrace=False)
    left_out = [
        line for line in report.text.splitlines() if "Skipping sanity test" in line and " on Python " not in line
    ]
    assert left_out == []


@pytest.mark.parametrize("version", VERSIONS)
def test_modules_compile_and_on_the_oldest_and_the_newest_import_on_python(
    report: Report, interpreters: t.Mapping[str, Path], version: str
) -> None:
    if version not in interpreters:
        pytest.skip(f"NOT CHECKED on Python {version}: neither PATH nor pyenv has one on this machine")
    for name in ("compile", *(["import"] if version in IMPORTED_ON else [])):
        if f'Running sanity test "{name}" on Python {version}\n' not in report.text:
            pytest.fail(f"{name} did not run on Python {version}:\n{report.text}", pytrace=False)
        if f"{name} issue(s) on python {version} " in report.text:
            pytest.fail(
                f"{name} found faults on Python {version}, shown by the test of all sanity tests", pytrace=False
            )
