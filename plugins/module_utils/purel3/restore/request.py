# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a saved state to what the kernel must hold: the same requests that the modules make."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ..base.errors import InvalidInput
from ..dataplane.encapsulation.tunnel import mode_of
from ..dataplane.encapsulation.tunnel import to_request as request_tunnel
from ..dataplane.policy.request import to_request as request_policy
from ..dataplane.source_guard import source_guard
from ..dataplane.sysctls import to_request as request_settings
from ..dataplane.workload import check as check_workloads
from ..dataplane.workload import find_missing
from ..dataplane.workload import to_request as request_workloads
from ..host.request import MODULES_WITH_TUNNEL, SETTINGS_OF_TUNNEL, fault_of_module
from ..state.plan import Request
from ..values.modes import Mode
from ..values.names import is_decimal
from ..values.workload import faults_of, faults_of_keys, workload_from
from .state import State, TunnelEnd, settings_from

T = t.TypeVar("T")

_PROCESS = re.compile(r"/proc/[0-9]+/")


def state_from(options: t.Mapping[str, t.Any], boot: str, identity_of: t.Callable[[str], str]) -> State:
    """Read what is to be saved of a node, given as options of the module restore; the order of lists is no matter.

    boot: the id of this boot.
    identity_of: says of a netns which namespace it is that a process alone has; empty for any other.

    Raises InvalidInput.
    """
    faults = [fault for item in options["workloads"] for fault in faults_of_keys(item)]
    if faults:
        raise InvalidInput(faults)
    workloads = [workload_from(item, options["mtu"]) for item in options["workloads"]]
    # A process id means nothing after a reboot.
    identities = {workload.netns: identity_of(workload.netns) for workload in workloads if not faults_of(workload)}
    has_processes = any(identities.values()) or any(_PROCESS.match(workload.netns) for workload in workloads)
    state = State(
        node=options["node"],
        workloads=tuple(sorted(workloads, key=lambda workload: workload.name)),
        is_transit=options["transit"],
        tunnel=_collect(faults, _tunnel_end, options["tunnel"], options["tunnel_endpoints"]),
        modules=tuple(sorted(options["modules"])),
        settings=settings_from(options["settings"]),
        blocks=tuple(sorted(options["blocks"])),
        boot=boot if has_processes else "",
        identities=tuple(sorted((netns, identity) for netns, identity in identities.items() if identity)),
        policy=dict(options.get("policy") or {}),
    )
    # As they were given: any value can be written as text.
    _collect(faults, request_settings, options["settings"], "", True)
    _collect(faults, check, state)
    if faults:
        raise InvalidInput(list(dict.fromkeys(faults)))
    return state


def _collect(faults: t.List[str], read: t.Callable[..., T], *arguments: t.Any) -> t.Optional[T]:
    try:
        return read(*arguments)
    except InvalidInput as error:
        faults.extend(error.faults)
        return None


def _tunnel_end(options: t.Mapping[str, t.Any], endpoints: t.Iterable[str]) -> t.Optional[TunnelEnd]:
    if not options:
        return None
    mode = mode_of(options.get("device"))
    address, mtu = options.get("address"), options.get("mtu", mode.default_mtu)
    faults = [] if address else [f"tunnel: it has no address; give the one of {mode.device}, of a block of the node"]
    if not is_decimal(str(mtu)):
        faults.append(f"tunnel: mtu {mtu!r} is not a number of bytes; give one such as {mode.default_mtu}")
    if faults:
        raise InvalidInput(faults)
    return TunnelEnd(str(address), int(str(mtu)), tuple(sorted(endpoints)), mode.device)


def check(state: State) -> None:
    """Refuse a state from which no requests can be made; raises InvalidInput."""
    faults = [
        *([] if state.node else ["node is empty; give the node's name"]),
        *(fault for name in state.modules for fault in [fault_of_module(name)] if fault),
        *(fault for block in state.blocks for fault in [_fault_of_block(block)] if fault),
        *_collisions(state),
    ]
    _collect(faults, settings_of, state)
    _collect(faults, _tunnel, state)
    _collect(faults, policy_of, state)
    _collect(faults, check_workloads, state.workloads)
    if faults:
        raise InvalidInput(faults)


