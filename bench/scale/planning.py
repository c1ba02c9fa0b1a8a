# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How planning and rendering grow with the fabric: from the text of the fabric file to the bird.conf of every node."""

from __future__ import annotations

import statistics
import typing as t
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.text.config import render_variables
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.desired import (
    Variables,
    all_variables,
    host_variables,
    node_variables,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import CheckedFabric
from ansible_collections.purel3.fabric.plugins.plugin_utils.fabric_files import read_source

from ..clock import Cost, measure
from .network import Network

READ = "read the file"
CHECK = "check and allocate"
DESIRED = "variables of all hosts"
RENDER = "render"
STEPS = (READ, CHECK, DESIRED, RENDER)


class Growth(t.NamedTuple):
    """What planning costs in a small and a large fabric: for each step the turns, in CPU seconds."""

    small: Network
    large: Network
    turns: t.Dict[int, t.Dict[str, t.List[Cost]]]

    def seconds(self, size: int, step: t.Optional[str] = None) -> float:
        """Find the middle of what a step took, in CPU seconds.

        Args:
            size: of the fabric.
            step: one of STEPS; None for all of them together.

        Returns:
            CPU seconds.
        """
        steps = [self.turns[size][name] for name in (STEPS if step is None else [step])]
        sums: t.List[float] = [sum(cost.cpu for cost in costs) for costs in zip(*steps)]
        return statistics.median(sums)


def measure_growth(small: Network, large: Network, folder: Path, repetitions: int) -> Growth:
    """Plan two fabrics in turn.

    Args:
        small: the one.
        large: the other.
        folder: for their files.
        repetitions: turns of each.

    Returns:
        What it took.
    """
    turns: t.Dict[int, t.Dict[str, t.List[Cost]]] = {}
    for _repetition in range(repetitions):
        for network in (small, large):
            steps = turns.setdefault(network.size, {step: [] for step in STEPS})
            for step, cost in _plan(network.write(folder, has_lab=False)).items():
                steps[step].append(cost)
    return Growth(small, large, turns)


def _plan(path: Path) -> t.Dict[str, Cost]:
    sources: t.List[Source] = []
    fabrics: t.List[CheckedFabric] = []
    variables: t.Dict[str, Variables] = {}
    texts: t.List[str] = []
    return {
        READ: measure(lambda: sources.append(read_source(str(path)))),
        CHECK: measure(lambda: fabrics.append(check_fabric(sources[0]))),
        DESIRED: measure(lambda: variables.update(_variables(fabrics[0], path))),
        RENDER: measure(lambda: texts.extend(_texts(variables))),
    }


def _variables(checked: CheckedFabric, path: Path) -> t.Dict[str, Variables]:
    all_variables(checked, str(path))
    common = node_variables(checked)
    return {name: {**common, **variables} for name, variables in host_variables(checked).items()}


def _texts(variables: t.Mapping[str, Variables]) -> t.Iterator[str]:
    for values in variables.values():
        yield render_variables({name: value for name, value in values.items() if name.startswith("bird_")})
