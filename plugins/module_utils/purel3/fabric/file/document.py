# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a fabric file with the lines they stand on, and the faults found in them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

Scalar = t.Union[str, int, float, bool, None]
Path = t.Tuple[str, ...]


@dataclass(frozen=True)
class Located:
    """One value of a file.

    value: a scalar, a mapping by key, or a list.
    line: where it stands, counted from 1; the key's line for a value of a mapping.
    text: a scalar as it is written in the file.
    is_refused: a fault about it is noted already, and the value stands for nothing.
    """

    value: t.Union[Scalar, t.Mapping[str, Located], t.Sequence[Located]]
    line: int
    text: str = ""
    is_refused: bool = False


def plain(located: Located) -> t.Any:
    """The value without its lines: scalars, lists and dictionaries."""
    value = located.value
    if isinstance(value, t.Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, t.Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


@dataclass
class Faults:
    """What is wrong with one file, collected so that all of it is reported at once.

    file: its name as the user should see it.
    """

    file: str
    _found: t.Dict[t.Tuple[int, str], None] = field(default_factory=dict)

    def add(self, line: int, problem: str, remedy: str) -> None:
        """Note one fault: the object, its value and what is wrong with it, and what the user should do."""
        self._found[(line, f"{problem}; {remedy}")] = None

    def __len__(self) -> int:
        return len(self._found)

    def sentences(self) -> t.List[str]:
        """All faults in the order of their lines: `FILE:LINE: PROBLEM; REMEDY`."""
        return [f"{self.file}:{line}: {_on_one_line(text)}" for line, text in sorted(self._found)]


def _on_one_line(text: str) -> str:
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class Places:
    """On which line each value of a file stands."""

    def __init__(self) -> None:
        self._lines: t.Dict[Path, int] = {}

    def note(self, path: Path, line: int) -> None:
        """Remember a value's line; the path is the keys that lead to it."""
        self._lines[path] = line

    def holds(self, path: Path) -> bool:
        """Whether the line of a value is known."""
        return path in self._lines

    def line(self, *path: str) -> int:
        """The line of a value, or of the nearest thing around it that the file does hold."""
        for length in range(len(path), 0, -1):
            found = self._lines.get(path[:length])
            if found is not None:
                return found
        return 1
