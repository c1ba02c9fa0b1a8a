#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an address of a host's interface the first of its subnet."""

from __future__ import annotations

DOCUMENTATION = r"""
module: first_address
short_description: Make an address of a host's interface the first of its subnet
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Of several addresses of one subnet, an interface sends from the first, in tunnels too. When that goes, BIRD loses
    its neighbours on the interface for a moment, and all sessions with them end.
  - Puts those that stand before O(address) behind it, so that they can go later without anybody noticing. Each is taken
    away and given again in one step, with its label and lifetime. No address comes or goes.
  - To BIRD this is as if the first one went, so hold the routes meanwhile with M(purel3.fabric.bird_hold).
  - At the next boot, the order is that of the host's own network configuration.
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  interface:
    description: Name of the interface.
    type: str
    required: true
  address:
    description: The IPv4 address with the prefix length that it has there. It must be there.
    type: str
    required: true
requirements:
  - root
seealso:
  - module: purel3.fabric.bird_hold
"""

EXAMPLES = r"""
- name: Send from the new address
  purel3.fabric.first_address:
    interface: eth0
    address: 192.0.2.21/24
"""

RETURN = r"""
operations:
  description: What was done, or in check mode would be, one line; empty if nothing changed.
  returned: success
  type: list
  elements: str
  sample: ["~ eth0: 192.0.2.21/24 before 192.0.2.11/24"]
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample: ["interface eth0 does not carry 192.0.2.21/24: ip address add 192.0.2.21/24 dev eth0"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host.first_address import propose

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "interface": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run(module, lambda params: propose(params["interface"], params["address"]))


if __name__ == "__main__":
    main()
