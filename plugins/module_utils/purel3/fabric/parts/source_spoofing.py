# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`workload_source_spoofing`: whether workloads that do not say it themselves may send from any address."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...values.scalars import one_of
from ...values.workload import SOURCE_SPOOFING
from .part import Draft, Part

if t.TYPE_CHECKING:
    from .fabric import Fabric


def _read(draft: Draft) -> Fabric:
    choice = draft.file.text("workload_source_spoofing", one_of(SOURCE_SPOOFING))
    return replace(draft.fabric, workload_source_spoofing=choice)


PART = Part(keys=("workload_source_spoofing",), read=_read)
