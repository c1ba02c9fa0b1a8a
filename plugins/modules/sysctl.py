#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set kernel settings and keep them over a reboot."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sysctl
short_description: Set kernel settings and keep them over a reboot
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Sets kernel parameters below C(/proc/sys), all in one call, and optionally writes the file that brings them back at
    boot.
options:
  settings:
    description:
      - The values by name.
      - A name is written with dots, or with slashes where a part of it holds a dot.
    type: dict
    required: true
  path:
    description:
      - A file in C(/etc/sysctl.d) that holds exactly these settings.
      - A file that this collection did not write is never replaced.
    type: path
  is_optional:
    description:
      - Leave out settings that this network namespace does not have, such as the limits of the neighbour table, which
        only the first namespace of a kernel has.
    type: bool
    default: false
extends_documentation_fragment:
  - purel3.fabric.namespace
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.proxy_arp
"""

EXAMPLES = r"""
- name: Let the kernel route, now and after a reboot
  purel3.fabric.sysctl:
    settings:
      net.ipv4.ip_forward: 1
    path: /etc/sysctl.d/90-purel3-fabric.conf
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - ~ sysctl net.ipv4.ip_forward = 0 => sysctl net.ipv4.ip_forward = 1
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.steps import join
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.sysctls import keep, to_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.sysctl import Sysctl
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux.network import LinuxKernel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.reconcile import propose
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.scope import scope_of_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.names import namespace_from

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "settings": {"type": "dict", "required": True},
    "path": {"type": "path"},
    "is_optional": {"type": "bool", "default": False},
    "namespace": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True)

    def plan(params: t.Mapping[str, t.Any]) -> Proposal:
        request = to_request(params["settings"], namespace_from(params["namespace"]), params["is_optional"])
        kernel = LinuxKernel(scope_of_request(request))
        in_force = propose(request, kernel)
        if params["path"] is None:
            return in_force
        known = kernel.read().resources
        kept = [t.cast(Sysctl, wanted) for key, wanted in request.present.items() if key in known]
        return join(in_force, keep(params["path"], kept))

    run(module, plan)


if __name__ == "__main__":
    main()
