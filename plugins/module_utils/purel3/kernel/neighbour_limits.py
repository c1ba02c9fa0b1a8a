# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of the neighbour table: one for all namespaces of a machine, and only its first one shows them."""

from __future__ import annotations

import typing as t

from ..base.errors import KernelError

_FILES = tuple(f"/proc/sys/net/ipv4/neigh/default/gc_thresh{number}" for number in (1, 2, 3))


def read_neighbour_limits() -> t.Optional[t.Tuple[int, int, int]]:
    """Return gc_thresh1, 2 and 3; None where this network namespace does not show them."""
    values = []
    for path in _FILES:
        try:
            with open(path, encoding="ascii") as file:
                values.append(int(file.read()))
        except OSError:
            return None
    return values[0], values[1], values[2]


def write_neighbour_limits(limits: t.Tuple[int, int, int]) -> None:
    """Set gc_thresh1, 2 and 3; raises KernelError."""
    for path, value in zip(_FILES, limits):
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(str(value))
        except OSError as error:
            raise KernelError(
                f"lab: {path} = {value}: {error.strerror}; run the lab as root on the machine itself"
            ) from error
