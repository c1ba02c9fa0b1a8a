# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said where a host has not the interfaces and addresses of the fabric file."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host.uplinks import faults_of_uplinks, remarks_on_mtu
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.interfaces import CarryingInterface

LO = CarryingInterface("lo", 65536, ("127.0.0.1/8",))
ENS33 = CarryingInterface("ens33", 1500, ("192.168.50.10/24", "192.168.50.77/24"))
ENS34 = CarryingInterface("ens34", 1400)
HOST = [LO, ENS33, ENS34]

CASES: t.Dict[str, t.Tuple[t.Dict[str, str], t.List[str]]] = {
    "all is there": ({"ens33": "192.168.50.10/24"}, []),
    "with another prefix length": ({"ens33": "192.168.50.77/32"}, []),
    "an interface that does not exist": (
        {"eth0": "192.168.50.11/24"},
        ["there is no interface eth0 to carry 192.168.50.11/24; this host has ens33"],
    ),
    "an address that another interface has": (
        {"eth0": "192.168.50.10/24"},
        ["192.168.50.10 is on ens33, not on eth0; name ens33 in the fabric file, or move the address"],
    ),
    "an address that nobody has": (
        {"ens33": "192.168.50.11/24", "ens34": "10.0.13.1/24"},
        [
            "interface ens33 does not carry 192.168.50.11/24, but 192.168.50.10/24, 192.168.50.77/24; correct the "
            "fabric file, or give it the address: ip address add 192.168.50.11/24 dev ens33",
            "interface ens34 does not carry 10.0.13.1/24, but none; correct the fabric file, or give it the address: "
            "ip address add 10.0.13.1/24 dev ens34",
        ],
    ),
    "nothing is wanted": ({}, []),
}


@pytest.mark.parametrize("case", CASES)
def test_interfaces_and_addresses(case: str) -> None:
    wanted, faults = CASES[case]
    assert faults_of_uplinks(wanted, HOST) == faults


def test_an_interface_that_takes_less_than_the_fabric_sends_is_remarked() -> None:
    wanted = {"ens33": "192.168.50.10/24", "ens34": "10.0.13.1/24"}
    assert remarks_on_mtu(wanted, None, HOST) == remarks_on_mtu(wanted, 1400, HOST) == {}
    assert remarks_on_mtu(wanted, 9000, [ENS33]) == {
        "ens33": "interface ens33 takes packets of 1500 bytes, and the fabric sends 9000; set mtu: 1500 in the fabric "
        "file, or raise that of the interface"
    }
    assert list(remarks_on_mtu(wanted, 1500, HOST)) == ["ens34"]
