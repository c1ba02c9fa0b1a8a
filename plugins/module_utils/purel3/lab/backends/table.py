# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backends of labs; the first is the default."""

from __future__ import annotations

import typing as t

from ..base.backend import Backend
from .existing import EXISTING
from .namespaces.backend import NAMESPACES
from .qemu.backend import QEMU

BACKENDS: t.Tuple[Backend, ...] = (NAMESPACES, QEMU, EXISTING)
