# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A shell loop of ip: one process for each object."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ..fleet import DEVICE, GATEWAY, GROUP, MAC, Fleet, Member
from .ip_batch import reading_of_settings, settings
from .process import shell_script
from .way import CHANGE, CREATE, DELETE, NO_OP, Steps, Way


def _creation(member: Member) -> t.Iterator[str]:
    name, host = member.name, member.host
    yield f"ip netns add {name}"
    yield f"ip link add {host} address {MAC} group {GROUP} type veth peer name {DEVICE} netns {name}"
    yield f"ip -n {name} link set lo up"
    yield f"ip -n {name} link set {DEVICE} addrgenmode none"
    yield f"ip -n {name} link set {DEVICE} up"
    yield f"ip -n {name} address add {member.address}/32 dev {DEVICE}"
    yield f"ip -n {name} route add {GATEWAY}/32 dev {DEVICE} scope link"
    yield f"ip -n {name} route add default via {GATEWAY} dev {DEVICE}"
    yield f"ip link set {host} addrgenmode none"
    yield f"ip link set {host} up"
    yield f"ip route add {member.address}/32 dev {host} scope link"


def _prepare(fleet: Fleet, folder: Path) -> Steps:
    old, new = fleet.members[fleet.victim], fleet.changed[fleet.victim]
    reading = ["ip -details link", "ip route", *reading_of_settings(fleet)]
    for member in fleet.members:
        reading += [f"ip -oneline -4 -n {member.name} address show dev {DEVICE}", f"ip -n {member.name} route show"]
    return {
        CREATE: shell_script(
            folder / "create.sh",
            [*(line for member in fleet.members for line in _creation(member)), *settings(fleet)],
        ),
        NO_OP: shell_script(folder / "noop.sh", reading),
        CHANGE: shell_script(
            folder / "change.sh",
            [
                f"ip -n {new.name} address add {new.address}/32 dev {DEVICE}",
                f"ip -n {new.name} address del {old.address}/32 dev {DEVICE}",
                f"ip route del {old.address}/32 dev {old.host}",
                f"ip route add {new.address}/32 dev {new.host} scope link",
            ],
        ),
        DELETE: shell_script(
            folder / "delete.sh",
            [
                f"ip link delete group {GROUP}",
                *(f"ip netns delete {member.name}" for member in fleet.members),
            ],
        ),
    }


WAY = Way("shell `ip`", "one `ip` process per object, in a shell script", _prepare, largest=1000, is_slow=True)
