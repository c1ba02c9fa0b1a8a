#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and end the nodes of a lab on this machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab
short_description: Start and end a lab of nodes on this machine
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Starts nodes that a fabric can be tried on, on the machine where the module runs, and a switch that connects them.
  - A node is a process with network, mount, UTS and PID namespaces of its own, a private C(/run), C(/var/tmp),
    C(/etc/bird), C(/etc/frr) and C(/etc/sysctl.d), and interfaces with one address each. It has no default route and no
    systemd.
  - The switch is a namespace of its own with one bridge for each subnet, so that nodes meet on the subnets that they
    share, and nowhere else. Nothing appears in the network namespace of the machine.
  - Reach the nodes with the connection plugin P(purel3.fabric.lab#connection).
  - What is not as asked for is started anew, and nodes that are not listed are ended. After a crash, running the module
    again, with either O(state), finds and cleans up what was left.
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
  name:
    description: Name of the lab. Several labs can run side by side.
    type: str
    required: true
  state:
    description:
      - V(present) makes the lab run with exactly the nodes that are listed.
      - V(absent) ends it, and everything that runs on its nodes, and leaves no trace.
    type: str
    choices: [present, absent]
    default: present
  backend:
    description: How a node is made. V(namespaces) needs nothing but a Linux kernel.
    type: str
    choices: [namespaces]
    default: namespaces
  nodes:
    description: The nodes. Required if O(state=present), not used otherwise.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the node, which is also its host name.
        type: str
        required: true
      interface:
        description: Name of its interface.
        type: str
        required: true
      address:
        description: IPv4 address of the interface, with prefix length.
        type: str
        required: true
      interfaces:
        description: Further interfaces, each in a subnet of its own.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the interface.
            type: str
            required: true
          address:
            description: IPv4 address of the interface, with prefix length.
            type: str
            required: true
  workload_count:
    description:
      - How many workloads all nodes will have together.
      - All namespaces of a machine share one neighbour table. Where the lab does not fit into it,
        C(net.ipv4.neigh.default.gc_thresh1) to C(3) are raised, and restored when the last lab ends.
    type: int
    default: 0
requirements:
  - root
  - Linux 5.3 or newer
  - pyroute2 >= 0.7.2
  - BIRD 2, for its directory C(/etc/bird)
notes:
  - The processes are named C(purel3-lab:LAB/NODE). Their pids are in C(/run/purel3-lab).
seealso:
  - plugin: purel3.fabric.lab
    plugin_type: connection
"""

EXAMPLES = r"""
- name: Start three nodes
  purel3.fabric.lab:
    name: lab
    nodes:
      - name: node1
        interface: ens33
        address: 192.168.50.10/24
      - name: node2
        interface: ens33
        address: 192.168.50.11/24
      - name: node3
        interface: ens33
        address: 192.168.50.12/24
  become: true

- name: Start three nodes in a row, the second with a link to either of the others
  purel3.fabric.lab:
    name: row
    nodes:
      - name: r1
        interface: eth0
        address: 10.0.12.1/24
      - name: r2
        interface: eth0
        address: 10.0.12.2/24
        interfaces:
          - name: eth1
            address: 10.0.25.2/24
      - name: r5
        interface: eth0
        address: 10.0.25.5/24
  become: true

- name: End the three nodes
  purel3.fabric.lab:
    name: lab
    state: absent
  become: true
"""

RETURN = r"""
operations:
  description: What was done, or in check mode would be, one line for each object; empty if nothing changed.
  returned: success
  type: list
  elements: str
  sample:
    - + node node1  ens33 192.168.50.10/24
    - + switch lab
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample: ["node node2: address 192.168.50.11 has no prefix length; write it as 192.168.50.10/24"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.control import propose_lab

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "backend": {"type": "str", "choices": ["namespaces"], "default": "namespaces"},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "interface": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "interfaces": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "address": {"type": "str", "required": True},
                },
            },
        },
    },
    "workload_count": {"type": "int", "default": 0},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ["nodes"])],
        supports_check_mode=True,
    )
    run(module, propose_lab)


if __name__ == "__main__":
    main()
