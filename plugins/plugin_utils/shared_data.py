# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data that many hosts have in common, marked as trusted once instead of once a host."""

from __future__ import annotations

import typing as t

from ansible import template

# Before ansible-core 2.19 texts carry no such mark.
_trust: t.Callable[[str], str] = getattr(template, "trust_as_template", str)


class SharedData:
    """Remembers the dictionaries that it has marked; they must live as long as it does."""

    def __init__(self) -> None:
        self._done: t.Dict[int, t.Any] = {}

    def trusted(self, value: t.Any) -> t.Any:
        """The same plain data with texts that Ansible trusts, as an inventory stores them.

        A dictionary that is given again is returned as the same object.
        """
        if isinstance(value, str):
            return _trust(value)
        if isinstance(value, list):
            return [self.trusted(item) for item in value]
        if not isinstance(value, dict):
            return value
        if id(value) not in self._done:
            self._done[id(value)] = {key: self.trusted(item) for key, item in value.items()}
        return self._done[id(value)]
