# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring a node from what it has saved: read, check whole, plan, carry out, verify; without a controller."""

from __future__ import annotations

import contextlib
import os
import socket
import typing as t
from dataclasses import dataclass

from ..bird.control import DEFAULT_SOCKET
from ..bird.handover import complete
from ..errors import FabricError, InvalidInput, MissingDependency
from ..host.modules import load
from ..kernel import modules, namespaces
from ..kernel.linux import LinuxKernel
from ..ownership import TUNNEL_DEVICE, TUNNEL_MODULE
from ..plan import Request
from ..proposal import Proposal, join
from ..reconcile import propose
from ..scope import scope_of_request
from .request import modules_of, requests_of, settings_of
from .saved import boot_id
from .state import State


@dataclass(frozen=True)
class Outcome:
    """What restoring did, or would do.

    Args:
        operations: one line an object.
        warnings: what was left out, and why.
    """

    operations: t.Tuple[str, ...]
    warnings: t.Tuple[str, ...]


def preview(state: State) -> Outcome:
    """Find out what restoring would do.

    Args:
        state: what is saved.

    Returns:
        What it would do; nothing was changed.

    Raises:
        FabricError: the node cannot be read, or something that is not ours stands in the way.
    """
    requests, left_out = requests_of(state, boot_id(), _fault_of)
    missing = _missing_modules(state)
    with _planned(requests, has_tunnel=bool(state.tunnel)) as proposal:
        # What a module brings is not there before it is loaded.
        if proposal.obstacles and not missing:
            raise InvalidInput(proposal.obstacles)
        return Outcome((*(f"+ kernel module {name}" for name in missing), *proposal.operations), left_out)


def restore(state: State) -> Outcome:
    """Put back what is saved.

    Args:
        state: what is saved.

    Returns:
        What was done.

    Raises:
        FabricError: what could not be put back; says what remains changed.
    """
    requests, left_out = requests_of(state, boot_id(), _fault_of)
    missing = _missing_modules(state)
    done: t.Tuple[str, ...] = ()
    if missing:
        # Some settings must be in force before a module is loaded (net.core.fb_tunnels_only_for_init_net).
        done = _carried_out([settings_of(state)], has_tunnel=False)
        for name in missing:
            load(name)
            done += (f"+ kernel module {name}",)
    return Outcome(done + _carried_out(requests, has_tunnel=bool(state.tunnel)), left_out)


def _carried_out(requests: t.Sequence[Request], *, has_tunnel: bool) -> t.Tuple[str, ...]:
    with _planned(requests, has_tunnel=has_tunnel) as proposal:
        if proposal.obstacles:
            raise InvalidInput(proposal.obstacles)
        if proposal.operations:
            proposal.apply()
        return proposal.operations


@contextlib.contextmanager
def _planned(requests: t.Sequence[Request], *, has_tunnel: bool) -> t.Iterator[Proposal]:
    """Plan all requests while nobody else changes this host's network."""
    if os.geteuid() != 0:
        raise MissingDependency("only root can look into the namespaces of workloads; run it with sudo")
    scope = scope_of_request(requests[0])
    for request in requests[1:]:
        scope = scope.joined(scope_of_request(request))
    whole, faults = Proposal(), []
    with contextlib.closing(LinuxKernel(scope)) as kernel:
        for request in requests:
            try:
                whole = join(whole, propose(request, kernel))
            except FabricError as error:
                faults.append(str(error))
        if faults:
            raise InvalidInput(faults)
        yield complete(whole, TUNNEL_DEVICE, DEFAULT_SOCKET) if has_tunnel else whole


def _missing_modules(state: State) -> t.Tuple[str, ...]:
    missing = tuple(name for name in modules_of(state) if not _is_loaded(name))
    for name in missing:
        modules.require(name, "restoring this node")
    return missing


def _is_loaded(name: str) -> bool:
    # Built into a kernel whose list of modules is not on this host.
    has_device = name == TUNNEL_MODULE and TUNNEL_DEVICE in (device for _index, device in socket.if_nameindex())
    return has_device or modules.state(name) == modules.THERE


def _fault_of(path: str) -> str:
    try:
        handle = namespaces.open_namespace(path)
    except FabricError as error:
        return str(error)
    except OSError as error:
        return f"its netns {path} cannot be opened: {error.strerror}"
    if handle is None:
        return f"its netns {path} does not exist"
    os.close(handle)
    return ""
