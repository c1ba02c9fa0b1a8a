# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which learnt routes should lead into the tunnel, as the variables say it."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ...values.checker import Checker
from ...values.modes import IPIP, IPIP_CROSS_SUBNET

if t.TYPE_CHECKING:
    from .settings import Settings

_KEYS = {"prefix", "mode"}


@dataclass(frozen=True)
class Encapsulation:
    """Routes that lead into the tunnel.

    Args:
        prefix: the pool that they lie in.
        is_cross_subnet: whether only those do that lead to a node in another subnet.
    """

    prefix: ipaddress.IPv4Network
    is_cross_subnet: bool


def read_encapsulation(check: Checker, value: t.Any) -> t.Tuple[Encapsulation, ...]:
    """Read the variable bird_encapsulation.

    Args:
        check: collects the faults.
        value: a list of mappings with prefix and mode.

    Returns:
        What could be read, sorted by prefix.
    """
    found = set()
    for index, item in enumerate(check.items("bird_encapsulation", value)):
        where = f"bird_encapsulation[{index}]"
        if not isinstance(item, t.Mapping) or set(item) != _KEYS:
            check.refuse(where, item, "is not of this kind; give a mapping with prefix, mode")
            continue
        prefix = check.network(f"{where}.prefix", item["prefix"], "a pool")
        mode = check.choice(f"{where}.mode", item["mode"], (IPIP, IPIP_CROSS_SUBNET))
        if prefix is not None:
            found.add(Encapsulation(prefix, mode == IPIP_CROSS_SUBNET))
    return tuple(sorted(found, key=lambda one: (one.prefix, one.is_cross_subnet)))


def contradictions(settings: Settings) -> t.Iterator[str]:
    """Find what cannot be true of encapsulated pools at once.

    Args:
        settings: values that are right by themselves.

    Yields:
        One sentence per fault, with its remedy.
    """
    entries = settings.encapsulation
    for wide, narrow in zip(entries, entries[1:]):
        if narrow.prefix.overlaps(wide.prefix):
            yield f"bird_encapsulation: {narrow.prefix} overlaps {wide.prefix}; name each pool once"
    if not settings.subnets and any(one.is_cross_subnet for one in entries):
        yield "bird_subnets: it is empty, but ipip_cross_subnet depends on them; give the subnets that the node is in"
