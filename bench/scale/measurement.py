# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of everything about scale."""

from __future__ import annotations

import signal
import sys
import tempfile
import typing as t
from pathlib import Path

from .build import build
from .controller import Controller
from .findings import Findings, Listing
from .idle import measure_idle
from .network import Network, Say
from .planning import measure_growth
from .unchanged import measure_unchanged

PARTS = ("planning", "inventory", "idle", "unchanged", "networks")


class Amount(t.NamedTuple):
    """How much is measured.

    Args:
        networks: to be built.
        planned: a small and a large fabric, to be planned only.
        repetitions: of each start of all BIRDs.
        plannings: of each fabric that is only planned.
        workloads: on the node whose BIRD is idle.
        settled: the network in which a run has nothing to do.
    """

    networks: t.Tuple[Network, ...]
    planned: t.Tuple[Network, Network]
    repetitions: int
    plannings: int
    workloads: int
    settled: Network


FULL = Amount((Network(100), Network(500, 3)), (Network(100, 3), Network(1000, 3)), 3, 9, 4000, Network(20))
QUICK = Amount((Network(10), Network(12, 3)), (Network(20, 3), Network(200, 3)), 1, 3, 400, Network(6))


def measure(amount: Amount, parts: t.Container[str], say: Say) -> Findings:
    """Measure.

    Args:
        amount: how much.
        parts: some of PARTS.
        say: tells what is going on.

    Returns:
        What was found.

    Raises:
        StepFailed: Ansible failed.
        BoxError: BIRD failed.
    """
    # Without this, whoever ends the benchmark leaves a lab behind.
    signal.signal(signal.SIGTERM, lambda *_details: sys.exit(143))
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        if "planning" in parts:
            findings.growth = measure_growth(*amount.planned, folder, amount.plannings)
            say("planning measured")
        if "inventory" in parts:
            small, large = amount.planned
            costs = [Controller(one.write(folder, has_lab=False)).list_inventory() for one in (small, large)]
            findings.listing = Listing(large, costs[1], small, costs[0])
            say(f"ansible-inventory --list of {large.name}: {costs[1].wall:.1f} s")
        if "idle" in parts:
            findings.idle = measure_idle(amount.workloads, folder, say)
        if "unchanged" in parts:
            findings.unchanged = measure_unchanged(amount.settled, folder, amount.repetitions, say)
        if "networks" in parts:
            findings.builds.extend(build(network, folder, amount.repetitions, say) for network in amount.networks)
    return findings
