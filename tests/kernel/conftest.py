# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that name `box` run on a node of their own."""

from __future__ import annotations

from box import box, pytest_pyfunc_call

__all__ = ["box", "pytest_pyfunc_call"]
