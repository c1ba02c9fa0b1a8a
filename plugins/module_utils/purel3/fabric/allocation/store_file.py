# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the allocation store's file to what the fabric has allocated."""

from __future__ import annotations

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
    """

    path: str
    blocks: t.Mapping[str, str]
    addresses: t.Mapping[str, str]
    tunnels: t.Mapping[str, str] = field(default_factory=dict)


def propose(request: StoreOptions) -> Proposal:
    """Plan the changes of a store: one operation for each allocation that is added or removed.

    Raises:
        FabricError: the options contradict each other, or the file is not a store or cannot be written.
    """
    allocations = _allocations(request)
    path = os.path.realpath(request.path)
    old = files.read(path)
    if old is not None and old.text and old.text.splitlines()[0] != store.TITLE:
        raise ForeignObject(f"{path}: is not an allocation store of ours; move it away, or give another path")
    were, are = _entries(old.text if old is not None else ""), store.entries(allocations)
    removed = [line for line in were if line not in set(are)]
    added = [line for line in are if line not in set(were)]
    if added or removed:
        _require_writable(path)
    return Proposal(
        operations=(*(f"- {line}" for line in removed), *(f"+ {line}" for line in added)),
        before="".join(f"{line}\n" for line in removed),
        after="".join(f"{line}\n" for line in added),
        apply=functools.partial(_write, path, store.render(allocations), old),
        undo=functools.partial(_put_back, path, old),
        values={"path": path},
    )


def _allocations(request: StoreOptions) -> Allocations:
    lines = [f"block {block} {node}" for block, node in sorted(request.blocks.items())]
    lines += [f"address {address} {workload}" for address, workload in sorted(request.addresses.items())]
    lines += [f"tunnel {address} {node}" for address, node in sorted(request.tunnels.items())]
    faults = Faults("allocations")
    found = store.parse("\n".join([store.TITLE, *lines]), faults)
    if faults:
        raise InvalidInput(faults.sentences())
    return found.allocations


def _entries(text: str) -> t.List[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _require_writable(path: str) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise FabricError(f"{path}: there is no folder {folder}; correct the option path")
    if not os.access(folder, os.W_OK):
        raise FabricError(f"{path}: its folder is not writable for user id {os.geteuid()}; change its owner or mode")


def _write(path: str, text: str, old: t.Optional[files.File]) -> None:
    try:
        files.replace(path, text.encode("utf-8", "surrogateescape"), _ownership(path, old), _UNFINISHED)
    except OSError as error:
        raise FabricError(f"{path}: cannot be written: {error.strerror}; make room for it, and run again") from error
    new = files.read(path)
    if new is None or new.text != text:
        raise FabricError(f"{path}: holds something else than was written; find out who else writes it, and run again")


def _put_back(path: str, old: t.Optional[files.File]) -> None:
    if old is not None:
        _write(path, old.text, old)
    else:
        os.unlink(path)


def _ownership(path: str, old: t.Optional[files.File]) -> files.Ownership:
    """A checkout of a user's must stay the user's, also when the playbook runs as root."""
    mode = _MODE if old is None else old.ownership.mode
    if os.geteuid() != 0:
        return files.Ownership(-1, -1, mode)
    if old is not None:
        return old.ownership
    folder = os.stat(os.path.dirname(path))
    return files.Ownership(folder.st_uid, folder.st_gid, mode)