def _collisions(state: State) -> t.List[str]:
    return [
        f"tunnel: address {workload.address} is also that of workload {workload.name}; give each its own"
        for workload in state.workloads
        if state.tunnel and workload.address == state.tunnel.address
    ]


def mode_of_tunnel(state: State) -> t.Optional[Mode]:
    """Find the mode of the node's tunnel; None where it has none."""
    return mode_of(state.tunnel.device) if state.tunnel else None


def has_rules(state: State) -> bool:
    """Tell whether any rules of nftables must be in force."""
    return state.tunnel is not None or bool(state.policy) or any(source_guard(state.workloads))


def modules_of(state: State) -> t.Tuple[str, ...]:
    """Find the names of the kernel modules that must be loaded."""
    mode = mode_of_tunnel(state)
    return tuple(dict.fromkeys([*state.modules, *([mode.module] if mode else [])]))


def settings_of(state: State) -> Request:
    """Find the kernel settings that must be in force; raises InvalidInput."""
    has_module = bool(MODULES_WITH_TUNNEL.intersection(modules_of(state)))
    settings = {**(SETTINGS_OF_TUNNEL if has_module else {}), **dict(state.settings)}
    return request_settings(settings, "", is_optional=True)


def requests_of(
    state: State, boot: str, fault_of: t.Callable[[str], str], identity_of: t.Callable[[str], str]
) -> t.Tuple[t.Tuple[Request, ...], t.Tuple[str, ...]]:
    """Find all that the kernel must hold.

    boot: the id of this boot.
    fault_of: says of a netns why nothing can be attached to it; nothing where it can.
    identity_of: as for state_from.

    Returns the requests, and a sentence for each workload that is left out because its namespace is not there; raises
    InvalidInput.
    """
    check(state)

    def fault_now(netns: str) -> str:
        return _fault_of(netns, state, boot, fault_of) or _fault_of_identity(netns, state, boot, identity_of)

    missing = find_missing(state.workloads, fault_now)
    workloads = request_workloads(state.workloads, is_transit=state.is_transit, missing=missing)
    # No workload is up before what may reach it is said.
    first = [request for request in (policy_of(state), _tunnel(state)) if request is not None]
    requests = (settings_of(state), *first, workloads)
    return requests, tuple(missing.values())


def _fault_of(namespace: str, state: State, boot: str, fault_of: t.Callable[[str], str]) -> str:
    if _PROCESS.match(namespace) and state.boot != boot:
        return f"its netns {namespace} was a process of an earlier boot; run site.yml with the process that it is now"
    fault = fault_of(namespace)
    return f"{fault}; run `purel3 restore` again when it is there" if fault else ""


def _fault_of_identity(namespace: str, state: State, boot: str, identity_of: t.Callable[[str], str]) -> str:
    identity = identity_of(namespace)
    if not identity or (state.boot == boot and dict(state.identities).get(namespace) == identity):
        return ""
    return (
        f"its netns {namespace} is not known to be the one that was attached, since process ids are used again; run "
        "site.yml with the process that it is now"
    )


def _tunnel(state: State) -> t.Optional[Request]:
    return request_tunnel(*state.tunnel) if state.tunnel else None


def policy_of(state: State) -> t.Optional[Request]:
    """Find what the kernel must hold of policies; None where nothing is enforced. Raises InvalidInput."""
    return request_policy(state.policy) if state.policy else None


def _fault_of_block(block: str) -> str:
    try:
        ipaddress.IPv4Network(block)
    except ValueError:
        return f"block {block} is not an IPv4 network such as 10.244.1.0/26, without bits of a host; correct it"
    return ""
