# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What BIRD does when nothing happens, on a node with thousands of workloads, at several scan times."""

from __future__ import annotations

import re
import time
import typing as t
from pathlib import Path

from ..box import BoxError
from . import birds
from .lab import running
from .network import Network, Say

# The scan time of the seed is 2; None stands for what the role sets.
SCAN_TIMES: t.Tuple[t.Optional[int], ...] = (None, 10, 2)
_SCAN_TIME = re.compile(r"^\s*scan time (\d+);", re.MULTILINE)
_SETTLED = 5.0
_SHORTEST_WINDOW = 20
_PLAYBOOK = """\
- hosts: fabric
  gather_facts: false
  roles:
    - purel3.fabric.node
    - purel3.fabric.bird
"""


class Idle(t.NamedTuple):
    """BIRD on an idle node.

    Args:
        workloads: how many the node has.
        scan_time: what the role sets, in seconds.
        shares: part of one CPU that BIRD took, by scan time.
    """

    workloads: int
    scan_time: int
    shares: t.Dict[t.Optional[int], float]


def measure_idle(workloads: int, folder: Path, say: Say) -> Idle:
    """Give the first of three nodes many workloads, and look at its BIRD while nothing happens.

    Args:
        workloads: how many.
        folder: for files.
        say: tells what is going on.

    Returns:
        What BIRD took.

    Raises:
        StepFailed: Ansible failed.
        BoxError: there is no BIRD.
    """
    network = Network(3, workloads=0, crowded=workloads)
    inventory = network.write(folder)
    playbook = folder / "nodes.yml"
    playbook.write_text(_PLAYBOOK, encoding="utf-8")
    shares: t.Dict[t.Optional[int], float] = {}
    scan_times: t.Dict[t.Optional[int], int] = {}
    with running(network, inventory) as lab:
        crowded = network.members()[0].name
        for asked in SCAN_TIMES:
            options = [] if asked is None else ["-e", _options(asked)]
            lab.controller.play(str(playbook), *options)
            scan_times[asked] = _longest_scan_time(lab.nodes[crowded])
            time.sleep(_SETTLED)
            # As long as it takes for each kind of scan to come up, however long that is.
            shares[asked] = _share(lab.nodes, crowded, max(_SHORTEST_WINDOW, scan_times[asked]))
            say(f"{workloads} workloads, scan time {scan_times[asked]}: {shares[asked]:.2%} CPU")
    return Idle(workloads, scan_times[None], shares)


def _options(scan_time: int) -> str:
    return f"{{bird_kernel_scan_time: {scan_time}, bird_device_scan_time: {scan_time}}}"


def _longest_scan_time(pid: int) -> int:
    text = Path(f"/proc/{pid}/root/etc/bird/bird.conf").read_text(encoding="utf-8")
    return max(int(seconds) for seconds in _SCAN_TIME.findall(text))


def _share(nodes: t.Mapping[str, int], name: str, window: float) -> float:
    pid = birds.find(nodes).get(name)
    if pid is None:
        raise BoxError(f"{name}: no BIRD runs there")
    cpu, start = birds.cpu_seconds(pid), time.monotonic()
    time.sleep(window)
    return (birds.cpu_seconds(pid) - cpu) / (time.monotonic() - start)
