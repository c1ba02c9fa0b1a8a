# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in files that we write, by which these, and a BIRD that read them, are known again."""

from __future__ import annotations

FILE_HEADER = "# Written by the Ansible collection purel3.fabric; what is changed here by hand is overwritten."
# What hands BIRD's routes to the kernel, in a BIRD with our configuration, and the constant with their metric there.
KERNEL_PROTOCOL = "fabric_kernel"
KERNEL_METRIC = "fabric_kernel_metric"
