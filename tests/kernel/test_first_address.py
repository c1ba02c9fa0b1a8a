# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address becomes the first of its subnet, and whatever rests on the interface stays."""

from __future__ import annotations

import subprocess
import typing as t

import pytest
from box import Box

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host.first_address import propose

PROMOTE = "/proc/sys/net/ipv4/conf/uplink/promote_secondaries"


def ip(words: str) -> t.List[str]:
    done = subprocess.run(["ip", *words.split()], capture_output=True, text=True, check=True)
    return [line.strip() for line in done.stdout.splitlines()]


def addresses() -> t.List[str]:
    return [line for line in ip("-4 address show dev uplink") if line.startswith("inet ")]


def make_uplink() -> None:
    ip("link add uplink type veth peer name far")
    for device in ("uplink", "far"):
        ip(f"link set {device} up")
    ip("address add 10.5.0.1/24 brd + dev uplink label uplink:old valid_lft 5000 preferred_lft 4000")
    ip("address add 10.6.0.1/24 dev uplink")
    ip("address add 10.5.0.2/24 dev uplink")
    ip("address add 10.5.0.3/24 dev uplink")
    ip("route add 10.7.0.0/24 via 10.5.0.9")


@pytest.mark.parametrize("setting", ["0\n", "1\n"])
def test_those_before_it_stand_behind_it_with_all_that_they_had(box: Box, setting: str) -> None:
    make_uplink()
    with open(PROMOTE, "w", encoding="ascii") as file:
        file.write(setting)
    route = ip("route show 10.7.0.0/24")
    proposal = propose("uplink", "10.5.0.3/24")
    assert proposal.operations == ("~ uplink: 10.5.0.3/24 before 10.5.0.1/24, 10.5.0.2/24",)
    proposal.apply()
    assert addresses() == [
        "inet 10.6.0.1/24 scope global uplink",
        "inet 10.5.0.3/24 scope global uplink",
        "inet 10.5.0.1/24 brd 10.5.0.255 scope global secondary dynamic uplink:old",
        "inet 10.5.0.2/24 scope global secondary uplink",
    ]
    assert ip("route show 10.7.0.0/24") == route
    assert ip("route get 10.5.0.9")[0].split()[:5] == ["10.5.0.9", "dev", "uplink", "src", "10.5.0.3"]
    with open(PROMOTE, encoding="ascii") as file:
        assert file.read() == setting
    assert propose("uplink", "10.5.0.3/24").operations == ()


def test_the_first_stays_the_first(box: Box) -> None:
    make_uplink()
    before = addresses()
    for address in ("10.5.0.1/24", "10.6.0.1/24"):
        assert propose("uplink", address).operations == ()
    assert addresses() == before


@pytest.mark.parametrize(("interface", "address"), [("uplink", "10.5.0.4/24"), ("none", "10.5.0.1/24")])
def test_an_address_that_is_not_there_is_refused(box: Box, interface: str, address: str) -> None:
    make_uplink()
    with pytest.raises(InvalidInput, match=f"^interface {interface} does not carry {address}: ip address add"):
        propose(interface, address)
