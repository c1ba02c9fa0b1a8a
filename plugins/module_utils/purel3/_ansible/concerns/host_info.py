# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host_info: its options, and what they look for."""

from __future__ import annotations

import typing as t

from ...base.errors import KernelError
from ...bird.talk.daemon import find_program
from ...host.needs import look
from ...host.uplinks import faults_of_uplinks, remarks_on_mtu
from ...kernel.interfaces import read_interfaces

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "programs": {"type": "list", "elements": "str", "choices": ["bird", "ip", "nft"], "default": ["bird", "ip"]},
    "interfaces": {"type": "dict", "default": {}},
    "mtu": {"type": "int"},
}


def read(params: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """Look for what the options name."""
    bird = find_program()
    wanted = {str(name): str(address) for name, address in params["interfaces"].items()}
    try:
        found = read_interfaces() if wanted else []
    except OSError as error:
        raise KernelError(f"the kernel refuses to show its interfaces: {error.strerror}; run as root") from error
    return {
        **look(params["programs"], bird.version if bird else None),
        "interface_faults": faults_of_uplinks(wanted, found),
        "interface_remarks": list(remarks_on_mtu(wanted, params["mtu"], found).values()),
    }
