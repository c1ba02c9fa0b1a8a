# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How packets to the addresses of a pool travel between nodes."""

from __future__ import annotations

NO_ENCAPSULATION = "none"
IPIP = "ipip"
IPIP_CROSS_SUBNET = "ipip_cross_subnet"
