# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks of a run have nothing to do on a node, found in one process: each concern is planned as its module would.

Whatever is in doubt is not settled: its own task runs then, and says in its own words what differs or is wrong.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...base.errors import FabricError, ForeignObject, InvalidInput
from ...base.proposal import Proposal
from ...dataplane.firewall import blockers
from ...kernel import iptables, nftables
from ...state.kinds.scope import Scope
from ...state.linux.network import LinuxKernel
from . import bird_config, bird_service, host, host_info, policy, restore, tunnel, tunnel_info, workloads

Params = t.Mapping[str, t.Any]
RESTORE_PREFLIGHT = "restore_preflight"

# Whoever restarts a daemon or loads a kernel module may change what all others find; a service reads its file.
_AFTER: t.Mapping[str, t.Tuple[str, ...]] = {
    "policy": ("host",),
    "workloads": ("host",),
    "tunnel": ("host",),
    "bird_config": ("host",),
    "bird_service": ("host", "bird_config"),
    "restore": ("host",),
}


class Finding(t.NamedTuple):
    """What a concern's task would do or say, one line each.

    is_fault: it would fail.
    is_foreign: because of what is not ours.
    remarks: what is no reason for a task, but worth knowing before others change the node.
    """

    lines: t.Tuple[str, ...] = ()
    is_fault: bool = False
    is_foreign: bool = False
    remarks: t.Tuple[str, ...] = ()


class _Concern(t.NamedTuple):
    """How a concern is looked at: its options, and what reads and plans as its module does."""

    options: t.Mapping[str, t.Any]
    look: t.Callable[[Params], Finding]
    required_if: t.Sequence[t.Tuple[str, t.Any, t.Sequence[str]]] = ()


def survey(params: Params) -> t.Dict[str, t.Any]:
    """Look at all concerns whose options are given; returns the results of the module survey."""
    given = {name: dict(params[name]) for name in _CONCERNS if params[name] is not None}
    if not given.get("tunnel", {}).get("address", ""):
        # The node has none, and so no task for it.
        given.pop("tunnel", None)
    if "bird_config" in given:
        given["bird_config"]["passwords"] = params["bird_passwords"]
    found: t.Dict[str, Finding] = {}
    for name, options in given.items():
        found[name] = _look(_CONCERNS[name], options)
        if name == "host_info" and found[name].lines:
            # A package may bring what all others are about.
            break
    names = settled(found)
    is_settled = set(names) >= set(given)
    node = given.get("restore", {}).get("node", "this host")
    return {
        "settled": names,
        "is_settled": is_settled,
        # Of a node that is to be changed; verify remarks it of the others.
        "warnings": [] if is_settled else [f"{node}: {text}" for text in _remarks(found)],
        "differences": {name: one.lines for name, one in found.items() if one.lines and not one.is_fault},
        "faults_found": {name: one.lines for name, one in found.items() if one.is_fault},
        "in_the_way": list(dict.fromkeys(_in_the_way(found))),
    }


def _remarks(found: t.Mapping[str, Finding]) -> t.Iterator[str]:
    yield from (one.text for one in blockers(nftables.read_forwarding(), iptables.forward_rules()))
    yield from (remark for one in found.values() for remark in one.remarks)


def _in_the_way(found: t.Mapping[str, Finding]) -> t.Iterator[str]:
    """What no task could mend: what is not ours, and what the kernel lacks for a tunnel."""
    return (line for name, one in found.items() if one.is_foreign or name == "tunnel_info" for line in one.lines)


def settled(found: t.Mapping[str, Finding]) -> t.List[str]:
    """Name what needs no task: concerns that are as they should be and stay so, and preflights that find nothing."""
    quiet = {name for name, one in found.items() if not one.lines}
    names = [name for name in found if name in quiet and all(one in quiet for one in _AFTER.get(name, ()))]
    is_sound = "restore" in found and not found["restore"].is_fault
    return [*names, *([RESTORE_PREFLIGHT] if is_sound else [])]


def _look(concern: _Concern, options: t.Dict[str, t.Any]) -> Finding:
    checked = ArgumentSpecValidator(dict(concern.options), required_if=list(concern.required_if)).validate(options)
    if checked.error_messages:
        return Finding(tuple(checked.error_messages), is_fault=True)
    try:
        return concern.look(checked.validated_parameters)
    except InvalidInput as error:
        return Finding(error.faults, is_fault=True)
    except ForeignObject as error:
        return Finding(tuple(str(error).splitlines()), is_fault=True, is_foreign=True)
    except (FabricError, OSError) as error:
        return Finding((str(error),), is_fault=True)


def _told(proposal: Proposal) -> Finding:
    lines = (*proposal.operations, *proposal.obstacles, *proposal.shortfalls, *proposal.warnings)
    return Finding(lines, remarks=proposal.remarks)


def _planned(propose: t.Callable[[Params], Proposal]) -> t.Callable[[Params], Finding]:
    return lambda params: _told(propose(params))


def _planned_in_kernel(propose: t.Callable[..., Proposal]) -> t.Callable[[Params], Finding]:
    def look(params: Params) -> Finding:
        with contextlib.ExitStack() as stack:

            def kernel_of(scope: Scope) -> LinuxKernel:
                return stack.enter_context(contextlib.closing(LinuxKernel(scope)))

            return _told(propose(params, kernel_of))

    return look


def _lacks(params: Params) -> Finding:
    found = host_info.read(params)
    lines = (*found["missing_programs"], *found["interface_faults"])
    return Finding(lines, remarks=tuple(found["interface_remarks"]))


def _tunnel_faults(params: Params) -> Finding:
    return Finding(tuple(tunnel_info.read(params)["faults"]) if params["address"] else ())


# In the order of the tasks.
_CONCERNS: t.Mapping[str, _Concern] = {
    "tunnel_info": _Concern(tunnel_info.ARGUMENT_SPEC, _tunnel_faults),
    "host_info": _Concern(host_info.ARGUMENT_SPEC, _lacks),
    "host": _Concern(host.ARGUMENT_SPEC, _planned(host.propose_from)),
    "policy": _Concern(policy.ARGUMENT_SPEC, _planned_in_kernel(policy.propose_from)),
    "workloads": _Concern(workloads.ARGUMENT_SPEC, _planned_in_kernel(workloads.propose_from)),
    "tunnel": _Concern(tunnel.ARGUMENT_SPEC, _planned_in_kernel(tunnel.propose_from), tunnel.REQUIRED_IF),
    "bird_config": _Concern(bird_config.ARGUMENT_SPEC, _planned(bird_config.propose_from), bird_config.REQUIRED_IF),
    "bird_service": _Concern(bird_service.ARGUMENT_SPEC, _planned(bird_service.propose_from)),
    "restore": _Concern(restore.ARGUMENT_SPEC, _planned(restore.propose_from), restore.REQUIRED_IF),
}
