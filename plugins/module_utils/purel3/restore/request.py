# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a saved state to what the kernel must hold: the same requests that the modules make."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import replace

from ..base.errors import InvalidInput
from ..dataplane.encapsulation.tunnel import mode_of
from ..dataplane.encapsulation.tunnel import to_request as request_tunnel
from ..dataplane.sysctls import to_request as request_settings
from ..dataplane.workload import Workload, workloads_from
from ..dataplane.workload import check as check_workloads
from ..dataplane.workload import to_request as request_workloads
from ..host.request import MODULES_WITH_TUNNEL, SETTINGS_OF_TUNNEL, fault_of_module
from ..state.plan import Request
from ..values.modes import Mode
from .state import State

_KEYS = ("name", "address", "netns", "interface_name", "mtu")
_PROCESS = re.compile(r"/proc/[0-9]+/")


def state_from(options: t.Mapping[str, t.Any], boot: str) -> State:
    """Read what is to be saved of a node, given as options.

    Args:
        options: of the module restore.
        boot: the id of this boot.

    Returns:
        The same for the same node, in whatever order it is listed.

    Raises:
        InvalidInput: names each fault.
    """
    faults = [
        f"workloads: {item!r} lacks {' and '.join(lacking)}"
        for item in options["workloads"]
        for lacking in [[key for key in ("name", "address") if not isinstance(item.get(key), str)]]
        if lacking
    ]
    if faults:
        raise InvalidInput(faults)
    faults = [
        f"workload {item['name']}: unknown key {key}; it may have {', '.join(_KEYS)}"
        for item in options["workloads"]
        for key in sorted(set(item) - set(_KEYS))
    ]
    if faults:
        raise InvalidInput(faults)
    listed = [{key: value for key, value in item.items() if value is not None} for item in options["workloads"]]
    workloads = {
        "workloads": sorted(listed, key=lambda item: str(item["name"])),
        "mtu": options["mtu"],
        "transit": options["transit"],
    }
    # A process id means nothing after a reboot.
    has_processes = any(_PROCESS.match(workload.namespace) for workload in workloads_from(workloads))
    state = State(
        node=options["node"],
        workloads=workloads,
        tunnel={
            "mtu": mode_of(options["tunnel"].get("device")).default_mtu,
            **options["tunnel"],
            "endpoints": sorted(options["tunnel_endpoints"]),
        }
        if options["tunnel"]
        else {},
        modules=tuple(sorted(options["modules"])),
        settings=dict(sorted(options["settings"].items())),
        blocks=tuple(sorted(options["blocks"])),
        boot=boot if has_processes else "",
    )
    check(state)
    return state


def check(state: State) -> None:
    """Refuse a state from which no requests can be made.

    Args:
        state: to be saved or restored.

    Raises:
        InvalidInput: names each fault.
    """
    faults = [
        *([] if state.node else ["node is empty; give the node's name"]),
        *(fault for name in state.modules for fault in [fault_of_module(name)] if fault),
        *(fault for block in state.blocks for fault in [_fault_of_block(block)] if fault),
        *_collisions(state),
    ]
    for request in (_settings, _tunnel, _workloads):
        try:
            request(state)
        except InvalidInput as error:
            faults.extend(fault for fault in error.faults if fault not in faults)
    if faults:
        raise InvalidInput(faults)


def _collisions(state: State) -> t.List[str]:
    return [
        f"tunnel: address {workload['address']} is also that of workload {workload['name']}; give each its own"
        for workload in state.workloads["workloads"]
        if state.tunnel and workload["address"] == state.tunnel.get("address")
    ]


def mode_of_tunnel(state: State) -> t.Optional[Mode]:
    """Find the mode of the node's tunnel; None where it has none."""
    return mode_of(state.tunnel.get("device")) if state.tunnel else None


def modules_of(state: State) -> t.Tuple[str, ...]:
    """Find the names of the kernel modules that must be loaded."""
    mode = mode_of_tunnel(state)
    return tuple(dict.fromkeys([*state.modules, *([mode.module] if mode else [])]))


def settings_of(state: State) -> Request:
    """Find the kernel settings that must be in force.

    Args:
        state: what is saved.

    Returns:
        The request.

    Raises:
        InvalidInput: names each fault.
    """
    return _settings(state)


def requests_of(
    state: State, boot: str, fault_of: t.Callable[[str], str]
) -> t.Tuple[t.Tuple[Request, ...], t.Tuple[str, ...]]:
    """Find all that the kernel must hold.

    Args:
        state: what is saved.
        boot: the id of this boot.
        fault_of: says of an absolute path why it leads to no network namespace; nothing where it does.

    Returns:
        The requests, and a sentence for each workload that is left out because its namespace is not there.

    Raises:
        InvalidInput: names each fault.
    """
    check(state)
    attachable: t.List[Workload] = []
    left_out = []
    for workload in workloads_from(state.workloads):
        fault = _fault_of(workload.namespace, state, boot, fault_of)
        if fault:
            left_out.append(f"workload {workload.name} is left out: {fault}")
        else:
            attachable.append(workload)
    workloads = request_workloads(attachable, is_transit=bool(state.workloads.get("transit")))
    if left_out:
        # Whatever is still attached of those must not go.
        workloads = replace(workloads, purges="")
    tunnel = _tunnel(state)
    requests = (_settings(state), *([tunnel] if tunnel is not None else []), workloads)
    return requests, tuple(left_out)


def _fault_of(namespace: str, state: State, boot: str, fault_of: t.Callable[[str], str]) -> str:
    if not namespace.startswith("/"):
        return ""
    if _PROCESS.match(namespace) and state.boot != boot:
        return f"its netns {namespace} was a process of an earlier boot; run site.yml with the process that it is now"
    fault = fault_of(namespace)
    return f"{fault}; run `purel3 restore` again when it is there" if fault else ""


def _settings(state: State) -> Request:
    settings = {**(SETTINGS_OF_TUNNEL if MODULES_WITH_TUNNEL.intersection(modules_of(state)) else {}), **state.settings}
    return request_settings(settings, "", is_optional=True)


def _tunnel(state: State) -> t.Optional[Request]:
    mode = mode_of_tunnel(state)
    if mode is None:
        return None
    address, mtu = state.tunnel.get("address"), state.tunnel.get("mtu")
    faults = [] if address else [f"tunnel: it has no address; give the one of {mode.device}, of a block of the node"]
    if not str(mtu).isdigit():
        faults.append(f"tunnel: mtu {mtu!r} is not a number of bytes; give one such as {mode.default_mtu}")
    if faults:
        raise InvalidInput(faults)
    return request_tunnel(str(address), int(str(mtu)), state.tunnel["endpoints"], mode.device)


def _fault_of_block(block: str) -> str:
    try:
        ipaddress.IPv4Network(block)
    except ValueError:
        return f"block {block} is not an IPv4 network such as 10.244.1.0/26, without bits of a host; correct it"
    return ""


def _workloads(state: State) -> None:
    check_workloads(workloads_from(state.workloads))
