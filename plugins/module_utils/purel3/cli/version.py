# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version of the collection this library belongs to."""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import re

# In the one-file program on a node, which stands outside of any collection.
RECORD = "version.txt"
_COLLECTION = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../.."))


def read_version(collection: str = _COLLECTION) -> str:
    """Read the version of a collection.

    Args:
        collection: its directory, installed or a checkout.

    Returns:
        For example 1.0.0; `unknown` for a copy of the library outside of a collection.
    """
    with contextlib.suppress(OSError):
        recorded = pkgutil.get_data(__package__, RECORD)
        if recorded is not None:
            return recorded.decode().strip()
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
