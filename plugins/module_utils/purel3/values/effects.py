# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of configuration does to a session, or to another protocol of BIRD."""

from __future__ import annotations

NONE = "none"
# Routes are evaluated again; the session stays.
REFILTER = "refilter"
RESTART = "restart"
ADDED = "added"
REMOVED = "removed"
