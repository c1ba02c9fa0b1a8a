# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found out about a fabric file while it is read and checked."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .document import Faults, Path, Places


@dataclass(frozen=True)
class Report:
    """Where reading notes the lines of values and what is wrong with them; warnings stop nothing."""

    faults: Faults
    places: Places
    warnings: Faults

    def fault(self, path: Path, problem: str, remedy: str) -> None:
        """Note a fault at the keys that lead to where it stands."""
        self.faults.add(self.places.line(*path), problem, remedy)

    def warn(self, path: Path, problem: str, remedy: str) -> None:
        """Note what is allowed, but seldom wise."""
        self.warnings.add(self.places.line(*path), problem, remedy)

    def seen(self, path: Path) -> str:
        """The line of something that a fault elsewhere speaks of, to follow its name: ` (line 5)`."""
        return f" (line {self.places.line(*path)})"

    def by_line(self, one: Path, other: Path) -> t.Tuple[Path, Path]:
        """Two places in the file's order."""
        first, second = sorted((one, other), key=lambda path: self.places.line(*path))
        return first, second

    def unique(self, what: str, uses: t.Iterable[t.Tuple[Path, str, str]], remedy: str = "give each its own") -> None:
        """Note each value that is used twice, from where each stands, the value, and whose it is."""
        first_use: t.Dict[str, t.Tuple[Path, str]] = {}
        for path, value, owner in sorted(uses, key=lambda use: (self.places.line(*use[0]), use[2])):
            if value in first_use:
                first_path, first_owner = first_use[value]
                problem = f"{owner}: {what} {value} is also {first_owner}'s{self.seen(first_path)}"
                self.fault(path, problem, remedy)
            first_use.setdefault(value, (path, owner))
