# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions in words."""

from __future__ import annotations

from .verdict import Decision


def put_in_words(decision: Decision) -> str:
    """Say what decides, for example `policy db, ingress[0]`, or `policy db, end of tier default`."""
    if decision.policy is None or decision.tier is None:
        return f"policy.default, {decision.direction}"
    if decision.rule is None:
        return f"policy {decision.policy.name}, end of tier {decision.tier.name} for {decision.direction}"
    return f"policy {decision.policy.name}, {decision.direction}[{decision.rule}]"
