# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pyroute2 has a part in, once more with the oldest one supported; the newest is the one that is pinned."""

from __future__ import annotations

import os
import shutil
import typing as t
from pathlib import Path

import pytest

Run = t.Callable[..., str]

OLDEST = "0.7.2"  # Debian 12's own
# The switch of a lab. Other tests only have pyroute2 decode what our own codec writes.
FILE = "tests/kernel/test_lab_kernel.py"
USER = "plugins/module_utils/purel3/kernel/switch.py"


@pytest.fixture(scope="module")
def folder_of_the_oldest(run: Run, checkout: Path) -> Path:
    folder = checkout / ".cache" / f"pyroute2-{OLDEST}"
    if not folder.exists():
        half_done = folder.with_suffix(".new")
        shutil.rmtree(half_done, ignore_errors=True)
        run("python", "-m", "pip", "install", "--quiet", "--target", half_done, f"pyroute2=={OLDEST}")
        half_done.rename(folder)
    return folder


def test_what_needs_pyroute2_passes_with_the_oldest(run: Run, checkout: Path, folder_of_the_oldest: Path) -> None:
    if os.geteuid() != 0:
        pytest.fail("the kernel tests need root: use `make test`, which asks sudo", pytrace=False)
    env = {"PYTHONPATH": str(folder_of_the_oldest)}
    said = run("python", "-m", "pytest", "-p", "no:cacheprovider", "--durations=0", checkout / FILE, env=env)
    assert f"pyroute2 {OLDEST}" in said


def test_nothing_else_of_the_product_needs_pyroute2(checkout: Path) -> None:
    words = ("import pyroute2", "from pyroute2")
    users = [path for path in (checkout / "plugins").rglob("*.py") if any(each in path.read_text() for each in words)]
    assert users == [checkout / USER]
