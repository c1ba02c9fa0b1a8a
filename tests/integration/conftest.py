# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that name `network` or `two` run on nodes of their own."""

from __future__ import annotations

from bird_nodes import network, two

__all__ = ["network", "two"]
