# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version of the collection this library belongs to."""

from __future__ import annotations

import os

# In the one-file program on a node, which stands outside of any collection.
RECORD = "version.txt"
_COLLECTION = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../.."))


def read_version(collection: str = _COLLECTION) -> str:
    """Read the version of a collection, installed or a checkout, for example 1.0.0.

    It is `unknown` for a copy of the library outside of a collection.
    """
    try:
        # Also out of an archive.
        recorded = __loader__.get_data(os.path.join(os.path.dirname(__file__), RECORD))  # type: ignore[name-defined]
    except OSError:
        recorded = None
    # None is what Ansible's loader says.
    return _of_collection(collection) if recorded is None else str(recorded.decode().strip())


def _of_collection(collection: str) -> str:
    import json
    import re

    try:
        with open(os.path.join(collection, "MANIFEST.json"), encoding="utf-8") as file:
            return str(json.load(file)["collection_info"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        with open(os.path.join(collection, "galaxy.yml"), encoding="utf-8") as file:
            found = re.search(r"^version: *([^\s#]+)", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip("'\"") if found else "unknown"
