# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of test may use: the checkout, commands, copies of the collection, other interpreters."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

CHECKOUT = Path(__file__).resolve().parent.parent
CACHE = CHECKOUT / ".cache"
KINDS_THAT_NEED_ROOT = {"kernel", "faults", "integration", "molecule", "vm"}

Run = t.Callable[..., str]

# The environment's own programs first, and those that an ordinary user's PATH lacks, however pytest was started.
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"]
)
# Under sudo, git would not trust a checkout that is the user's.
os.environ.update(GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")


def pytest_report_header() -> str:
    return (
        f"pyroute2 {importlib.metadata.version('pyroute2')}, ansible-core {importlib.metadata.version('ansible-core')}"
    )


# Scopes that are more than a file: what is in them shares a lab, or takes caches and copies of the collection.
WHOLE_FOLDERS = ("tests/molecule", "tests/quality")
OF_MACHINES = ("tests/molecule/", "tests/vm/")


class OneLabOfMachinesAtATime(LoadScopeScheduling):  # type: ignore[misc]
    """A worker takes a file after the other; of those that keep processors busy with machines, only one is under way.

    These begin first, because they take longest.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return next((folder for folder in WHOLE_FOLDERS if path.startswith(f"{folder}/")), path)

    def _assign_work_unit(self, node: t.Any) -> None:
        under_way = [
            scope
            for other, units in self.assigned_work.items()
            for scope, unit in units.items()
            if other is not node and not all(unit.values())
        ]
        is_busy = any(map(_is_of_machines, under_way))
        wanted = [scope for scope in self.workqueue if _is_of_machines(scope) != is_busy]
        if wanted:
            # Molecule's chain of scenarios is the longest of all.
            self.workqueue.move_to_end(min(wanted, key=lambda scope: scope != "tests/molecule"), last=False)
        super()._assign_work_unit(node)


def _is_of_machines(scope: str) -> bool:
    return f"{scope}/".startswith(OF_MACHINES)


def pytest_xdist_make_scheduler(config: pytest.Config, log: t.Any) -> LoadScopeScheduling:
    return OneLabOfMachinesAtATime(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    kind = item.path.relative_to(CHECKOUT / "tests").parts[0]
    if kind in KINDS_THAT_NEED_ROOT and os.geteuid() != 0:
        pytest.fail(f"tests/{kind} makes network namespaces and needs root: use `make test`, which asks sudo", False)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The top of the checkout under test."""
    return CHECKOUT


@pytest.fixture(scope="session")
def run() -> Run:
    """Run a command, fail the test with its whole output unless it ends well, and return that output.

    Takes the words of the command; `cwd` (default: the checkout), `env` (added to this process's own).
    """

    def run_command(
        *words: t.Union[str, Path], cwd: Path = CHECKOUT, env: t.Optional[t.Mapping[str, str]] = None
    ) -> str:
        command = [str(word) for word in words]
        done = subprocess.run(
            command,
            check=False,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        if done.returncode != 0:
            pytest.fail(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}", pytrace=False)
        return done.stdout

    return run_command


@pytest.fixture(scope="session")
def home(run: Run) -> Path:
    """A home directory for tools that keep caches or settings in it, so that the user's own stays untouched.

    Where pip finds packages is as on this machine, also for ansible-test, which hides pip's variables from it.
    """
    path = CACHE / "home"
    config = path / ".config/pip/pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.touch(mode=0o600)
    settings = configparser.ConfigParser(interpolation=None)
    found = re.findall(r"^(\S+)\.([\w-]+)=(['\"].*)$", run("python", "-m", "pip", "config", "list"), re.MULTILINE)
    for section, option, value in sorted(found, key=lambda setting: setting[0] == ":env:"):
        settings.setdefault(section.replace(":env:", "global"), {})[option] = ast.literal_eval(value)
    with config.open("w", encoding="utf-8") as file:
        settings.write(file)
    return path


@pytest.fixture(scope="session")
def exported(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as a git repository under .../ansible_collections/purel3/fabric, where ansible-test wants it."""
    listed = run("git", "ls-files", "-co", "--exclude-standard").splitlines()
    target = tmp_path_factory.mktemp("exported") / "ansible_collections" / "purel3" / "fabric"
    for name in listed:
        source = CHECKOUT / name
        if name.startswith("collections/") or not os.path.lexists(source):
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target / name, follow_symlinks=False)
    run("git", "init", "--quiet", cwd=target)
    run("git", "add", "--all", cwd=target)
    return target


@pytest.fixture(scope="session")
def artifact(run: Run, exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tarball that would be published."""
    folder = tmp_path_factory.mktemp("artifact")
    run("ansible-galaxy", "collection", "build", "--output-path", folder, cwd=exported)
    return next(folder.glob("purel3-fabric-*.tar.gz"))


@pytest.fixture(scope="session")
def installed(run: Run, artifact: Path, home: Path) -> t.Iterator[t.Mapping[str, str]]:
    """The environment in which Ansible finds one collection only: this one, installed from its tarball.

    Use it as `env` of `run`, with a `cwd` outside the checkout. ANSIBLE_COLLECTIONS_PATH says where it is.
    """
    with tempfile.TemporaryDirectory(prefix="purel3-installed-") as folder:
        config = Path(folder, "ansible.cfg")
        config.touch()
        env = {"ANSIBLE_COLLECTIONS_PATH": folder, "ANSIBLE_CONFIG": str(config), "HOME": str(home)}
        run(
            "ansible-galaxy", "collection", "install", "--offline", "-p", folder, artifact, cwd=artifact.parent, env=env
        )
        yield env


@pytest.fixture(scope="session")
def interpreters() -> t.Mapping[str, Path]:
    """Every Python 3.9 to 3.13 of this machine, by version: from PATH, else from pyenv."""
    found = {}
    for version in ("3.9", "3.10", "3.11", "3.12", "3.13"):
        for candidate in _candidates(version):
            if _version_of(candidate) == version:
                found[version] = candidate
                break
    return found


def _candidates(version: str) -> t.Iterator[Path]:
    yield Path(sys.executable)
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, encoding="utf-8", check=False).stdout.strip()
        yield from sorted(Path(root).glob(f"versions/{version}.*/bin/python{version}"), reverse=True)


def _version_of(interpreter: Path) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([interpreter, "-c", code], capture_output=True, encoding="utf-8", check=False)
    return done.stdout.strip()
