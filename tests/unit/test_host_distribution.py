# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What distributions call what a node needs."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host.distribution import (
    config_path,
    packages,
    parse_names,
)

PROGRAMS = ("bird", "ip", "nft")
RELEASES: t.Dict[str, t.Tuple[str, t.Tuple[str, ...], str]] = {
    "Debian": ('PRETTY_NAME="Debian"\nID=debian\n', ("bird2", "iproute2", "nftables"), "/etc/bird/bird.conf"),
    "Ubuntu": ("ID=ubuntu\nID_LIKE=debian\n", ("bird2", "iproute2", "nftables"), "/etc/bird/bird.conf"),
    "Fedora": ("ID=fedora\n", ("bird", "iproute", "nftables"), "/etc/bird.conf"),
    "Rocky with EPEL": (
        'ID="rocky"\nID_LIKE="rhel centos fedora"\n',
        ("bird", "iproute", "nftables"),
        "/etc/bird.conf",
    ),
    "Alpine": ("ID=alpine\n", ("bird", "iproute2", "nftables"), "/etc/bird.conf"),
}


@pytest.mark.parametrize("release", RELEASES)
def test_each_distribution_has_its_own_names(release: str) -> None:
    text, named, path = RELEASES[release]
    names = parse_names(text)
    assert packages(PROGRAMS, names) == named
    assert config_path(names) == path


def test_a_host_that_does_not_say_what_it_is_reads_the_usual_file() -> None:
    assert config_path(parse_names("")) == "/etc/bird/bird.conf"
