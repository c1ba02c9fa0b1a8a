# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`missing_namespace`: what becomes of a run if the namespace of a workload is not there."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...values.scalars import one_of
from ...values.workload import MISSING_NAMESPACE
from .part import Draft, Part, Variables

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric


def _read(draft: Draft) -> Fabric:
    return replace(draft.fabric, missing_namespace=draft.file.text("missing_namespace", one_of(MISSING_NAMESPACE)))


def _of_nodes(checked: CheckedFabric) -> Variables:
    choice = checked.fabric.missing_namespace
    return {} if choice is None else {"node_missing_namespace": choice}


PART = Part(keys=("missing_namespace",), read=_read, of_nodes=_of_nodes, variables=("node_missing_namespace",))
