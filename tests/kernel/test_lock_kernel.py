# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at the same time on one node."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
import typing as t
from types import SimpleNamespace

import pytest
from box import Box, request_of, workload

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base import waiting
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux import network
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.reconcile import propose
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.scope import scope_of_request

WEB1 = workload("web1", "10.244.1.1")

Release = t.Callable[[], None]


@contextlib.contextmanager
def another_run() -> t.Iterator[Release]:
    """Another process has planned web1, and carries it out when it is told to, at the latest at the end."""
    context = multiprocessing.get_context("fork")
    has_planned, may_go_on = context.Event(), context.Event()

    def plan_and_apply() -> None:
        request = request_of("workloads", {"workloads": [WEB1]})
        proposal = propose(request, network.LinuxKernel(scope_of_request(request)))
        has_planned.set()
        may_go_on.wait()
        proposal.apply()

    process = context.Process(target=plan_and_apply)
    process.start()
    has_planned.wait()
    yield may_go_on.set
    may_go_on.set()
    process.join()
    assert process.exitcode == 0


def test_the_second_waits_and_finds_what_the_first_made(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = []
    with another_run() as release:

        def wait(seconds: float) -> None:
            pauses.append(seconds)
            release()
            time.sleep(seconds)

        monkeypatch.setattr(waiting, "time", SimpleNamespace(sleep=wait, monotonic=time.monotonic))
        assert box.workloads(WEB1) == ()
    assert pauses


def test_the_second_does_not_wait_for_ever(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_LOCK_PATIENCE", 0.2)
    with another_run():
        assert box.error_of("workloads", workloads=[WEB1]) == (
            "another run of purel3.fabric is changing this host's network; wait until it has ended"
        )
    monkeypatch.undo()
    assert box.workloads(WEB1) == ()


def test_reading_does_not_wait(box: Box) -> None:
    with another_run():
        assert box.info("workloads_info")["workloads"] == []
