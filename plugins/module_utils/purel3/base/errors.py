# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that this library raises: what, where, why and the remedy, in one sentence each."""

from __future__ import annotations

import typing as t
from types import MappingProxyType


class FabricError(Exception):
    """A failure whose text is meant for the user; the runner shows it without a traceback.

    values: results that the module returns all the same (names as in its RETURN).
    """

    values: t.Mapping[str, t.Any] = MappingProxyType({})


class InvalidInput(FabricError):
    """Input that was refused before anything was touched.

    faults: one sentence per fault, each naming object, value and remedy; all are reported at once.
    """

    def __init__(self, faults: t.Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class ForeignObject(FabricError):
    """An object that this collection did not make stands where one of ours should be."""


class KernelError(FabricError):
    """The kernel refused an operation; says which, and what the kernel said."""


class RolledBack(FabricError):
    """A change that failed on its way and was undone.

    fault: what failed, without what remains.
    remains: what could not be undone, in words; empty for nothing.
    """

    def __init__(self, fault: str, remains: str) -> None:
        self.fault = fault
        self.remains = remains
        super().__init__(f"{fault}; {remains or 'nothing remains changed'}")


class BirdError(FabricError):
    """BIRD refused a configuration or a command, or does not answer."""


class MissingDependency(FabricError):
    """A program, library or kernel feature that the request needs is not on this host."""
