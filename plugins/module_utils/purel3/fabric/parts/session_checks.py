# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold between the options of a session: filters that exist and can match, times that fit."""

from __future__ import annotations

import typing as t

from ...values.filters import parse_rules
from ...values.rules import read_export_rules, read_import_rules
from ...values.session_options import DEFAULTS
from ...values.session_reading import contradictions
from ..file.document import Path
from ..file.report import Report
from ..file.section import nearest_remedy, show
from .intent import SessionOptions

if t.TYPE_CHECKING:
    from .fabric import Fabric


def check_options(
    fabric: Fabric, path: Path, title: str, options: SessionOptions, are_external: t.Collection[bool], report: Report
) -> None:
    """Find what cannot be true of the options of one session, or of all."""
    for key in ("import_filter", "export_filter"):
        if key in options:
            _filter(fabric, (*path, key), f"{title}: {key}", options[key], are_external, report)
    for found in contradictions({**DEFAULTS, **fabric.session, **options}):
        given = [key for key in found.keys if key in options]
        if given:
            report.fault((*path, given[0]), f"{title}: {found.problem}", found.remedy)
    _aggregates(fabric, (*path, "aggregates"), title, options, report)
    passes_on = fabric.transit or fabric.route_reflectors or effective(fabric, options, "export_filter")
    if options.get("next_hop") == "keep" and not passes_on:
        problem = f"{title}: next_hop keep has no effect: nodes pass no routes on, and their own have none to keep"
        report.warn((*path, "next_hop"), problem, "remove it, or set transit: true or an export_filter")


def effective(fabric: Fabric, options: SessionOptions, key: str) -> t.Any:
    """An option of a session: its own, or else that of all sessions; None where neither is said."""
    return options.get(key, fabric.session.get(key))


def _filter(
    fabric: Fabric, path: Path, title: str, name: str, are_external: t.Collection[bool], report: Report
) -> None:
    if name not in fabric.filters:
        report.fault(path, f"{title} {show(name)} is not one of filters", nearest_remedy(name, fabric.filters))
        return
    rules = fabric.filters[name]
    if parse_rules(rules)[1]:
        return
    for is_external in sorted(are_external):
        if path[-1] == "import_filter":
            faults = read_import_rules(rules)[1]
        else:
            faults = read_export_rules(rules, is_external=is_external)[1]
        for fault in faults:
            # Rules are counted from 1, as in the other faults of filters.
            place = " ".join(f"rule {part + 1}" if isinstance(part, int) else part for part in fault.path)
            report.fault(path, f"{title} {name} {place}: {fault.problem}", fault.remedy)


def _aggregates(fabric: Fabric, path: Path, title: str, options: SessionOptions, report: Report) -> None:
    pools = " and ".join(str(pool.cidr) for pool in fabric.pools)
    for prefix in sorted(options.get("aggregates", ())):
        if not any(prefix.overlaps(pool.cidr) for pool in fabric.pools):
            problem = f"{title}: aggregate {prefix} holds no address of a pool"
            report.fault(path, problem, f"use one that holds blocks of {pools}")
