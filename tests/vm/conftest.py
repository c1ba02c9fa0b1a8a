# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that start virtual machines; on a machine that cannot, they fail."""

from __future__ import annotations

import shutil
import socket
import typing as t
from pathlib import Path

import pytest

PROGRAMS = ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "ssh")


def pytest_collection_modifyitems(items: t.List[pytest.Item]) -> None:
    """Mark what is in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("machines")


@pytest.fixture(scope="session", autouse=True)
def has_what_machines_need() -> None:
    """Fail at once, in words, where the programs are missing."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.fail(
            f"virtual machines need {', '.join(missing)}: use `make test-vm`, which installs them", pytrace=False
        )


@pytest.fixture(name="first_port", scope="module")
def two_free_ports() -> int:
    """The first of two ports of 127.0.0.1 in a row that nobody has."""
    for port in range(23000, 32000, 2):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    return t.cast(int, pytest.fail("no two ports of 127.0.0.1 in a row are free"))
