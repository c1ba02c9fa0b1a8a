# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemons that would take our interfaces and routes for theirs: what they read, and what they then do."""

from __future__ import annotations

import fnmatch
import re
import typing as t

from ..base.errors import FabricError
from ..base.waiting import until_empty
from ..dataplane import veths
from ..state.kinds.kind import Key
from ..state.kinds.scope import Scope
from ..state.linux import reader
from ..state.linux.network import LinuxKernel
from ..state.reconcile import propose
from ..state.scope import scope_of_request
from . import systemd
from .request import DEVICES, NETWORK_MANAGER, NETWORKD, UDEV

READERS = (UDEV, NETWORKD, NETWORK_MANAGER)
IN_WORDS = {
    UDEV: "~ systemd-udevd reads its files again",
    NETWORKD: "~ systemd-networkd restarts",
    NETWORK_MANAGER: "~ NetworkManager reads its files again",
}

_PATIENCE = 60.0
_PAUSE = 0.2
_PROBE = "cali-probe"
# NET_ADDR_RANDOM (linux/netdevice.h): the kernel's own choice, which nobody has changed.
_UNTOUCHED = "1"
_NO = ("no", "n", "false", "f", "off", "0")
_SECTION = re.compile(r"^\[([^\]]+)\]$")
_FILE = re.compile(r"^# (/\S+)$")


def tell(name: str) -> None:
    """Have one of READERS, which runs, read its files again; raises FabricError."""
    if name == UDEV:
        _run("udevadm", "control", "--reload")
    elif name == NETWORKD:
        # It reads networkd.conf only when it starts; a restart keeps its addresses and routes.
        systemd.command("restart", name)
    else:
        systemd.command("reload", name)


def convince(name: str) -> None:
    """Have one of READERS, which runs, read its files again, and see that it does what they say.

    Raises FabricError: it does not, and why.
    """
    before = _networks() if name == NETWORKD else frozenset()
    tell(name)
    if name == UDEV:
        _see_that_udev_leaves_a_probe_alone()
    elif name == NETWORKD:
        _see_what_is_in_force()
        _see_that_all_is_there(before)
    else:
        _see_what_network_manager_leaves_alone()


def last_setting(text: str, section: str, key: str) -> t.Tuple[str, str]:
    """Find what counts of a setting that several files make.

    text: what `systemd-analyze cat-config` or `NetworkManager --print-config` prints.

    Returns:
        The value, and the file that has it where the text says so; empty where it is not set.
    """
    value, file = "", ""
    current, place = "", ""
    for line in text.splitlines():
        comment, heading = _FILE.match(line), _SECTION.match(line.strip())
        if comment is not None:
            place = comment.group(1)
        elif heading is not None:
            current = heading.group(1)
        elif current == section and line.partition("=")[0].strip() == key:
            value, file = line.partition("=")[2].strip(), place
    return value, file


def _run(*words: str) -> str:
    result = systemd.run_program(*words)
    if result.returncode != 0:
        raise FabricError(f"{' '.join(words)} failed: {(result.stderr + result.stdout).strip()}; see its journal")
    return result.stdout


def _see_what_is_in_force() -> None:
    text = _run("systemd-analyze", "cat-config", "systemd/networkd.conf")
    for key in ("ManageForeignRoutes", "ManageForeignRoutingPolicyRules"):
        value, file = last_setting(text, "Network", key)
        if value.lower() not in _NO:
            raise FabricError(
                f"{NETWORKD}: {file or 'no file'} has the last word on {key} ({value or 'not set'}), so it would "
                "delete the routes of BIRD and of workloads; take the setting out of that file"
            )


def _networks() -> t.FrozenSet[Key]:
    """Read the addresses and routes of this host; those of IPv6 may come with the next router advertisement only."""
    return frozenset(key for key in reader.read(Scope()).resources if not any(":" in str(part) for part in key))


def _see_that_all_is_there(before: t.FrozenSet[Key]) -> None:
    lost = until_empty(lambda: before - _networks(), _PATIENCE, _PAUSE)
    if lost:
        names = ", ".join(" ".join(str(part) for part in key if part) for key in sorted(lost, key=str))
        raise FabricError(f"{NETWORKD}: it was restarted, and since then this host lacks {names}; see its journal")


def _see_that_udev_leaves_a_probe_alone() -> None:
    end: t.Dict[str, t.Any] = {"namespace": None, "mac": None, "addresses": []}
    present = veths.to_request(
        [{**end, "name": _PROBE, "mtu": None, "is_up": False, "peer": {**end, "name": f"{_PROBE}-end"}}], True
    )
    absent = veths.to_request([{"name": _PROBE, "namespace": None}], False)
    try:
        _carry_out(present)
        _run("udevadm", "settle", f"--timeout={_PATIENCE:.0f}")
        with open(f"/sys/class/net/{_PROBE}/addr_assign_type", encoding="ascii") as file:
            how = file.read().strip()
    finally:
        _carry_out(absent)
    if how != _UNTOUCHED:
        raise FabricError(
            f"{UDEV}: it gives an interface named cali... another MAC address all the same; see which file counts: "
            "udevadm test-builtin net_setup_link"
        )


def _carry_out(request: t.Any) -> None:
    kernel = LinuxKernel(scope_of_request(request))
    try:
        proposal = propose(request, kernel)
        if proposal.operations:
            proposal.apply()
    finally:
        kernel.close()


def _see_what_network_manager_leaves_alone() -> None:
    value, _file = last_setting(_run("NetworkManager", "--print-config"), "keyfile", "unmanaged-devices")
    known = re.split("[;,]", value)
    missing = [device for device in DEVICES if f"interface-name:{device}" not in known]
    if missing:
        raise FabricError(
            f"{NETWORK_MANAGER}: it would still manage {', '.join(missing)}, because another file has the last word on "
            f"unmanaged-devices ({value or 'empty'}); write += there instead of ="
        )
    managed = until_empty(_managed_by_network_manager, _PATIENCE, _PAUSE)
    if managed:
        raise FabricError(f"{NETWORK_MANAGER}: it still manages {', '.join(managed)}; see nmcli device")


def _managed_by_network_manager() -> t.List[str]:
    lines = _run("nmcli", "-t", "-f", "DEVICE,STATE", "device").splitlines()
    return [
        device
        for device, _colon, state in (line.partition(":") for line in lines)
        if any(fnmatch.fnmatchcase(device, known) for known in DEVICES) and state != "unmanaged"
    ]
