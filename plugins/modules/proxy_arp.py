#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch proxy ARP on interfaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_arp
short_description: Switch proxy ARP on interfaces
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Lets the kernel answer ARP on an interface for every address to which it has a route elsewhere, at once instead of
    after up to 0.8 seconds.
options:
  interfaces:
    description:
      - The interfaces.
    type: list
    elements: str
    required: true
  delay:
    description:
      - By up to how many hundredths of a second an answer is delayed (C(proxy_delay)).
      - The kernel's own default is V(80).
      - The kernel counts in ticks of its own clock; a delay that is no whole number of them is refused.
    type: int
    default: 0
  state:
    description:
      - Whether proxy ARP should be on. With V(absent), O(delay) is not used and C(proxy_delay) stays.
    type: str
    choices: [present, absent]
    default: present
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
  - module: purel3.fabric.workloads
"""

EXAMPLES = r"""
- name: Answer for 169.254.1.1 on the host's end of a veth pair
  purel3.fabric.proxy_arp:
    interfaces:
      - veth1
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - ~ sysctl net.ipv4.conf.veth1.proxy_arp = 0 => sysctl net.ipv4.conf.veth1.proxy_arp = 1
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.network import run_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.kind import Key
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.sysctl import Sysctl
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.names import fault_of_device, namespace_from

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "interfaces": {"type": "list", "elements": "str", "required": True},
    "delay": {"type": "int", "default": 0},
    "namespace": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def to_request(params: t.Mapping[str, t.Any]) -> Request:
    """Work out which settings must be in force; raises InvalidInput."""
    faults = [fault for fault in map(fault_of_device, params["interfaces"]) if fault]
    if not 0 <= params["delay"] <= 30000:
        faults.append(f"delay {params['delay']} is not between 0 and 30000 hundredths of a second")
    if faults:
        raise InvalidInput(faults)
    namespace, is_on = namespace_from(params["namespace"]), params["state"] == "present"
    present: t.Dict[Key, Sysctl] = {}
    for interface in params["interfaces"]:
        settings = [Sysctl(namespace, f"net/ipv4/conf/{interface}/proxy_arp", str(int(is_on)))]
        if is_on:
            settings.append(Sysctl(namespace, f"net/ipv4/neigh/{interface}/proxy_delay", str(params["delay"])))
        present.update((setting.key, setting) for setting in settings)
    return Request(present)


def main() -> None:
    """Run the module."""
    run_request(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), to_request)


if __name__ == "__main__":
    main()
