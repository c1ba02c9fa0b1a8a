# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a BIRD has its things unless somebody says otherwise."""

from __future__ import annotations

DEFAULT_CONFIG = "/etc/bird/bird.conf"
DEFAULT_ACCOUNT = "bird"
