# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which learnt routes should lead into the tunnel, as the variables say it."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ...values.checker import Checker
from ...values.modes import MODES, Mode

if t.TYPE_CHECKING:
    from .settings import Settings

_KEYS = {"prefix", "mode"}


@dataclass(frozen=True)
class Encapsulation:
    """A pool, and the mode in which packets to it travel."""

    prefix: ipaddress.IPv4Network
    mode: Mode


def read_encapsulation(check: Checker, value: t.Any) -> t.Tuple[Encapsulation, ...]:
    """Read the variable bird_encapsulation, as far as it can be read; sorted by prefix."""
    found = set()
    for index, item in enumerate(check.items("bird_encapsulation", value)):
        where = f"bird_encapsulation[{index}]"
        if not isinstance(item, t.Mapping) or set(item) != _KEYS:
            check.refuse(where, item, "is not of this kind; give a mapping with prefix, mode")
            continue
        prefix = check.network(f"{where}.prefix", item["prefix"], "a pool")
        mode = check.choice(f"{where}.mode", item["mode"], tuple(MODES))
        if prefix is not None:
            found.add(Encapsulation(prefix, MODES[mode]))
    return tuple(sorted(found, key=lambda one: (one.prefix, one.mode.name)))


def contradictions(settings: Settings) -> t.Iterator[str]:
    """Find what cannot be true of encapsulated pools at once; one sentence per fault, with its remedy."""
    entries = settings.encapsulation
    for wide, narrow in zip(entries, entries[1:]):
        if narrow.prefix.overlaps(wide.prefix):
            yield f"bird_encapsulation: {narrow.prefix} overlaps {wide.prefix}; name each pool once"
    needing = [one.mode.name for one in entries if one.mode.is_across_subnets_only]
    if needing and not settings.subnets:
        yield f"bird_subnets: it is empty, but {needing[0]} depends on them; give the subnets that the node is in"
