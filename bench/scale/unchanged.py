# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of site.yml costs that has nothing to do, and how often it starts Python on each node."""

from __future__ import annotations

import statistics
import sys
import typing as t
from collections import Counter
from pathlib import Path

from ..clock import Cost
from .lab import running
from .network import Network, Say

# A Python that keeps count of its starts, by the name of the node that it is started on.
_COUNTING = """\
#!/bin/sh
read -r node </proc/sys/kernel/hostname
echo "$node" >>{count}
exec {python} "$@"
"""


class Unchanged(t.NamedTuple):
    """A run that has nothing to do.

    Args:
        network: where.
        sites: what each run cost.
        floors: what a playbook of one task that does nothing cost, in turn with them.
        starts: how often a run starts Python on the node with most.
    """

    network: Network
    sites: t.List[Cost]
    floors: t.List[Cost]
    starts: int

    @property
    def cpu(self) -> t.Tuple[float, float]:
        """The middle of the CPU seconds of a run, and of the floor."""
        return statistics.median(one.cpu for one in self.sites), statistics.median(one.cpu for one in self.floors)

    @property
    def wall(self) -> t.Tuple[float, float]:
        """The same in wall seconds."""
        return statistics.median(one.wall for one in self.sites), statistics.median(one.wall for one in self.floors)


def measure_unchanged(network: Network, folder: Path, repetitions: int, say: Say) -> Unchanged:
    """Build a network, and run site.yml again and again.

    Raises:
        StepFailed: Ansible failed.
    """
    inventory = network.write(folder)
    count, python = folder / "starts", folder / "counting-python"
    python.write_text(_COUNTING.format(count=count, python=sys.executable), encoding="utf-8")
    python.chmod(0o755)
    with running(network, inventory) as lab:
        lab.controller.play("site.yml")
        lab.controller.play("site.yml", "-e", f"ansible_python_interpreter={python}")
        counts = Counter(count.read_text(encoding="utf-8").split())
        found = Unchanged(network, [], [], max(counts[member.name] for member in network.members()))
        for repetition in range(repetitions):
            found.floors.append(lab.controller.play_floor())
            found.sites.append(lab.controller.play("site.yml"))
            say(
                f"{network.name}: nothing to do {repetition + 1}: {found.sites[-1].wall:.1f} s, "
                f"floor {found.floors[-1].wall:.1f} s"
            )
    return found
