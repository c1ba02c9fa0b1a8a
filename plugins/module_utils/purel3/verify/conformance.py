# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare this node with what it should be, and wait while the differences can still go by themselves."""

from __future__ import annotations

import time
import typing as t

from ..base.errors import BirdError, FabricError, InvalidInput
from ..bird.change.edited import faults_of_config
from ..bird.talk import observation
from ..bird.talk.daemon import find_config
from ..bird.talk.sessions import with_telling_errors
from ..dataplane.firewall import blockers
from ..dataplane.workload import find_missing
from ..host.uplinks import remarks_on_mtu
from ..kernel import iptables, nftables
from ..kernel.interfaces import read_interfaces
from ..kernel.lookups import refusals
from ..kernel.namespaces import fault_of
from ..restore.saved import read_state
from ..state.kinds.route import Route
from ..state.kinds.scope import OWN_NAMESPACE, Scope
from ..state.linux import reader
from ..state.linux.network import LinuxKernel
from ..state.plan import Observed, Request
from ..state.plan import compare as compare_with_kernel
from ..state.plan_words import sorted_changes
from ..state.scope import scope_of_request
from ..values.modes import MODE_OF_DEVICE
from ..values.workload import WARN, workload_from
from .differences import FILE, POLICY, TUNNEL, WORKLOAD, Difference, Seen, compare, compare_changes, in_the_way
from .expectation import Expectation, expectation_from_params
from .gateway import packets_to_gateway, unanswered
from .remarks import of_firewalls, of_foreign, of_uplinks
from .verdict import NotConforming, describe, patience, sentence

_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0


def check_conformance(params: t.Mapping[str, t.Any], *, may_wait: bool) -> t.Dict[str, t.Any]:
    """Compare this node with what it should be; takes and returns what the module does.

    may_wait: False reads once and reports differences instead of raising them.

    Raises InvalidInput; NotConforming where there are differences, and is_required.
    """
    missing = find_missing(map(workload_from, params["workloads"] or ()), fault_of)
    is_told_only = params["missing_namespace"] == WARN
    expectation = expectation_from_params(params, missing)
    timeout = max(0.0, float(params["timeout"])) if may_wait else 0.0
    started = time.monotonic()
    seen, differences = _settled(expectation, params["socket"], timeout)
    waited = time.monotonic() - started
    found = _in_kernel(expectation, WORKLOAD, expectation.workloads)
    differences += found.differences
    for kind, request in ((TUNNEL, expectation.tunnel), (POLICY, expectation.policy)):
        differences += _in_kernel(expectation, kind, request).differences
    differences += tuple(_of_files(expectation.node, params["config_path"] or find_config(), params["state_path"]))
    differences += tuple(in_the_way(expectation, WORKLOAD, () if is_told_only else missing.values()))
    firewalls = of_firewalls(expectation.node, blockers(nftables.read_forwarding(), iptables.forward_rules()))
    uplinks = of_uplinks(expectation.node, remarks_on_mtu(params["interfaces"], params["mtu"], read_interfaces()))
    foreign = of_foreign(expectation.node, expectation.origins.pools, found.observed)
    values = {
        **describe(expectation, seen, differences, (*firewalls, *uplinks, *foreign)),
        "missing_workloads": sorted(missing),
        **({"warnings": list(missing.values())} if is_told_only and missing else {}),
    }
    if differences and may_wait and params["is_required"]:
        text = sentence(expectation, seen, differences)
        # The last look came as late as the timeout allowed.
        was_all = differences and patience(differences, seen, timeout) >= timeout > 0
        raise NotConforming(f"after {timeout if was_all else int(waited):g} s: {text}", values)
    return values


def _of_files(node: str, config_path: str, state_path: t.Optional[str]) -> t.Iterator[Difference]:
    for fault in faults_of_config(config_path):
        yield Difference(node, FILE, config_path, "as put in place", "changed", fault)
    try:
        if state_path:
            read_state(state_path)
    except InvalidInput as error:
        for fault in error.faults:
            yield Difference(node, FILE, state_path or "", "as put in place", "changed", fault)


def _settled(expectation: Expectation, socket: str, timeout: float) -> t.Tuple[Seen, t.Tuple[Difference, ...]]:
    errors: t.Dict[str, str] = {}
    started = time.monotonic()
    pause = _SHORTEST_PAUSE
    scope = _scope_of_routes(expectation)
    while True:
        seen = _look(socket, scope, errors)
        differences = compare(expectation, seen)
        if time.monotonic() - started + pause > patience(differences, seen, timeout):
            return seen, differences
        time.sleep(pause)
        pause = min(pause * 1.2, _LONGEST_PAUSE)


def _scope_of_routes(expectation: Expectation) -> Scope:
    """Read the main table of the own namespace, and the names of only those interfaces that somebody asks for."""
    if expectation.encapsulation is None:
        return Scope(devices=frozenset())
    return Scope() if expectation.encapsulation.ways else Scope(devices=frozenset(MODE_OF_DEVICE))


def _look(socket: str, scope: Scope, errors: t.Dict[str, str]) -> Seen:
    snapshot, complaint = None, ""
    try:
        snapshot = observation.read(socket, None)
        complaint = "" if snapshot else f"BIRD does not run: nobody listens at {socket}"
    except BirdError as error:
        complaint = str(error)
    resources = reader.read(scope).resources.values()
    kernel = tuple(one for one in resources if isinstance(one, Route) and one.namespace == OWN_NAMESPACE)
    if snapshot is None:
        return Seen(complaint, kernel=kernel)
    return Seen(
        daemon=snapshot.daemon,
        protocols=with_telling_errors(snapshot.protocols, errors),
        routes=snapshot.routes,
        filtered=snapshot.filtered,
        bfd=snapshot.bfd,
        exports=snapshot.exports,
        kernel=kernel,
    )


class _InKernel(t.NamedTuple):
    """What a request and the kernel differ in, and all that was read to find that out."""

    differences: t.Tuple[Difference, ...] = ()
    observed: Observed = Observed()


def _in_kernel(expectation: Expectation, kind: str, request: t.Optional[Request]) -> _InKernel:
    if request is None:
        return _InKernel()
    kernel = LinuxKernel(scope_of_request(request))
    observed = Observed()
    try:
        observed = kernel.read()
        plan, obstacles = compare_with_kernel(request, observed)
    except FabricError as error:
        return _InKernel(tuple(in_the_way(expectation, kind, [str(error)])), observed)
    finally:
        kernel.close()
    names = packets_to_gateway(request, plan)
    differences = (
        *compare_changes(expectation, kind, sorted_changes(plan)),
        *in_the_way(expectation, kind, obstacles),
        *unanswered(expectation.node, names, refusals(names)),
    )
    return _InKernel(differences, observed)
