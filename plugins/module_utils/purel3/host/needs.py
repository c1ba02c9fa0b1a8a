# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the programs that a node needs are on this host, and which packages bring the others."""

from __future__ import annotations

import os
import shutil
import typing as t

from .distribution import packages, parse_names

_SEARCH = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")


def look(programs: t.Sequence[str], bird_version: t.Optional[str]) -> t.Dict[str, t.Any]:
    """Look what this host has and lacks (of bird, ip and nft), as the module host_info returns it."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_SEARCH])
    missing = [program for program in programs if shutil.which(program, path=path) is None]
    names = _names()
    return {
        "distribution": names[0] if names else None,
        "missing_programs": missing,
        "missing_packages": list(packages(missing, names)),
        "bird_version": bird_version,
    }


def _names() -> t.Tuple[str, ...]:
    for path in _OS_RELEASE:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return parse_names(file.read())
        except OSError:
            continue
    return ()
