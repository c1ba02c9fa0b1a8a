# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until a guest answers over SSH and says that it is up; shows its console when it does not."""

from __future__ import annotations

import logging
import re
import time
import typing as t
from dataclasses import dataclass

from ....base.errors import KernelError, MissingDependency
from ....base.waiting import until

# The answer comes when systemd has started all that it will, which is later than SSH.
_COMMAND = "systemctl is-system-running --wait; ip -brief -4 address show"
_STATES = ("running", "degraded")
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 120.0
_TICK = 0.3
_SHOWN_LINES = 30
_SHOWN_BYTES = 20000
# What ends a boot for good.
_GIVEN_UP = re.compile(r"Kernel panic - not syncing|purel3 guest: |You are in emergency mode")
_TERMINAL_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-B]|[=>78c])|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Guest:
    """A guest to wait for.

    port: on 127.0.0.1.
    addresses: interface and address with prefix length of each that it must have.
    key: path of the private key that it lets in.
    console: path of the file that holds what it said.
    output: path of the file that holds what QEMU said.
    is_running: tells whether its process is there.
    """

    node: str
    port: int
    addresses: t.Tuple[t.Tuple[str, str], ...]
    key: str
    console: str
    output: str
    is_running: t.Callable[[], bool]


def require_paramiko() -> t.Any:
    """Import what speaks SSH; it takes a third of a second, which other labs need not wait for.

    Raises MissingDependency.
    """
    try:
        import paramiko
    except ImportError as error:
        raise MissingDependency("lab: paramiko is not installed; install it: pip install paramiko") from error
    # What is expected here, an error of every attempt but the last, would be written to the standard error.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
    return paramiko


def wait_for(guest: Guest, deadline: float) -> str:
    """Wait until a guest is up, or time.monotonic() is at the deadline; returns its host key, a line of known_hosts.

    Raises KernelError where it did not come up, with the end of its console.
    """
    paramiko = require_paramiko()
    began = time.monotonic()
    last = "nothing answered"

    def look() -> str:
        nonlocal last
        if not guest.is_running():
            raise KernelError(_report(guest, "its QEMU has ended"))
        if _GIVEN_UP.search(read_end(guest.console)):
            raise KernelError(_report(guest, "it does not boot"))
        if time.monotonic() > deadline:
            return ""
        try:
            key, said = _ask(paramiko, guest, deadline)
        except (paramiko.SSHException, OSError, EOFError) as error:
            last = str(error) or type(error).__name__
            return ""
        last = complaint(guest, said)
        return "" if last else key

    key = until(look, deadline - began, _TICK)
    if not key:
        seconds = f"{time.monotonic() - began:.0f} s"
        remedy = "see why, or give it longer (-e lab_timeout=SECONDS; of make, LAB_ARGS='-e lab_timeout=SECONDS')"
        raise KernelError(_report(guest, f"it was not up after {seconds}: {last}; {remedy}"))
    return key


def complaint(guest: Guest, said: str) -> str:
    """What is wrong by what a guest said of itself; empty when it is up and has its addresses."""
    lines = [line.split() for line in said.splitlines() if line.strip()]
    state = lines[0][0] if lines else ""
    if state not in _STATES:
        return f"its systemd says {state or 'nothing'!r}"
    found = {line[0].partition("@")[0]: line[2:] for line in lines[1:]}
    for interface, address in guest.addresses:
        if address not in found.get(interface, ()):
            return f"it has no {interface} with address {address}"
    return ""


def read_end(path: str) -> str:
    """Read the last lines of what somebody said, without what only a terminal understands."""
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _SHOWN_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [_TERMINAL_SEQUENCE.sub("", line).rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join([line for line in lines if line][-_SHOWN_LINES:])


def _ask(paramiko: t.Any, guest: Guest, deadline: float) -> t.Tuple[str, str]:
    left = max(1.0, deadline - time.monotonic())
    with paramiko.SSHClient() as client:
        # Nobody has seen this key before; by its port it can be no other guest's.
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(
            "127.0.0.1",
            port=guest.port,
            username="root",
            key_filename=guest.key,
            allow_agent=False,
            look_for_keys=False,
            timeout=min(left, _CONNECT_SECONDS),
            banner_timeout=min(left, _CONNECT_SECONDS),
            auth_timeout=min(left, 3 * _CONNECT_SECONDS),
        )
        host_key = client.get_transport().get_remote_server_key()
        _input, output, _error = client.exec_command(_COMMAND, timeout=min(left, _ANSWER_SECONDS))
        said = output.read().decode(errors="replace")
    return f"[127.0.0.1]:{guest.port} {host_key.get_name()} {host_key.get_base64()}", said


def _report(guest: Guest, problem: str) -> str:
    console = read_end(guest.console)
    shown = f"the end of its console:\n{console}" if console else "it said nothing on its console"
    output = read_end(guest.output)
    said_by_qemu = f"\nQEMU said:\n{output}" if output else ""
    return f"node {guest.node}: {problem}; {shown}{said_by_qemu}"
