# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host: its options, and what they ask for."""

from __future__ import annotations

import typing as t

from ...base.proposal import Proposal
from ...host.propose import propose
from ...host.request import request_from

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "sysctls": {"type": "dict", "default": {}},
    "sysctls_path": {"type": "path", "default": "/etc/sysctl.d/90-purel3-fabric.conf"},
    "is_optional": {"type": "bool", "default": True},
    "modules": {"type": "list", "elements": "str", "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def propose_from(params: t.Mapping[str, t.Any]) -> Proposal:
    """Plan what the options ask for."""
    return propose(request_from(params))
