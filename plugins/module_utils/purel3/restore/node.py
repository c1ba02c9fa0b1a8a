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

from ..base.errors import FabricError, InvalidInput, MissingDependency
from ..base.proposal import Proposal
from ..base.steps import Step, join, step_of, take
from ..bird.change.handover import complete
from ..bird.talk.control import DEFAULT_SOCKET
from ..host.modules import loading
from ..kernel import modules, namespaces
from ..state.linux.network import LinuxKernel
from ..state.plan import Request
from ..state.reconcile import propose
from ..state.scope import scope_of_request
from ..values.modes import MODE_OF_DEVICE, Mode
from .request import mode_of_tunnel, modules_of, policy_of, requests_of, settings_of
from .saved import boot_id
from .state import State


@dataclass(frozen=True)
class Outcome:
    """What restoring did, or would do: one line an operation; a warning says what was left out, and why."""

    operations: t.Tuple[str, ...]
    warnings: t.Tuple[str, ...]


def preview(state: State) -> Outcome:
    """Find out what restoring would do; nothing is changed.

    Raises FabricError where the node cannot be read, or something that is not ours stands in the way.
    """
    requests, left_out = requests_of(state, boot_id(), namespaces.fault_of, namespaces.identity_of)
    missing = _missing_modules(state)
    with _opened(requests) as kernel:
        proposal = _planned(requests, kernel, mode=mode_of_tunnel(state))
        # What a module brings is not there before it is loaded.
        if proposal.obstacles and not missing:
            raise InvalidInput(proposal.obstacles)
        return Outcome((*(f"+ kernel module {name}" for name in missing), *proposal.operations), left_out)


def policy_differences(state: State) -> t.Tuple[str, ...]:
    """Find out in what the kernel differs from the policies that are saved, one line each; raises FabricError."""
    request = policy_of(state)
    if request is None:
        return ()
    with _opened([request]) as kernel:
        return propose(request, kernel).operations


def restore(state: State) -> Outcome:
    """Put back what is saved, all of it or nothing.

    Raises FabricError with what could not be put back, and what remains changed.
    """
    requests, left_out = requests_of(state, boot_id(), namespaces.fault_of, namespaces.identity_of)
    missing = _missing_modules(state)
    done: t.List[str] = []
    with _opened(requests) as kernel:
        # Some settings must be in force before a module is loaded (net.core.fb_tunnels_only_for_init_net).
        early = _possible(_planned([settings_of(state)], kernel) if missing else Proposal())

        def put_back_the_rest() -> None:
            rest = _possible(_planned(requests, kernel, mode=mode_of_tunnel(state)))
            if rest.operations:
                rest.apply()
            done.extend(rest.operations)

        steps = [step_of(early), *(loading(name) for name in missing)]
        take([*steps, Step((), put_back_the_rest)])
    return Outcome((*(line for step in steps for line in step.operations), *done), left_out)


def _possible(proposal: Proposal) -> Proposal:
    if proposal.obstacles:
        raise InvalidInput(proposal.obstacles)
    return proposal


@contextlib.contextmanager
def _opened(requests: t.Sequence[Request]) -> t.Iterator[LinuxKernel]:
    """Have nobody else change this host's network meanwhile."""
    if os.geteuid() != 0:
        raise MissingDependency("only root can look into the namespaces of workloads; run it with sudo")
    scope = scope_of_request(requests[0])
    for request in requests[1:]:
        scope = scope.joined(scope_of_request(request))
    with contextlib.closing(LinuxKernel(scope)) as kernel:
        yield kernel


def _planned(requests: t.Sequence[Request], kernel: LinuxKernel, *, mode: t.Optional[Mode] = None) -> Proposal:
    whole, faults = Proposal(), []
    for request in requests:
        try:
            whole = join(whole, propose(request, kernel))
        except FabricError as error:
            faults.append(str(error))
    if faults:
        raise InvalidInput(faults)
    return complete(whole, mode.device, DEFAULT_SOCKET) if mode else whole


def _missing_modules(state: State) -> t.Tuple[str, ...]:
    missing = tuple(name for name in modules_of(state) if not _is_loaded(name))
    for name in missing:
        modules.require(name, "restoring this node")
    return missing


def _is_loaded(name: str) -> bool:
    # Built into a kernel whose list of modules is not on this host.
    devices = {mode.device for mode in MODE_OF_DEVICE.values() if mode.is_made_by_kernel and mode.module == name}
    return (
        not devices.isdisjoint(device for _index, device in socket.if_nameindex())
        or modules.state(name) == modules.THERE
    )
