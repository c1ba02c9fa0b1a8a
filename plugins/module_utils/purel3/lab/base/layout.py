# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a running lab is found: the names of its processes and of its files.

A node that left a pid file is entered by the namespaces of that process, whatever backend made it; all others by SSH.
"""

from __future__ import annotations

import os
import typing as t

RUN_DIRECTORY = "/run/purel3-lab"
# Disks can grow beyond what fits into memory.
DISK_DIRECTORY = "/var/tmp/purel3-lab"
PROCESS_PREFIX = "purel3-lab:"


def process_name(lab: str, node: t.Optional[str] = None) -> str:
    """Return argv[0] of the process that holds a node's namespaces, or, without a node, the switch's.

    For example purel3-lab:lab/node1, and purel3-lab:lab for the switch.
    """
    return PROCESS_PREFIX + (lab if node is None else f"{lab}/{node}")


def lab_directory(lab: str) -> str:
    """Return the directory of a lab's pid files."""
    return os.path.join(RUN_DIRECTORY, lab)


def node_pid_file(lab: str, node: str) -> str:
    """Return the file that holds the pid of a node: a decimal number and a newline."""
    return os.path.join(lab_directory(lab), "nodes", node)


def machine_directory(lab: str, node: str) -> str:
    """Return the directory of a virtual machine's files, except for its disk."""
    return os.path.join(lab_directory(lab), "machines", node)


def disk_directory(lab: str) -> str:
    """Return the directory of the disks of a lab."""
    return os.path.join(DISK_DIRECTORY, lab)


def key_file(lab: str) -> str:
    """Return the file of the SSH key that the machines of a lab let in; the public half has .pub at its end."""
    return os.path.join(lab_directory(lab), "key")


def read_process_name(pid: int) -> str:
    """Return argv[0] of a process; empty when there is none, or it has ended and is not reaped yet."""
    return (read_words(pid) or [""])[0]


def read_words(pid: int) -> t.List[str]:
    """Return the words that a process was started with; none when it has ended and is not reaped yet."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = os.fsdecode(file.read()).split("\0")
    except OSError:
        return []
    return words if words[-1] else words[:-1]


def node_pid(lab: str, node: str) -> t.Optional[int]:
    """Return the pid of a running node, None when it is not running, whatever its pid file says; needs no privilege."""
    try:
        with open(node_pid_file(lab, node), encoding="ascii") as file:
            pid = int(file.read())
    except (OSError, ValueError):
        return None
    return pid if read_process_name(pid) == process_name(lab, node) else None


def lab_names() -> t.List[str]:
    """Return the names of the labs that left files on this machine, sorted."""
    try:
        return sorted(name for name in os.listdir(RUN_DIRECTORY) if not name.startswith("."))
    except OSError:
        return []


def lab_node_names(lab: str) -> t.List[str]:
    """Return the names of the nodes of a lab, sorted; also those that have died since they were started."""
    try:
        names = os.listdir(os.path.dirname(node_pid_file(lab, "x")))
    except OSError:
        return []
    # A pid file that is being written has this ending until it is whole.
    return sorted(name for name in names if not name.endswith(".new"))


def lab_machine_names(lab: str) -> t.List[str]:
    """Return the names of the nodes that are virtual machines, sorted; also those that have died."""
    try:
        return sorted(os.listdir(os.path.dirname(machine_directory(lab, "x"))))
    except OSError:
        return []
