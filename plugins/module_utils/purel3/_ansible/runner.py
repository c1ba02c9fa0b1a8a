# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode, diff, results and errors of every module, written once."""

from __future__ import annotations

import typing as t

from ..base.errors import FabricError, InvalidInput
from ..base.proposal import Proposal

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Params = t.Mapping[str, t.Any]


def run(module: AnsibleModule, propose: t.Callable[[Params], Proposal]) -> None:
    """Plan, apply unless in check mode, and exit with changed, operations and diff.

    `propose` reads and plans, writes nothing, and raises FabricError for whatever is wrong.
    """
    try:
        _refuse_nul(module.params)
        proposal = propose(module.params)
        if proposal.obstacles and not module.check_mode:
            raise InvalidInput(proposal.obstacles)
        if proposal.operations and not module.check_mode:
            proposal.apply()
    except FabricError as error:
        fail(module, error)
        return
    faults = (*proposal.obstacles, *(proposal.shortfalls if module.check_mode else ()))
    for warning in (*proposal.remarks, *proposal.warnings, *faults):
        module.warn(warning)
    results = {
        "changed": bool(proposal.operations),
        "operations": list(proposal.operations),
        "diff": {
            "before": proposal.before,
            "after": proposal.after,
            **({"prepared": "".join(f"{note}\n" for note in proposal.notes)} if proposal.notes else {}),
        },
        **proposal.values,
    }
    if proposal.shortfalls and not module.check_mode:
        module.fail_json(msg="\n".join(proposal.shortfalls), faults=list(proposal.shortfalls), **results)
    module.exit_json(**results)


def run_info(module: AnsibleModule, read: t.Callable[[Params], t.Mapping[str, t.Any]]) -> None:
    """Exit with what was read, by the names of the module's RETURN; never changes anything.

    `read` may return `warnings` beside them.
    """
    try:
        _refuse_nul(module.params)
        values = dict(read(module.params))
    except FabricError as error:
        fail(module, error)
        return
    for warning in values.pop("warnings", ()):
        module.warn(warning)
    module.exit_json(changed=False, **values)


def run_waiting_info(module: AnsibleModule, read: t.Callable[..., t.Mapping[str, t.Any]]) -> None:
    """Exit with what was waited for; in check mode with what is there, as an earlier task may be about to change it.

    `read` is as in run_info, and takes may_wait as well.
    """
    run_info(module, lambda params: read(params, may_wait=not module.check_mode))


def _refuse_nul(params: Params) -> None:
    """Refuse what no path, name or file holds, in options of any depth; raises InvalidInput, which shows no value."""
    faults = [fault for name, value in params.items() for fault in _with_nul(f"option {name}", value)]
    if faults:
        raise InvalidInput(faults)


def _with_nul(where: str, value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str) and "\0" in value:
        yield f"{where} holds a NUL character; remove it"
    elif isinstance(value, t.Mapping):
        for key, item in value.items():
            yield from _with_nul(f"{where}.{key!a}: its name", key)
            yield from _with_nul(f"{where}.{key!a}", item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _with_nul(f"{where}[{index}]", item)


def fail(module: AnsibleModule, error: FabricError) -> None:
    """End the module with the error's own words; the faults of InvalidInput are also returned as a list."""
    faults = list(error.faults) if isinstance(error, InvalidInput) else [str(error)]
    module.fail_json(msg=str(error), faults=faults, **error.values)
