# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that start a virtual machine, one a line, for machines of every kind.

A golden file is written anew with `UPDATE_GOLDEN=1 pytest tests/golden`; read the difference before committing it.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.qemu.command import (
    KVM,
    TCG,
    Boot,
    Hardware,
    MachinePort,
    probe_command,
    qemu_command,
)

FOLDER = Path(__file__).parent / "qemu"
PROGRAM = "/usr/bin/qemu-system-x86_64"

MACHINE = Hardware(
    title="lab/node1",
    acceleration=TCG,
    memory=512,
    cpus=1,
    disk="/var/tmp/purel3-lab/lab/node1.qcow2",
    seed="/run/purel3-lab/lab/machines/node1/seed.img",
    boot=Boot("/var/cache/vmlinuz", "/var/cache/initrd", "console=ttyS0 quiet"),
    console="/run/purel3-lab/lab/machines/node1/console.log",
    ssh_port=22200,
    management_mac="02:00:00:00:00:01",
    is_outbound=False,
    ports=(MachinePort(7, "02:00:00:00:00:02"),),
)

CASES: t.Dict[str, t.Tuple[str, ...]] = {
    "built": qemu_command(PROGRAM, MACHINE),
    "cloud": qemu_command(PROGRAM, replace(MACHINE, boot=None, acceleration=KVM, cpus=2, is_outbound=True)),
    "routed": qemu_command(
        PROGRAM,
        replace(MACHINE, disk="/var/tmp/a,b.qcow2", ports=(*MACHINE.ports, MachinePort(8, "02:00:00:00:00:03"))),
    ),
    "probe": probe_command(PROGRAM, KVM, "/var/cache/vmlinuz"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_words_are_exactly_these(name: str) -> None:
    golden = FOLDER / f"{name}.txt"
    words = "".join(f"{word}\n" for word in CASES[name])
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(words)
    assert words == golden.read_text()
