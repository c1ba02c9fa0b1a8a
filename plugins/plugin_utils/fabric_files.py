# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a fabric's files are, and reading them."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.errors import FabricError
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.document import Faults
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

ENDINGS = (".fabric.yml", ".fabric.yaml")
# Ansible passes over files of this extension in an inventory folder.
STORE_ENDING = ".allocations.txt"


def is_fabric_file(path: str) -> bool:
    """Whether a path has the name of a fabric file.

    Args:
        path: any path.

    Returns:
        True for NAME.fabric.yml and NAME.fabric.yaml.
    """
    name = os.path.basename(path)
    return any(name.endswith(ending) and name != ending for ending in ENDINGS)


def fabric_name(path: str) -> str:
    """The name of a fabric.

    Args:
        path: of its file.

    Returns:
        The file's name without its ending.
    """
    name = os.path.basename(path)
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), "")
    return name[: len(name) - len(ending)]


def store_path(path: str) -> str:
    """The allocation store of a fabric.

    Args:
        path: of the fabric file.

    Returns:
        The path of the store, beside it.
    """
    return os.path.join(os.path.dirname(path), fabric_name(path) + STORE_ENDING)


def shown(path: str) -> str:
    """A path as messages show it.

    Args:
        path: any path.

    Returns:
        Relative to the working directory when it is below it.
    """
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def read_source(path: str) -> Source:
    """Read a fabric file and its store.

    Args:
        path: of the fabric file.

    Returns:
        Both, parsed as YAML and as text; not yet checked.

    Raises:
        FabricError: a file cannot be read at all.
    """
    faults = Faults(shown(path))
    store = store_path(path)
    text = _read_text(path, faults)
    store_faults = Faults(shown(store))
    return Source(
        faults=faults,
        root=None if text is None else load(text, faults),
        store_faults=store_faults,
        store_text=(_read_text(store, store_faults) or "") if os.path.lexists(store) else "",
        lab_name=fabric_name(path),
    )


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
