# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a lab's machines: what each was started as, its seed, its console, its host key; and the disks."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import typing as t
from dataclasses import asdict

from ....base.errors import FabricError, KernelError
from ...base import layout
from ...base.desired import LabLink, LabNode
from ...base.layout import disk_directory, key_file, lab_directory, machine_directory
from .machine import ImageChoice, VirtualMachine

# All that a guest said, all that QEMU said, and the disk from which the guest learns what it is to be.
CONSOLE = "console.log"
OUTPUT = "qemu.log"
SEED = "seed.img"

_MACHINE = "machine.json"
_KNOWN_HOSTS = "known_hosts"


def machine_file(lab: str, node: str, name: str) -> str:
    """Return a file of a machine: CONSOLE, OUTPUT or SEED."""
    return os.path.join(machine_directory(lab, node), name)


def disk_file(lab: str, node: str) -> str:
    """Return the file of a machine's disk."""
    return os.path.join(disk_directory(lab), f"{node}.qcow2")


def write_machine(lab: str, node: LabNode) -> None:
    """Make the empty folders of a machine that is about to start, and note what it will be; raises KernelError."""
    remove_machine(lab, node.name)
    with _explained(lab, node.name):
        os.makedirs(machine_directory(lab, node.name), mode=0o755)
        os.makedirs(disk_directory(lab), mode=0o700, exist_ok=True)
        _write(machine_file(lab, node.name, _MACHINE), json.dumps(asdict(node)))


def read_machine(lab: str, node: str) -> t.Optional[LabNode]:
    """Read what a machine was started as; None where that is not known, so that it must be started anew."""
    try:
        with open(machine_file(lab, node, _MACHINE), encoding="utf-8") as file:
            found = json.load(file)
        machine = found["machine"]
        image = ImageChoice(**{**machine["image"], "packages": tuple(machine["image"]["packages"])})
        routes = tuple((destination, gateway) for destination, gateway in machine["routes"])
        return LabNode(
            name=found["name"],
            links=tuple(LabLink(**link) for link in found["links"]),
            machine=VirtualMachine(**{**machine, "image": image, "macs": tuple(machine["macs"]), "routes": routes}),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_machine(lab: str, node: str) -> None:
    """Remove all files of a machine, if there are any."""
    shutil.rmtree(machine_directory(lab, node), ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(disk_file(lab, node))


def write_host_key(lab: str, node: str, line: str) -> None:
    """Note the host key of a machine, a line of known_hosts; by this it is known to answer. Raises KernelError."""
    with _explained(lab, node):
        _write(machine_file(lab, node, _KNOWN_HOSTS), f"{line}\n")


def has_host_key(lab: str, node: str) -> bool:
    """Tell whether a machine has answered since it was started."""
    return os.path.exists(machine_file(lab, node, _KNOWN_HOSTS))


def make_key(lab: str) -> str:
    """Make the SSH key of a lab, unless it is there, and return its public half, one line; raises FabricError."""
    path = key_file(lab)
    if not os.path.exists(f"{path}.pub"):
        os.makedirs(lab_directory(lab), mode=0o755, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {lab}", "-f", path]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False)
        if done.returncode != 0:
            raise FabricError(f"lab {lab}: ssh-keygen cannot make {path}: {done.stderr.strip()}; correct that")
        _give_to_user(path)
    with open(f"{path}.pub", encoding="utf-8") as file:
        return file.read().strip()


def has_key(lab: str) -> bool:
    """Tell whether the SSH key of a lab is there."""
    return os.path.exists(key_file(lab)) and os.path.exists(f"{key_file(lab)}.pub")


def remove_disks(lab: str) -> None:
    """Remove all disks of a lab."""
    shutil.rmtree(disk_directory(lab), ignore_errors=True)
    with contextlib.suppress(OSError):
        os.rmdir(layout.DISK_DIRECTORY)


def has_disks(lab: str) -> bool:
    """Tell whether a lab left disks."""
    return os.path.isdir(disk_directory(lab))


def _give_to_user(path: str) -> None:
    # Under sudo, it is the user's own ssh that will read it.
    user = os.environ.get("SUDO_UID", "")
    if user.isdigit():
        os.chown(path, int(user), -1)


@contextlib.contextmanager
def _explained(lab: str, node: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        # A file that is full has no name any more.
        where = error.filename or layout.RUN_DIRECTORY
        raise KernelError(f"lab {lab}: node {node}: {where}: {error.strerror}; correct that") from error


def _write(path: str, text: str) -> None:
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.new", path)
