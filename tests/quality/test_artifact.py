# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is published: the tarball, Galaxy's opinion of it, and what it is once installed on its own."""

from __future__ import annotations

import json
import tarfile
import typing as t
from pathlib import Path

Run = t.Callable[..., str]

DOCUMENTED = ("module", "inventory", "connection", "filter", "callback")


def names_of(folder: Path) -> t.Set[str]:
    return {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}


def test_the_tarball_holds_what_users_need_and_nothing_of_the_checkout(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        top = {name.split("/")[0] for name in archive.getnames()}
    needed = {"FILES.json", "MANIFEST.json", "CHANGELOG.md", "LICENSE", "README.md"}
    needed |= {"meta", "playbooks", "plugins", "roles", "scripts"}
    assert needed <= top
    assert top <= needed | {"ARCHITECTURE.md", "changelogs", "docs"}


def test_galaxy_accepts_the_tarball(run: Run, artifact: Path, home: Path, tmp_path: Path) -> None:
    config = tmp_path / "galaxy-importer.cfg"
    # Its ansible-lint is the one that has looked at the checkout.
    options = ("RUN_ANSIBLE_TEST = False", "RUN_ANSIBLE_LINT = False", "CHECK_REQUIRED_TAGS = True")
    config.write_text("\n".join(["[galaxy-importer]", *options, ""]), encoding="utf-8")
    env = {"GALAXY_IMPORTER_CONFIG": str(config), "HOME": str(home)}
    said = run("python", "-m", "galaxy_importer.main", artifact, cwd=tmp_path, env=env)
    complaints = [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert not complaints, "\n".join(complaints)


def test_every_plugin_documents_itself_once_installed(
    run: Run, checkout: Path, installed: t.Mapping[str, str], tmp_path: Path
) -> None:
    for kind in DOCUMENTED:
        listed = run("ansible-doc", "--json", "--list", "--type", kind, "purel3.fabric", cwd=tmp_path, env=installed)
        folder = checkout / "plugins" / ("modules" if kind == "module" else kind)
        assert set(json.loads(listed)) == {f"purel3.fabric.{name}" for name in names_of(folder)}


def test_every_module_starts_once_installed(
    run: Run, checkout: Path, installed: t.Mapping[str, str], tmp_path: Path
) -> None:
    modules = sorted(names_of(checkout / "plugins/modules"))
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    names = [f"ansible_collections.purel3.fabric.plugins.modules.{module}" for module in modules]
    run(
        "python",
        "-c",
        code,
        *names,
        cwd=tmp_path,
        env={**installed, "PYTHONPATH": installed["ANSIBLE_COLLECTIONS_PATH"]},
    )


def test_the_command_runs_once_installed(run: Run, installed: t.Mapping[str, str], tmp_path: Path) -> None:
    command = Path(installed["ANSIBLE_COLLECTIONS_PATH"], "ansible_collections/purel3/fabric/scripts/purel3")
    assert run(command, "--version", cwd=tmp_path).startswith("purel3 1.")


def test_every_playbook_parses_once_installed(
    run: Run, checkout: Path, installed: t.Mapping[str, str], tmp_path: Path
) -> None:
    names = [f"purel3.fabric.{playbook.stem}" for playbook in sorted(checkout.glob("playbooks/*.yml"))]
    said = run("ansible-playbook", "--syntax-check", "-i", "localhost,", *names, cwd=tmp_path, env=installed)
    assert said.count("\nplaybook: ") == len(names)
