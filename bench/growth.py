# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a thousand more cost more when thousands are there: the library, adding to what it made before."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.workload import to_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.kind import Resource
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import Scope
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux.network import LinuxKernel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Observed, Plan
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.reconcile import propose
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.scope import scope_of_request

from .box import run_in_box, run_in_child
from .check import check_absent, check_present
from .fleet import Member, make_fleet, workloads_of
from .settle import settle

THOUSAND = 1000
THOUSANDS = 4


class Growth(t.NamedTuple):
    """Seconds that one more thousand took.

    Args:
        whole: all of it.
        reading: what is there, before planning.
        writing: the changes.
        reading_back: what was written.
    """

    whole: float
    reading: float
    writing: float
    reading_back: float

    @property
    def writing_and_reading_back(self) -> float:
        """What depends on the thousand alone."""
        return self.writing + self.reading_back


class _TimedKernel:
    def __init__(self, scope: Scope) -> None:
        self._kernel = LinuxKernel(scope)
        self.reading = self.writing = self.reading_back = 0.0

    def read(self, touched: t.Optional[t.Iterable[Resource]] = None) -> Observed:
        start = time.perf_counter()
        observed = self._kernel.read(touched)
        self.reading += time.perf_counter() - start
        return observed

    def look_at(self, objects: t.Sequence[Resource]) -> Observed:
        start = time.perf_counter()
        observed = self._kernel.look_at(objects)
        self.reading_back += time.perf_counter() - start
        return observed

    def apply(self, plan: Plan, observed: Observed) -> None:
        start = time.perf_counter()
        self._kernel.apply(plan, observed)
        self.writing += time.perf_counter() - start


def measure_growth() -> t.List[Growth]:
    """Add four thousands, one by one.

    Returns:
        What each took.

    Raises:
        BoxError: it failed.
    """
    return [Growth(*growth) for growth in run_in_box(_inside)]


def _inside(folder: Path) -> t.List[Growth]:
    del folder
    settle()
    members = make_fleet(THOUSANDS * THOUSAND).members
    growths = []
    for thousands in range(1, THOUSANDS + 1):
        present = members[: thousands * THOUSAND]
        growths.append(Growth(*run_in_child(lambda present=present: _add(present))))  # type: ignore[misc]
        check_present(present)
    # What ends with its box ends some time after it, and the next turn would pay for that.
    run_in_child(lambda: _add(()))
    check_absent()
    return growths


def _add(present: t.Sequence[Member]) -> Growth:
    workloads = workloads_of(present)
    start = time.perf_counter()
    request = to_request(workloads)
    kernel = _TimedKernel(scope_of_request(request))
    propose(request, kernel).apply()
    whole = time.perf_counter() - start
    return Growth(whole, kernel.reading, kernel.writing, kernel.reading_back)
