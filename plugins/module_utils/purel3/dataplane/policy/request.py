# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options of the module policy to the objects in the node's kernel."""

from __future__ import annotations

import typing as t

from ...base.errors import InvalidInput
from ...policy.form import ACCEPT, REJECT
from ...policy.reading import endpoints_from, remedy_for, rulebook_from
from ...state.plan import Request
from ...values.checker import Checker
from ...values.workload import host_device
from .ruleset import FAMILY, TABLE, LocalEndpoint, ruleset
from .tracking import tracking


def to_request(options: t.Mapping[str, t.Any]) -> Request:
    """Work out what the node's kernel must hold; raises InvalidInput with all faults."""
    checker = Checker()
    endpoints = endpoints_from(checker, options["endpoints"] or {})
    book = rulebook_from(checker, options, endpoints)
    by_name = {one.name: one for one in endpoints}
    local = []
    for index, name in enumerate(options["workloads"] or ()):
        if name in by_name:
            local.append(LocalEndpoint(by_name[name], host_device(name)))
        else:
            remedy = remedy_for(name, by_name, "add it there, with its address")
            checker.complain(f"workloads[{index}]", name, "is not among the endpoints", remedy)
    if checker.faults:
        raise InvalidInput(checker.faults)
    table = ruleset(
        book,
        endpoints,
        local,
        reaches_host=options["endpoint_to_host"] == ACCEPT,
        is_rejecting=options["denied"] == REJECT,
    )
    # What a run left behind that was ended while it tracked.
    return Request({table.key: table}, absent=frozenset([tracking().key]))


def to_release() -> Request:
    """Work out what the node's kernel must hold when nothing is enforced."""
    return Request({}, absent=frozenset([("table", "", FAMILY, TABLE), tracking().key]))
