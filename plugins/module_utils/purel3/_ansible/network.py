# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules on the kernel's network share: from a request to an exit."""

from __future__ import annotations

import typing as t

from ..base.proposal import Proposal
from ..state.kinds.scope import Scope
from ..state.linux.network import LinuxKernel
from ..state.plan import Request
from ..state.reconcile import propose
from ..state.scope import scope_of_request
from .runner import Params, run

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# A kernel holds its lock until it is closed, or until its process ends.
KernelOf = t.Callable[[Scope], LinuxKernel]


def propose_request(request: Request, kernel_of: KernelOf = LinuxKernel, **options: t.Any) -> Proposal:
    """Plan what makes a request true on this host; the options are those of state/reconcile."""
    return propose(request, kernel_of(scope_of_request(request)), **options)


def run_request(module: AnsibleModule, to_request: t.Callable[[Params], Request]) -> None:
    """Make a request true on this host; what makes it of the options is pure and raises InvalidInput."""
    run(module, lambda params: propose_request(to_request(params)))
