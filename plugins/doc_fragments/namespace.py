# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network namespace in which a module works."""

from __future__ import annotations


class ModuleDocFragment:
    """The option that several modules document in the same words."""

    DOCUMENTATION = r"""
options:
  namespace:
    description:
      - The network namespace, as a name in C(/run/netns), an absolute path, or the id of a process in it.
      - Defaults to the host's own.
    type: str
"""
