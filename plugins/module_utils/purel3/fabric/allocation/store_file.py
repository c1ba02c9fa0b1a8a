# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the allocation store's file to what the fabric has allocated."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import typing as t
from dataclasses import dataclass, field

from ...base import files
from ...base.errors import FabricError, ForeignObject, InvalidInput
from ...base.proposal import Proposal
from ..file.document import Faults
from ..parts.allocations import Allocations
from . import store

# Ansible reads every other file in an inventory folder as an inventory.
_UNFINISHED = ".new.txt"
_MODE = 0o644


@dataclass(frozen=True)
class StoreOptions:
    """What a store should hold.

    path: the store's file; its folder must exist.
    blocks: the node by block.
    addresses: the workload by address.
    tunnels: the node by the address of its tunnel.
    freed: blocks and addresses that somebody had and nobody has.
    based_on: the digest of the store that the allocations were made over; None where they were made without one.
    """

    path: str
    blocks: t.Mapping[str, str]
    addresses: t.Mapping[str, str]
    tunnels: t.Mapping[str, str] = field(default_factory=dict)
    freed: t.Sequence[str] = ()
    based_on: t.Optional[str] = None


def propose(request: StoreOptions) -> Proposal:
    """Plan the changes of a store: one operation for each allocation that is added or removed.

    Raises:
        FabricError: the options contradict each other, or the file is not a store, cannot be written, or has changed
            since the allocations were made over it.
    """
    allocations = _allocations(request)
    path = os.path.realpath(request.path)
    old = files.read(path)
    if old is not None and old.text and old.text.splitlines()[0] != store.TITLE:
        raise ForeignObject(f"{path}: is not an allocation store of ours; move it away, or give another path")
    were, are = store.lines_of(_text(old)), store.entries(allocations)
    removed = [line for line in were if line not in set(are)]
    added = [line for line in are if line not in set(were)]
    if added or removed:
        if request.based_on not in (None, store.digest(_text(old))):
            raise _changed(path)
        _require_writable(path)
    return Proposal(
        operations=(*(f"- {line}" for line in removed), *(f"+ {line}" for line in added)),
        before="".join(f"{line}\n" for line in removed),
        after="".join(f"{line}\n" for line in added),
        apply=functools.partial(_write, path, store.render(allocations), old),
        values={"path": path},
    )


def _allocations(request: StoreOptions) -> Allocations:
    owners = [*request.blocks.items(), *request.addresses.items(), *request.tunnels.items()]
    nameless = [f"{key}: {name!r} is no name" for key, name in owners if not isinstance(name, str)]
    if nameless:
        raise InvalidInput([f"allocations: {problem}; write that of its node or workload" for problem in nameless])
    lines = [f"block {block} {node}" for block, node in sorted(request.blocks.items())]
    lines += [f"address {address} {workload}" for address, workload in sorted(request.addresses.items())]
    lines += [f"tunnel {address} {node}" for address, node in sorted(request.tunnels.items())]
    lines += [f"freed {key}" for key in request.freed]
    faults = Faults("allocations")
    found = store.parse("\n".join([store.TITLE, *lines]), faults)
    if faults:
        raise InvalidInput(faults.sentences())
    return found.allocations


def _text(file: t.Optional[files.File]) -> str:
    return "" if file is None else file.text


def _changed(path: str) -> FabricError:
    problem = "has changed since it was read: another run has stored allocations, which would be lost"
    return FabricError(f"{path}: {problem}; run again, over what is there now")


def _require_writable(path: str) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise FabricError(f"{path}: there is no folder {folder}; correct the option path")
    if not os.access(folder, os.W_OK):
        raise FabricError(f"{path}: its folder is not writable for user id {os.geteuid()}; change its owner or mode")


@contextlib.contextmanager
def _alone(folder: str) -> t.Iterator[None]:
    """Keep other runs from writing in a folder, and leave no file for it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Not every file system of a network has locks; without one, two runs must meet within microseconds.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: str, text: str, old: t.Optional[files.File]) -> None:
    try:
        with _alone(os.path.dirname(path)):
            if _text(files.read(path)) != _text(old):
                raise _changed(path)
            files.replace(path, text.encode("utf-8", "surrogateescape"), _ownership(path, old), _UNFINISHED)
    except OSError as error:
        raise FabricError(f"{path}: cannot be written: {error.strerror}; make room for it, and run again") from error
    new = files.read(path)
    if new is None or new.text != text:
        raise FabricError(f"{path}: holds something else than was written; find out who else writes it, and run again")


def _ownership(path: str, old: t.Optional[files.File]) -> files.Ownership:
    """A checkout of a user's must stay the user's, also when the playbook runs as root."""
    mode = _MODE if old is None else old.ownership.mode
    if os.geteuid() != 0:
        return files.Ownership(-1, -1, mode)
    if old is not None:
        return old.ownership
    folder = os.stat(os.path.dirname(path))
    return files.Ownership(folder.st_uid, folder.st_gid, mode)
