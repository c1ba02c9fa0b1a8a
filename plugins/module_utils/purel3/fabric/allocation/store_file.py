# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the allocation store's file to what the fabric has allocated."""

from __future__ import annotations

import os
import tempfile
import typing as t
from dataclasses import dataclass, field

from ...base.errors import FabricError, ForeignObject, InvalidInput
from ...base.proposal import Proposal
from ..file.document import Faults
from ..parts.allocations import Allocations
from . import store

Move = t.Callable[[str, str], None]


@dataclass(frozen=True)
class StoreOptions:
    """What a store should hold.

    Args:
        path: the store's file; its folder must exist.
        blocks: the node by block.
        addresses: the workload by address.
        tunnels: the node by the address of its tunnel.
    """

    path: str
    blocks: t.Mapping[str, str]
    addresses: t.Mapping[str, str]
    tunnels: t.Mapping[str, str] = field(default_factory=dict)


def propose(request: StoreOptions, move: Move, scratch: str) -> Proposal:
    """Plan the changes of a store: one operation for each allocation that is added or removed.

    Args:
        request: what it should hold.
        move: puts a file in the place of another in one step.
        scratch: a folder for the new file until it is moved.

    Raises:
        FabricError: the options contradict each other, or the file is not a store or cannot be written.
    """
    allocations = _allocations(request)
    path = os.path.realpath(request.path)
    old = _entries(_read(path))
    new = store.entries(allocations)
    removed = [line for line in old if line not in set(new)]
    added = [line for line in new if line not in set(old)]
    if added or removed:
        _require_writable(path)

    def apply() -> None:
        _write(path, store.render(allocations), move, scratch)

    return Proposal(
        operations=(*(f"- {line}" for line in removed), *(f"+ {line}" for line in added)),
        before="".join(f"{line}\n" for line in removed),
        after="".join(f"{line}\n" for line in added),
        apply=apply,
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


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            text = file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise FabricError(f"{path}: cannot be read: {error.strerror}; correct the option path") from None
    if text and text.splitlines()[0] != store.TITLE:
        raise ForeignObject(f"{path}: is not an allocation store of ours; move it away, or give another path")
    return text


def _entries(text: str) -> t.List[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _require_writable(path: str) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise FabricError(f"{path}: there is no folder {folder}; correct the option path")
    if not os.access(folder, os.W_OK):
        raise FabricError(f"{path}: its folder is not writable for user id {os.geteuid()}; change its owner or mode")


def _write(path: str, text: str, move: Move, scratch: str) -> None:
    is_new = not os.path.exists(path)
    try:
        handle, new = tempfile.mkstemp(dir=scratch)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        move(new, path)
        if is_new and os.geteuid() == 0:
            # A checkout of a user's must stay the user's, also when the playbook runs as root.
            folder = os.stat(os.path.dirname(path))
            os.chown(path, folder.st_uid, folder.st_gid)
    except OSError as error:
        raise FabricError(f"{path}: cannot be written: {error.strerror}; make room for it, and run again") from error
    if _read(path) != text:
        raise FabricError(f"{path}: holds something else than was written; find out who else writes it, and run again")
