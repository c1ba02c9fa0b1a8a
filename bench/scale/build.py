# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network from nothing to proven: `site.yml` end to end, then its BIRDs started together, ours and others in turn."""

from __future__ import annotations

import statistics
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ..clock import Cost
from .controller import Tasks
from .convergence import COMPARED, WAYS, Race, Turn
from .lab import running
from .network import Network, Say


@dataclass
class Build:
    """What was measured of a network.

    Args:
        network: what it is.
        lab_up: what starting its nodes cost.
        floor: a playbook of one task that does nothing.
        site: `site.yml` on nodes that have nothing.
        tasks: how many tasks a node had in it.
        turns: each start of all BIRDs, by way.
    """

    network: Network
    lab_up: Cost
    floor: Cost
    site: Cost
    tasks: Tasks
    turns: t.Dict[str, t.List[Turn]] = field(default_factory=dict)

    def seconds(self, way: str) -> float:
        """Find the middle of the convergence times of a way."""
        return statistics.median(turn.seconds for turn in self.turns[way])

    def cpu(self, way: str) -> float:
        """Find the middle of what all BIRDs together had run when the last block arrived, in seconds."""
        return statistics.median(turn.cpu for turn in self.turns[way])

    def resident(self, way: str) -> t.List[int]:
        """List the bytes that each BIRD had resident in the last turn, from the least to the most."""
        return sorted(memory.resident for memory in self.turns[way][-1].memory.values())

    def proportional(self, way: str) -> t.List[int]:
        """List the bytes of each BIRD in the last turn with its share of common pages, from the least to the most."""
        return sorted(memory.proportional for memory in self.turns[way][-1].memory.values())


def build(network: Network, folder: Path, repetitions: int, say: Say) -> Build:
    """Start a lab, run `site.yml`, start its BIRDs again and again, end the lab.

    Args:
        network: what to build.
        folder: for its files.
        repetitions: how often the BIRDs are started in each way.
        say: tells what is going on.

    Returns:
        What was measured.

    Raises:
        StepFailed: Ansible failed.
        BoxError: BIRD failed.
    """
    inventory = network.write(folder)
    with running(network, inventory) as lab:
        say(f"{network.name}: lab_up {lab.start.wall:.1f} s")
        floor = lab.controller.play_floor()
        say(f"{network.name}: one no-op task per node {floor.wall:.1f} s")
        site = lab.controller.play("site.yml")
        result = Build(network, lab.start, floor, site, lab.controller.tasks())
        say(f"{network.name}: site.yml {site.wall:.1f} s")
        race = Race(network, lab.nodes, inventory)
        for repetition in range(repetitions):
            for way in WAYS if repetition == 0 else COMPARED:
                turn = race.take_turn(way)
                result.turns.setdefault(way, []).append(turn)
                say(f"{network.name}: {way} {repetition + 1}: {turn.seconds:.2f} s (CPU {turn.cpu:.2f} s)")
    return result
