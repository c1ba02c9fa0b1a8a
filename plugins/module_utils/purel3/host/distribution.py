# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What distributions call what a node needs, and where their BIRD reads its configuration."""

from __future__ import annotations

import shlex
import typing as t

DEBIAN = "debian"

_FILE = "/etc/bird/bird.conf"
_FILE_OF_OTHERS = "/etc/bird.conf"
# By program, on distributions of Debian's family and on all others.
_PACKAGES = {"bird": ("bird2", "bird"), "ip": ("iproute2", "iproute"), "nft": ("nftables", "nftables")}
_PACKAGES_OF_ALPINE = {"ip": "iproute2"}


def parse_names(text: str) -> t.Tuple[str, ...]:
    """Read what a distribution calls itself and what it is like (os-release(5)), for example ubuntu, debian."""
    found: t.Dict[str, str] = {}
    for line in text.splitlines():
        key, _sign, value = line.partition("=")
        if key in ("ID", "ID_LIKE"):
            found[key] = " ".join(shlex.split(value))
    return tuple(f"{found.get('ID', '')} {found.get('ID_LIKE', '')}".lower().split())


def packages(programs: t.Iterable[str], names: t.Collection[str]) -> t.Tuple[str, ...]:
    """Name the packages that bring some of bird, ip and nft, for a distribution with names as in parse_names."""
    own = _PACKAGES_OF_ALPINE if "alpine" in names else {}
    return tuple(own.get(program, _PACKAGES[program][DEBIAN not in names]) for program in programs)


def config_path(names: t.Collection[str]) -> str:
    """Say which file BIRD reads in a distribution with names as in parse_names; none where it does not say."""
    return _FILE if DEBIAN in names or not names else _FILE_OF_OTHERS
