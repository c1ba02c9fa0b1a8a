# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a fabric's files are, and reading them."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import FabricError, InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import (
    Source,
    allocates,
    check_fabric,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults, Located
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.extending import extend, extended_name
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.section import show
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

ENDINGS = (".fabric.yml", ".fabric.yaml")
_LONGEST_CHAIN = 20
# Ansible passes over files of this extension in an inventory folder.
STORE_ENDING = ".allocations.txt"


def is_fabric_file(path: str) -> bool:
    """Whether a path has the name of a fabric file: NAME.fabric.yml or NAME.fabric.yaml."""
    name = os.path.basename(path)
    return any(name.endswith(ending) and name != ending for ending in ENDINGS)


def fabric_name(path: str) -> str:
    """The name of a fabric: its file's name without the ending."""
    name = os.path.basename(path)
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), "")
    return name[: len(name) - len(ending)]


def store_path(path: str) -> str:
    """The path of the allocation store of a fabric, beside its file."""
    return os.path.join(os.path.dirname(path), fabric_name(path) + STORE_ENDING)


def shown(path: str) -> str:
    """A path as messages show it: relative to the working directory when it is below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def read_source(path: str) -> Source:
    """A fabric file, the one that it extends, and its store, parsed as YAML and as text.

    Nothing is checked yet, but for the file that it extends. Raises FabricError where that one has faults, or a file
    cannot be read at all.
    """
    return _read_source(path, ())


def _read_source(path: str, extending: t.Tuple[str, ...]) -> Source:
    faults = Faults(shown(path))
    store = store_path(path)
    text = _read_text(path, faults)
    root = None if text is None else load(text, faults)
    name = extended_name(root)
    if root is not None and name is not None:
        base = _read_base(path, name, faults, extending)
        if not allocates(root):
            store = base.store_path
        if base.root is not None:
            root = extend(root, base.root)
    store_faults = Faults(shown(store))
    return Source(
        faults=faults,
        root=root,
        store_faults=store_faults,
        store_text=(_read_text(store, store_faults) or "") if os.path.lexists(store) else "",
        lab_name=fabric_name(path),
        store_path=store,
        backends=BACKENDS,
    )


def _read_base(path: str, name: Located, faults: Faults, extending: t.Tuple[str, ...]) -> Source:
    target = os.path.join(os.path.dirname(path), name.text)
    extending = (*extending, os.path.realpath(path))
    extends = f"extends {show(name.text)}"
    if not is_fabric_file(target):
        faults.add(name.line, f"{extends} is no fabric file", "name a file that ends in .fabric.yml")
    elif not os.path.isfile(target):
        faults.add(name.line, f"{extends}: there is no such file", "write its path as seen from this file")
    elif len(extending) > _LONGEST_CHAIN:
        problem = f"{extends} is the end of a chain of more than {_LONGEST_CHAIN} files"
        faults.add(name.line, problem, "put some of them together")
    elif os.path.realpath(target) in extending:
        faults.add(name.line, f"{extends} leads back to this file", "name one that stands alone")
    if faults:
        raise InvalidInput(faults.sentences())
    base = _read_source(target, extending)
    # Alone, so that its faults are told with its own lines.
    check_fabric(base)
    return base


def _read_text(path: str, faults: Faults) -> t.Optional[str]:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise FabricError(f"{shown(path)}: cannot be read: {error.strerror}; correct its path or permissions") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(line, f"byte 0x{content[error.start]:02x} is not UTF-8", "save the file as UTF-8 text")
        return None
