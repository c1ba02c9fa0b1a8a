# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How addresses are translated, in words that users write."""

from __future__ import annotations

# As what workloads of a pool appear outside of the fabric; beside this, an address.
MASQUERADE = "masquerade"
# To whom they appear as themselves all the same.
POOLS = "pools"
POOLS_AND_NODES = "pools_and_nodes"
EXCLUSIONS = (POOLS, POOLS_AND_NODES)
# Where a workload appears by its floating IP: to itself, outside as well, or nowhere.
HAIRPIN = "hairpin"
ALWAYS = "always"
NONE = "none"
SNATS = (HAIRPIN, ALWAYS, NONE)
