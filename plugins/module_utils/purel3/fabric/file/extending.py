# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric file laid over another one, such as the lab's over that of the hosts which it stands for."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .document import Located

EXTENDS = "extends"
# Ansible finds our plugin by this key of a file, and does not look into the one that it extends.
_MARK = "plugin"


def extended_name(root: t.Optional[Located]) -> t.Optional[Located]:
    """The path of the file that a file extends, as it is written; None where it stands alone, or names no file."""
    if root is None or not isinstance(root.value, t.Mapping):
        return None
    name = root.value.get(EXTENDS)
    return name if name is not None and isinstance(name.value, str) else None


def extend(root: Located, base: Located) -> Located:
    """Lay a file over the one that it extends: all keys of both, but the other's mark; the first's where both have one.

    What comes from the other file stands on the line that names it, because faults are told with lines of the first.
    """
    name = extended_name(root)
    if name is None or not isinstance(root.value, t.Mapping) or not isinstance(base.value, t.Mapping):
        return root
    own = {_MARK, *root.value}
    inherited = {key: _moved(item, name.line) for key, item in base.value.items() if key not in own}
    return replace(root, value={**inherited, **root.value})


def _moved(located: Located, line: int) -> Located:
    value = located.value
    if isinstance(value, t.Mapping):
        return replace(located, line=line, value={key: _moved(item, line) for key, item in value.items()})
    if isinstance(value, t.Sequence) and not isinstance(value, str):
        return replace(located, line=line, value=[_moved(item, line) for item in value])
    return replace(located, line=line)
