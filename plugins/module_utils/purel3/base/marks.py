# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first line of every file that we write, by which we know it again."""

from __future__ import annotations

FILE_HEADER = "# Written by the Ansible collection purel3.fabric; what is changed here by hand is overwritten."
