# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab's router may look like is decided before FRR sees any of it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.frr.router import router_from_params

Params = t.Dict[str, t.Any]

NODE1: Params = {"name": "node1", "address": "192.168.70.11", "as_number": 64512}


def params(*peers: Params, **options: t.Any) -> Params:
    router = {"name": "tor1", "address": "192.168.70.1/24", "as_number": 64900, "announces": ["0.0.0.0/0"]}
    return {**router, "peers": list(peers), **options}


BAD: t.Dict[str, t.Tuple[Params, str]] = {
    "a name that would end its line": (params(name="tor1\nend"), "1 to 63 letters"),
    "an address that is none": (params(address="tor1"), "router tor1: address 'tor1' is none of IPv4; write it as"),
    "AS 0": (params(as_number=0), "as_number 0 is not 1 to 4294967295"),
    "a prefix with host bits": (params(announces=["198.51.100.1/24"]), "announces '198.51.100.1/24' is none of IPv4"),
    "a peer's name that would end its line": (params({**NODE1, "name": "a\n!"}), "1 to 63 letters"),
    "a peer's address with a prefix length": (
        params({**NODE1, "address": "192.168.70.11/24"}),
        "peer node1: address '192.168.70.11/24' is none of IPv4; write it as 192.168.50.10",
    ),
    "a peer's AS that is too large": (params({**NODE1, "as_number": 2**32}), "as_number 4294967296 is not"),
    "two peers with one address": (params(NODE1, {**NODE1, "name": "b"}), "192.168.70.11 is the address of two peers"),
    "two ports": (
        params(NODE1, {**NODE1, "address": "192.168.70.12", "port": 1179}),
        "its peers use the ports 179, 1179, and it has one",
    ),
    "a port that is none": (params({**NODE1, "port": 65536}), "port 65536 is not 1 to 65535"),
    "256 hops": (params({**NODE1, "multihop": 256}), "multihop 256 is not 1 to 255"),
}


@pytest.mark.parametrize("case", BAD)
def test_it_is_refused(case: str) -> None:
    wrong, complaint = BAD[case]
    with pytest.raises(InvalidInput) as refused:
        router_from_params(wrong)
    assert len(refused.value.faults) == 1
    assert complaint in refused.value.faults[0]


@pytest.mark.parametrize("password", ["with space", "line\nbreak", "x" * 81, "ä"])
def test_a_password_that_frr_cannot_read_is_refused_and_not_shown(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        router_from_params(params({**NODE1, "password": password}))
    assert refused.value.faults == (
        "router tor1: peer node1: the password is not 1 to 80 printable ASCII characters without spaces; "
        "use another one",
    )


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        router_from_params(params({**NODE1, "as_number": 0, "multihop": 0}, as_number=0, announces=["x", "y"]))
    assert len(refused.value.faults) == 5
