# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of chains and sets that follow from what they are made of, so that what stays the same keeps its name."""

from __future__ import annotations

import hashlib

# What may leave its workload is asked here whether it may reach its destination.
ALLOWED = "cali-allowed"

_DIGITS = 16


def digest(*parts: str) -> str:
    """Write texts, in their order, as one word of 16 hex digits."""
    text = "\0".join(parts)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:_DIGITS]
