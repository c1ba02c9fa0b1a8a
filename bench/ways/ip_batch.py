# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iproute2 at its best: one batch for the host, and one for each namespace."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ..fleet import DEVICE, GATEWAY, GROUP, MAC, Fleet, Member
from .process import shell_script
from .way import CHANGE, CREATE, DELETE, NO_OP, Steps, Way

Enter = t.Callable[[str], str]


def _by_option(namespace: str) -> str:
    return f"ip -n {namespace}"


def prepare(fleet: Fleet, folder: Path, enter: Enter = _by_option) -> Steps:
    """Write batches and scripts.

    Args:
        fleet: the workloads.
        folder: where.
        enter: how ip is started in a namespace.

    Returns:
        The steps.
    """
    (folder / "inside").mkdir()
    for member in fleet.members:
        _batch(folder / "inside" / member.name, _inside(member))
    made = _batch(folder / "made", [line for member in fleet.members for line in _pair(member)])
    joined = _batch(folder / "joined", [line for member in fleet.members for line in _host(member)])
    read = _batch(folder / "read", [f"address show dev {DEVICE}", "route show"])
    gone = _batch(
        folder / "gone", [f"link delete group {GROUP}", *(f"netns delete {member.name}" for member in fleet.members)]
    )
    old, new = fleet.members[fleet.victim], fleet.changed[fleet.victim]
    moved = _batch(
        folder / "moved", [f"address add {new.address}/32 dev {DEVICE}", f"address del {old.address}/32 dev {DEVICE}"]
    )
    rerouted = _batch(
        folder / "rerouted",
        [f"route del {old.address}/32 dev {old.host}", f"route add {new.address}/32 dev {new.host} scope link"],
    )
    inside = folder / "inside"
    return {
        CREATE: shell_script(
            folder / "create.sh",
            [
                f"ip -batch {made}",
                *(f"{enter(member.name)} -batch {inside / member.name}" for member in fleet.members),
                f"ip -batch {joined}",
                *settings(fleet),
            ],
        ),
        NO_OP: shell_script(
            folder / "noop.sh",
            [
                "ip -details link",
                "ip route",
                # A whole link line would make ip ask for the id of every named namespace, each time.
                *(f"{enter(member.name)} -oneline -4 -batch {read}" for member in fleet.members),
                *reading_of_settings(fleet),
            ],
        ),
        CHANGE: shell_script(folder / "change.sh", [f"{enter(old.name)} -batch {moved}", f"ip -batch {rerouted}"]),
        DELETE: shell_script(folder / "delete.sh", [f"ip -batch {gone}"]),
    }


def settings(fleet: Fleet) -> t.Iterator[str]:
    """Write the settings of the host's interfaces.

    Args:
        fleet: the workloads.

    Yields:
        Commands that need no process.
    """
    for member in fleet.members:
        yield f"echo 1 >/proc/sys/net/ipv4/conf/{member.host}/proxy_arp"
        yield f"echo 0 >/proc/sys/net/ipv4/neigh/{member.host}/proxy_delay"


def reading_of_settings(fleet: Fleet) -> t.Iterator[str]:
    """Read the settings of the host's interfaces.

    Args:
        fleet: the workloads.

    Yields:
        Commands that need no process.
    """
    for member in fleet.members:
        yield f"read value </proc/sys/net/ipv4/conf/{member.host}/proxy_arp || true"
        yield f"read value </proc/sys/net/ipv4/neigh/{member.host}/proxy_delay || true"


def _pair(member: Member) -> t.Iterator[str]:
    yield f"netns add {member.name}"
    yield (
        f"link add {member.host} address {MAC} group {GROUP} type veth "
        f"peer name {DEVICE} group {GROUP} netns {member.name}"
    )


def _inside(member: Member) -> t.Iterator[str]:
    yield "link set lo up"
    yield f"link set {DEVICE} addrgenmode none"
    yield f"link set {DEVICE} up"
    yield f"address add {member.address}/32 dev {DEVICE}"
    yield f"route add {GATEWAY}/32 dev {DEVICE} scope link"
    yield f"route add default via {GATEWAY} dev {DEVICE}"


def _host(member: Member) -> t.Iterator[str]:
    yield f"link set {member.host} addrgenmode none"
    yield f"link set {member.host} up"
    yield f"route add {member.address}/32 dev {member.host} scope link"


def _batch(path: Path, lines: t.Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


WAY = Way("`ip -batch`", "one batch for the host, one `ip -n NAME -batch` per namespace", prepare, largest=1000)
