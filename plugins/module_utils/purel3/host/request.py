# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host should be told so that it carries workloads, and the files that tell it."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

from ..base.errors import InvalidInput
from ..base.marks import FILE_HEADER
from ..dataplane.sysctls import to_request
from ..state.kinds.scope import OWN_NAMESPACE
from ..state.plan import Request
from ..values.modes import MODE_OF_DEVICE, MODES

# Who reads a file; empty for what only the next boot reads.
UDEV = "systemd-udevd"
NETWORKD = "systemd-networkd"
NETWORK_MANAGER = "NetworkManager"

DEVICES = ("cali*", *MODE_OF_DEVICE)

MODULES_PATH = "/etc/modules-load.d/purel3.conf"
# Before 99-default.link, which gives every interface a MAC address of its own choice.
LINK_PATH = "/etc/systemd/network/10-purel3-fabric.link"
NETWORKD_PATH = "/etc/systemd/networkd.conf.d/90-purel3-fabric.conf"
NETWORK_MANAGER_PATH = "/etc/NetworkManager/conf.d/90-purel3-fabric.conf"

# Else the kernel gives every namespace a tunnel of its own as soon as it has the module.
SETTINGS_OF_TUNNEL = {"net.core.fb_tunnels_only_for_init_net": 1}
MODULES_WITH_TUNNEL = frozenset(mode.module for mode in MODES.values() if mode.is_made_by_kernel)
_MODULE = re.compile(r"[A-Za-z0-9_-]+")

LINK_TEXT = f"""\
{FILE_HEADER}
# The MAC address of a workload's interface is ours to choose.
[Match]
OriginalName=cali*

[Link]
MACAddressPolicy=none
"""
NETWORKD_TEXT = f"""\
{FILE_HEADER}
# Else systemd-networkd deletes the routes of BIRD and of workloads when it starts.
[Network]
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
"""
NETWORK_MANAGER_TEXT = f"""\
{FILE_HEADER}
[keyfile]
unmanaged-devices+={";".join(f"interface-name:{device}" for device in DEVICES)}
"""


@dataclass(frozen=True)
class HostOptions:
    """How a host should be.

    settings: kernel settings that must be in force; none leaves them all as they are.
    settings_path: the file that brings them back at boot.
    modules: kernel modules that must be loaded, now and at boot.
    is_present: whether our files should be there.
    """

    settings: Request
    settings_path: str
    modules: t.Tuple[str, ...] = ()
    is_present: bool = True


@dataclass(frozen=True)
class Wanted:
    """A file as it should be.

    path: absolute.
    text: all of it; empty where it should not exist.
    reader: the daemon that must read it, such as UDEV; empty for none.
    has_own_folder: whether the folder holds only what administrators put there, and so goes with its last file.
    """

    path: str
    text: str
    reader: str = ""
    has_own_folder: bool = False


def request_from(options: t.Mapping[str, t.Any]) -> HostOptions:
    """Work out from the options of the module host how a host should be.

    Raises InvalidInput: names each fault.
    """
    is_present = options["state"] == "present"
    faults = [fault for name in options["modules"] for fault in [fault_of_module(name)] if fault]
    path = options["sysctls_path"]
    if not os.path.isabs(path) or not path.endswith(".conf"):
        faults.append(
            f"sysctls_path {path} is not the path of a file that the next boot reads; give one such as "
            "/etc/sysctl.d/90-purel3-fabric.conf"
        )
    settings = Request({})
    sysctls = {
        **(SETTINGS_OF_TUNNEL if MODULES_WITH_TUNNEL.intersection(options["modules"]) else {}),
        **options["sysctls"],
    }
    try:
        settings = to_request(sysctls if is_present else {}, OWN_NAMESPACE, options["is_optional"])
    except InvalidInput as error:
        faults.extend(error.faults)
    if faults:
        raise InvalidInput(faults)
    modules = tuple(sorted({name.replace("-", "_") for name in options["modules"]})) if is_present else ()
    return HostOptions(settings, path, modules, is_present)


def fault_of_module(name: str) -> str:
    """Say in one sentence what is wrong with the name of a kernel module; empty where it can be one."""
    if _MODULE.fullmatch(name):
        return ""
    return f"module {name!r} is not the name of a kernel module such as ipip; correct it"


def files_of(request: HostOptions, readers: t.Collection[str]) -> t.Tuple[Wanted, ...]:
    """Find the files of a host of systemd's with these daemons, those included that should not exist."""
    modules = "\n".join([FILE_HEADER, *request.modules, ""]) if request.modules else ""
    texts = {
        UDEV: (LINK_PATH, LINK_TEXT, False),
        NETWORKD: (NETWORKD_PATH, NETWORKD_TEXT, True),
        NETWORK_MANAGER: (NETWORK_MANAGER_PATH, NETWORK_MANAGER_TEXT, False),
    }
    return (
        Wanted(MODULES_PATH, modules),
        *(
            Wanted(path, text if request.is_present and reader in readers else "", reader, has_own_folder)
            for reader, (path, text, has_own_folder) in texts.items()
        ),
    )
