# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host has the interfaces and addresses that the fabric file says it has. Pure."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ..kernel.interfaces import CarryingInterface


def faults_of_uplinks(wanted: t.Mapping[str, str], found: t.Sequence[CarryingInterface]) -> t.List[str]:
    """Say what a host lacks.

    wanted: the address, with prefix length, that each interface should carry.
    """
    by_name = {interface.name: interface for interface in found}
    faults = []
    for name, text in sorted(wanted.items()):
        address = text.partition("/")[0]
        carriers = [one.name for one in found if address in (item.partition("/")[0] for item in one.addresses)]
        if name in carriers:
            continue
        if carriers:
            lack = f"{address} is on {' and '.join(carriers)}, not on {name}"
            faults.append(f"{lack}; name {carriers[0]} in the fabric file, or move the address")
        elif name not in by_name:
            others = (
                ", ".join(one.name for one in found if one.addresses and one.name != "lo") or "none with an address"
            )
            faults.append(f"there is no interface {name} to carry {text}; this host has {others}")
        else:
            has = ", ".join(by_name[name].addresses) or "none"
            faults.append(
                f"interface {name} does not carry {text}, but {has}; correct the fabric file, or give it the address: "
                f"ip address add {text} dev {name}"
            )
    return faults


def remarks_on_mtu(
    wanted: t.Mapping[str, str], mtu: t.Optional[int], found: t.Sequence[CarryingInterface]
) -> t.Dict[str, str]:
    """Say of each interface that takes smaller packets than the fabric sends between nodes, what is wrong.

    mtu: None where nobody knows.
    """
    return {
        one.name: f"interface {one.name} takes packets of {one.mtu} bytes, and the fabric sends {mtu}; set mtu: "
        f"{one.mtu} in the fabric file, or raise that of the interface"
        for one in found
        if one.name in wanted and mtu is not None and one.mtu < mtu
    }
