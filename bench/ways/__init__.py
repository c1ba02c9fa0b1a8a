# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to make workloads, in one shape."""

from __future__ import annotations

from . import ip_batch, ip_batch_nsenter, ip_shell, module, one_at_a_time, playbook, pyroute2_netns, replay
from .way import Way

WAYS: tuple[Way, ...] = (
    module.WAY,
    playbook.WAY,
    ip_batch.WAY,
    ip_batch_nsenter.WAY,
    ip_shell.WAY,
    pyroute2_netns.WAY,
    one_at_a_time.WAY,
    replay.WAY,
)
