# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a run measured of scale."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..clock import Cost
from .build import Build
from .idle import Idle
from .network import Network
from .planning import Growth
from .unchanged import Unchanged


class Listing(t.NamedTuple):
    """What `ansible-inventory --list` cost, and what it cost of a smaller fabric."""

    network: Network
    cost: Cost
    small: Network
    small_cost: Cost


@dataclass
class Findings:
    """What was measured; what was not is None or empty."""

    growth: t.Optional[Growth] = None
    listing: t.Optional[Listing] = None
    idle: t.Optional[Idle] = None
    unchanged: t.Optional[Unchanged] = None
    builds: t.List[Build] = field(default_factory=list)
