# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command purel3 as one file for a node: what it imports of the library, in an archive that Python runs."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import tempfile
import typing as t
import zipfile

from ansible import constants
from ansible.errors import AnsibleError

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.cli.version import RECORD, read_version
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.deployment import PROGRAM_MARK

_LIBRARY = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../module_utils/purel3"))
_ENTRY = "cli.main"
# Whatever Python it meets must understand this much of it.
_MAIN = """import sys

if sys.version_info < (3, 9):
    sys.exit("Python %d.%d is too old; purel3 needs Python 3.9 or newer" % sys.version_info[:2])

from purel3.cli.main import main

sys.exit(main(sys.argv[1:]))
"""
# The earliest time that an archive can hold: the same library gives the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o644
_PYTHON = "/usr/bin/python3"


def program_for(options: t.Mapping[str, t.Any]) -> str:
    """Build the program that a node gets, in the folder of this run of Ansible, once for all hosts; return its path.

    `options` are those of the module restore. Raises AnsibleError where it cannot be built here, or for no such
    interpreter.
    """
    python = str(options.get("python") or _PYTHON)
    if not os.path.isabs(python):
        raise AnsibleError(f"python {python} is not an absolute path; give one such as {_PYTHON}")
    folder = str(t.cast(t.Any, constants).DEFAULT_LOCAL_TMP)
    path = os.path.join(folder, f"purel3-{hashlib.sha256(python.encode()).hexdigest()[:16]}")
    if os.path.exists(path):
        return path
    try:
        handle, new = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(build_program(python))
        # Hosts are served side by side, and each of them finds nothing or all of it.
        os.rename(new, path)
    except OSError as error:
        raise AnsibleError(f"{path}: the program purel3 cannot be built on the controller: {error.strerror}") from error
    return path


def digest_of(path: str) -> str:
    """The digest by which a node tells whether it has the program of this file."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def build_program(interpreter: str, library: str = _LIBRARY) -> bytes:
    """Make the program, an executable file that is always the same for the same library.

    interpreter: absolute path of Python on the node.
    library: the folder of the library, in the collection that it belongs to.

    Raises OSError where the library cannot be read.
    """
    members = {"__main__.py": _MAIN, f"purel3/cli/{RECORD}": f"{read_version()}\n"}
    for path in _needed(library):
        members[f"purel3/{path}"] = _read(os.path.join(library, path))
        # An archive has no packages without this file (PEP 420 wants folders, which zip files need not list).
        folder = f"purel3/{path}"
        while "/" in folder:
            folder = os.path.dirname(folder)
            members.setdefault(f"{folder}/__init__.py", "")
    archive = io.BytesIO()
    # Not compressed: how small it gets depends on the machine that packs it.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system, info.external_attr = _UNIX, _MODE << 16
            file.writestr(info, members[name])
    # Isolated, because it runs as root: no current directory, environment or installed package adds code.
    return f"#!{interpreter} -IS\n".encode() + PROGRAM_MARK + archive.getvalue()


def _needed(library: str) -> t.Tuple[str, ...]:
    """Follow the imports of the command, wherever in a file they stand."""
    found: t.Set[str] = set()
    left = [_ENTRY]
    while left:
        name = left.pop()
        path = f"{name.replace('.', '/')}.py"
        if path in found or not os.path.isfile(os.path.join(library, path)):
            continue
        found.add(path)
        left.extend(_imported(_read(os.path.join(library, path)), name.split(".")[:-1]))
    return tuple(sorted(found))


def _imported(text: str, package: t.Sequence[str]) -> t.Iterator[str]:
    """The files of the library that a file may import, and names that are none."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module.split(".") if node.module else [])]
            yield ".".join(base)
            yield from (".".join([*base, alias.name]) for alias in node.names)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
