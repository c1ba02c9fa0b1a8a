# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module says about check mode, diff mode and running twice."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes that several plugins document in the same words."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Plans and reports what it would do, and writes nothing.
  diff_mode:
    description: Shows each object that changes, one line an object, as it is and as it will be.
  idempotent:
    description:
      - A second run with the same options finds nothing to change and reports RV(ignore:changed=false).
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module only reads, so check mode makes no difference.
  diff_mode:
    support: N/A
    details:
      - This module only reads, so there is no difference to show.
  idempotent:
    support: full
    details:
      - This module only reads, so it can be run any number of times.
"""

    ACTIONGROUP_FABRIC = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/purel3.fabric.fabric) in C(module_defaults) to set defaults for all modules at once.
    support: full
    membership:
      - purel3.fabric.fabric
"""
