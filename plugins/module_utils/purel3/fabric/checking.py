# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the text of a fabric file and of its store to a checked fabric with all its allocations."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..base.errors import InvalidInput
from ..lab.base.backend import Backend
from .allocation import store
from .allocation.allocate import Exhausted, allocate
from .allocation.keep import keep
from .file.document import Faults, Located, Places
from .file.report import Report
from .file.section import Section
from .parts.fabric import ALLOCATED_KEYS, COMPUTED_VARIABLES, KEYS, PARTS, CheckedFabric, Fabric
from .parts.part import Draft


@dataclass(frozen=True)
class Source:
    """A fabric file and its store, read but not yet understood.

    faults: the fabric file's, with its name; those found while parsing are in it already.
    root: the whole file, or None where it could not be parsed.
    store_faults: the store's, with its name.
    store_text: empty where there is no store yet.
    lab_name: the lab's name where the file gives none.
    store_path: where the store is, or will be.
    backends: of labs, the default first.
    """

    faults: Faults
    root: t.Optional[Located]
    store_faults: Faults
    store_text: str = ""
    lab_name: str = "lab"
    store_path: str = ""
    backends: t.Sequence[Backend] = ()


def check_fabric(source: Source) -> CheckedFabric:
    """Check everything, allocate what is missing; raises InvalidInput with all faults of both files."""
    report = Report(source.faults, Places(), Faults(source.faults.file))
    fabric = Fabric() if source.root is None else _read(source, source.root, report)
    stored = store.parse(source.store_text, source.store_faults)
    _raise_faults(source)
    kept = keep(fabric, stored, report, source.store_faults)
    _raise_faults(source)
    try:
        allocations = allocate(fabric, kept, stored.allocations)
    except Exhausted as exhausted:
        for node, (problem, remedy) in exhausted.shortages.items():
            source.faults.add(report.places.line("nodes", node, "blocks"), problem, remedy)
        raise InvalidInput(source.faults.sentences()) from None
    return CheckedFabric(fabric, allocations, report.warnings.sentences(), store.digest(source.store_text))


def allocates(root: t.Optional[Located]) -> bool:
    """Whether a file that extends another one says itself what there is to allocate from or for."""
    return root is not None and isinstance(root.value, t.Mapping) and not root.value.keys().isdisjoint(ALLOCATED_KEYS)


def _read(source: Source, root: Located, report: Report) -> Fabric:
    draft = Draft(Section(report, "", (), root, KEYS), Fabric(), source.lab_name, COMPUTED_VARIABLES, source.backends)
    if draft.file.is_mapping:
        for part in PARTS:
            draft = replace(draft, fabric=part.read(draft))
        for part in PARTS:
            part.check(draft, report)
    return draft.fabric


def _raise_faults(source: Source) -> None:
    if source.faults or source.store_faults:
        raise InvalidInput([*source.faults.sentences(), *source.store_faults.sentences()])
