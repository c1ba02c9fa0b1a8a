# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`kernel_metric` and `ecmp_paths`: how BIRD's routes stand in the kernel."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ...values import bgp, scalars
from .part import ByNode, Draft, Part, Variables

if t.TYPE_CHECKING:
    from .fabric import CheckedFabric, Fabric


def _read(draft: Draft) -> Fabric:
    return replace(
        draft.fabric,
        ecmp_paths=draft.file.number("ecmp_paths", bgp.ecmp_paths),
        kernel_metric=draft.file.number("kernel_metric", scalars.kernel_metric) or 0,
    )


def _by_node(checked: CheckedFabric) -> ByNode:
    return {node.name: {"bird_kernel_metric": checked.fabric.kernel_metric} for node in checked.fabric.nodes}


def _of_nodes(checked: CheckedFabric) -> Variables:
    paths = checked.fabric.ecmp_paths
    return {} if paths is None else {"bird_ecmp_paths": paths}


PART = Part(
    keys=("kernel_metric", "ecmp_paths"),
    read=_read,
    by_node=_by_node,
    of_nodes=_of_nodes,
    variables=("bird_kernel_metric",),
)
