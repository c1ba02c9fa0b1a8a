#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a node's end of the tunnels, or what keeps it from having one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnel_info
short_description: Read a node's end of the tunnels, or what keeps it from having one
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Reads what M(purel3.fabric.tunnel) made, and how many packets its guard has dropped.
  - Also says whether a node could have a tunnel, before anything is changed on it.
options:
  address:
    description:
      - The address that O(device) is to have. If given, RV(faults) says what keeps the node from it.
    type: str
  device:
    description:
      - The interface of the tunnel, as M(purel3.fabric.tunnel) takes it.
    type: str
    default: tunl0
  endpoints:
    description:
      - The addresses of all nodes of the fabric, from which packets may be decapsulated.
    type: list
    elements: str
    default: []
  peers:
    description:
      - The addresses of nodes that packets go to. RV(faults) also says to which of them they would come from an address
        that is not among O(endpoints), and so be dropped there.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.info_module
  - purel3.fabric.attributes.actiongroup_fabric
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.tunnel
"""

EXAMPLES = r"""
- name: Look whether the node can encapsulate
  purel3.fabric.tunnel_info:
    address: 10.244.166.190
    endpoints:
      - 192.168.50.10
      - 192.168.50.11
    peers:
      - 192.168.50.11
  register: found

- name: Stop if it cannot
  ansible.builtin.assert:
    that: found.faults == []
    fail_msg: "{{ found.faults | join(' ') }}"
"""

RETURN = r"""
address:
  description: The address of C(tunl0) that M(purel3.fabric.tunnel) gave it; empty for none.
  type: str
  returned: success
  sample: 10.244.166.190
mtu:
  description: The MTU of C(tunl0), in bytes; 0 where it is not ours.
  type: int
  returned: success
  sample: 1480
is_up:
  description: Whether C(tunl0) is ours and up.
  type: bool
  returned: success
  sample: true
endpoints:
  description: The addresses from which packets are decapsulated.
  type: list
  elements: str
  returned: success
  sample: [192.168.50.10, 192.168.50.11]
dropped:
  description: How many encapsulated packets the guard has dropped.
  type: dict
  returned: success
  contains:
    from_others:
      description: From hosts that are not among RV(endpoints).
      type: int
      returned: success
    from_workloads:
      description: From workloads of this node.
      type: int
      returned: success
  sample:
    from_others: 0
    from_workloads: 0
faults:
  description:
    - What keeps the node from having a tunnel of O(address), a sentence each with the remedy; empty without O(address).
    - A kernel without the module C(ipip), a C(tunl0) that somebody else uses, an IPIP tunnel of somebody else, a table
      of nftables in the way, packets that would come from an address that no node has.
  type: list
  elements: str
  returned: success
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.tunnel_info import (
    ARGUMENT_SPEC,
    read,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info


def main() -> None:
    """Run as Ansible calls it."""
    run_info(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), read)


if __name__ == "__main__":
    main()
