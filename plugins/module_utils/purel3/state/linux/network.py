# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This host's kernel, for the reconciler: one scope, one writer at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import typing as t

from ...base.errors import KernelError
from ...base.waiting import until
from ...kernel import namespaces, syscalls
from ..adopt import Labels
from ..kinds.kind import Resource
from ..kinds.scope import Scope
from ..plan import Observed, Plan
from ..scope import narrow_scope_of, scope_of
from . import reader

_LOCK_PATIENCE = 60.0
_LOCK_PAUSE = 0.1


class LinuxKernel:
    """The network of the calling thread's namespace and of those that a scope names."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._lock = -1

    def read(self, touched: t.Optional[t.Iterable[Resource]] = None) -> Observed:
        """Read what is there, as Kernel does; from the first call on, no other process of this collection writes.

        Raises FabricError also where another run holds this network for over a minute.
        """
        if self._lock < 0:
            self._take_lock()
        else:
            self._go_home()
        return reader.read(self._scope if touched is None else scope_of(touched))

    def read_as(self, labels: Labels) -> Observed:
        """Read the scope as if some interfaces bore other names and marks, as Kernel does."""
        return reader.read(self._scope, labels)

    def renames_live(self) -> bool:
        """Whether an interface gets another name while it is up (Linux 6.2)."""
        version = re.match(r"(\d+)\.(\d+)", os.uname().release)
        return version is not None and (int(version[1]), int(version[2])) >= (6, 2)

    def look_at(self, objects: t.Sequence[Resource]) -> Observed:
        """Read some objects and no others of the own namespace, as Kernel does."""
        return reader.read(narrow_scope_of(objects))

    def apply(self, plan: Plan, observed: Observed) -> None:
        """Carry out a plan.

        Args:
            plan: the operations.
            observed: what the plan was made from.

        Raises:
            KernelError: an operation was refused.
        """
        # Nobody who only looks pays for it.
        from . import writer

        writer.apply(plan, observed)

    def _go_home(self) -> None:
        """Enter the own namespace again, in case that the way back from another one failed."""
        try:
            syscalls.setns(self._lock)
        except OSError as error:
            raise KernelError(f"cannot return to this host's own namespace: {error}") from error

    def close(self) -> None:
        """Let other processes write again, before this one ends."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _take_lock(self) -> None:
        """Lock the network namespace itself: its file exists on every host, and nothing needs to be written."""
        fd = os.open(namespaces.OWN_PATH, os.O_RDONLY | os.O_CLOEXEC)
        if not until(lambda: _is_locked(fd), _LOCK_PATIENCE, _LOCK_PAUSE):
            os.close(fd)
            raise KernelError("another run of purel3.fabric is changing this host's network; wait until it has ended")
        self._lock = fd


def _is_locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.EWOULDBLOCK:
            raise
        return False
    return True
