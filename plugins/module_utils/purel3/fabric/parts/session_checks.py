# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold between the options of a session: filters that exist and can match, times that fit."""

from __future__ import annotations

import re
import typing as t
from dataclasses import fields
from ipaddress import IPv4Network

from ...values.checker import Checker
from ...values.filters import parse_rules
from ...values.rules import read_export_rules, read_import_rules
from ..file.document import Path
from ..file.report import Report
from ..file.section import nearest_remedy, show
from .intent import SessionOptions

if t.TYPE_CHECKING:
    from .fabric import Fabric

# As the role bird's.
DEFAULT_HOLD_TIME = 90

_RULE = re.compile(r"\[([0-9]+)\]([a-z_.]*)")


def check_options(
    fabric: Fabric, path: Path, title: str, options: SessionOptions, are_external: t.Collection[bool], report: Report
) -> None:
    """Find what cannot be true of the options of one session, or of all.

    Args:
        fabric: what the file declares.
        path: the keys that lead to the options.
        title: what messages call them.
        options: the options.
        are_external: the kinds of peers that they are for: routers outside of the fabric, nodes, or both.
        report: knows the lines, takes the faults.
    """
    for key in ("import_filter", "export_filter"):
        _filter(fabric, (*path, key), f"{title}: {key}", getattr(options, key), are_external, report)
    _times(fabric, path, title, options, report)
    _aggregates(fabric, (*path, "aggregates"), title, options, report)


def effective(fabric: Fabric, options: SessionOptions, key: str) -> t.Any:
    """An option of a session.

    Args:
        fabric: what the file declares.
        options: the session's own.
        key: the option's name.

    Returns:
        Its own value, or else that of all sessions.
    """
    own = getattr(options, key)
    return getattr(fabric.session, key) if own is None else own


def _filter(
    fabric: Fabric, path: Path, title: str, name: t.Optional[str], are_external: t.Collection[bool], report: Report
) -> None:
    if name is None:
        return
    if name not in fabric.filters:
        report.fault(path, f"{title} {show(name)} is not one of filters", nearest_remedy(name, fabric.filters))
        return
    rules = fabric.filters[name]
    if parse_rules(rules)[1]:
        return
    check = Checker()
    for is_external in sorted(are_external):
        if path[-1] == "import_filter":
            read_import_rules(check, f"{title} {name}", rules)
        else:
            read_export_rules(check, f"{title} {name}", rules, is_external=is_external)
    for fault in check.faults:
        # Rules are counted from 1, as in the other faults of filters.
        words = _RULE.sub(lambda found: f" rule {int(found[1]) + 1}{found[2].replace('.', ' ')}", fault, count=1)
        problem, remedy = words.split("; ", 1)
        report.fault(path, problem, remedy)


def _aggregates(fabric: Fabric, path: Path, title: str, options: SessionOptions, report: Report) -> None:
    pools = " and ".join(str(pool.cidr) for pool in fabric.pools)
    widest: t.Optional[IPv4Network] = None
    for prefix in sorted(options.aggregates or ()):
        if not any(prefix.overlaps(pool.cidr) for pool in fabric.pools):
            problem = f"{title}: aggregate {prefix} holds no address of a pool"
            report.fault(path, problem, f"use one that holds blocks of {pools}")
        if widest is not None and prefix.subnet_of(widest):
            report.fault(path, f"{title}: aggregate {prefix} lies inside of {widest}", "keep one of the two")
        else:
            widest = prefix


def _times(fabric: Fabric, path: Path, title: str, options: SessionOptions, report: Report) -> None:
    given = [field.name for field in fields(options) if getattr(options, field.name) is not None]
    hold = effective(fabric, options, "hold_time") or DEFAULT_HOLD_TIME
    keepalive = effective(fabric, options, "keepalive_time")
    key = "keepalive_time" if "keepalive_time" in given else "hold_time"
    if key in given and keepalive is not None and keepalive * 3 > hold:
        problem = f"{title}: keepalive_time {keepalive} is more than a third of hold_time {hold}"
        report.fault((*path, key), problem, "three signs of life must fit: use a third of hold_time at most")
    send_hold = effective(fabric, options, "send_hold_time")
    key = "send_hold_time" if "send_hold_time" in given else "hold_time"
    if key in given and send_hold and send_hold <= hold:
        problem = f"{title}: send_hold_time {send_hold} is not more than hold_time {hold}"
        report.fault((*path, key), problem, "use twice the hold_time, or 0 for no limit")
