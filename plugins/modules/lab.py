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
  - With O(backend=qemu), a node is a virtual machine, with a kernel of its own, systemd and SSH. Its disk is a
    copy-on-write layer on an image that is built once, by mmdebstrap from the Debian mirror of this machine, or on
    O(image).
  - The switch is a namespace of its own with one bridge for each subnet, so that nodes meet on the subnets that they
    share, and nowhere else. Nothing appears in the network namespace of the machine, but the SSH ports of virtual
    machines on 127.0.0.1.
  - Reach the nodes with the connection plugin P(purel3.fabric.lab#connection), and virtual machines by SSH.
  - A virtual machine that does not come up ends the run with the end of its console, and so does everything that this
    run had started. That also goes when the run itself is killed.
  - What is not as asked for is started anew, and nodes that are not listed are ended. Addresses that somebody has put
    beside those that are asked for stay. After a crash, running the module
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
    description:
      - How a node is made. V(namespaces) needs nothing but a Linux kernel.
      - V(qemu) uses KVM where a guest under it really answers, and else emulation, which is slower by far.
      - V(existing) makes nothing, because the nodes are machines that exist; what is left here of a lab of this name
        is ended.
    type: str
    choices: [namespaces, qemu, existing]
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
      mac:
        description: MAC address of the interface O(nodes[].interface) of a virtual machine.
        type: str
      memory:
        description: Memory of this virtual machine in MiB, in place of O(memory).
        type: int
  networks:
    description:
      - The segments of a lab of virtual machines. Every address of a node is in one of them, and every segment has
        a node.
      - The default is one for each subnet of the nodes' addresses.
    type: list
    elements: dict
    default: []
    suboptions:
      subnet:
        description: The addresses on it.
        type: str
        required: true
      router:
        description:
          - The address in it of the lab's one plain router, which forwards between all networks that give it one.
          - Nodes get routes to the other networks through it.
        type: str
  release:
    description: The Debian release of the virtual machines.
    type: str
    choices: [bookworm, trixie]
    default: bookworm
  packages:
    description:
      - What the image of virtual machines holds beyond the minimum.
      - The default is what nodes of a fabric need. An empty list gives hosts with nothing installed.
    type: list
    elements: str
  image:
    description:
      - Path of a cloud image to use instead of building one. It is in the format qcow2, boots by BIOS, and has
        cloud-init with the data source NoCloud. It is never written to.
    type: path
  memory:
    description: Memory of each virtual machine in MiB.
    type: int
    default: 512
  cpus:
    description: Processors of each virtual machine.
    type: int
    default: 1
  outbound:
    description: Virtual machines reach other networks through this machine, for example to install packages.
    type: bool
    default: false
  ssh_port:
    description:
      - The port on 127.0.0.1 that leads to the SSH of the first virtual machine. The others follow in the order of
        their names.
    type: int
    default: 22200
  cache:
    description:
      - The folder of the images that were built. When one is built, those go that no lab has started from for 30 days.
    type: path
    default: /var/cache/purel3-lab
  timeout:
    description: How long virtual machines may take to come up, in seconds.
    type: int
    default: 300
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
  - BIRD 2, for its directory C(/etc/bird); not with O(backend=qemu)
  - qemu-system-x86, qemu-utils, openssh-client, paramiko; with O(backend=qemu)
  - mmdebstrap, to build an image
notes:
  - The processes are named C(purel3-lab:LAB/NODE). Their pids are in C(/run/purel3-lab).
  - The SSH key of virtual machines is C(/run/purel3-lab/LAB/key), which belongs to the user who called sudo. Beside it
    are C(machines/NODE/console.log), which holds what a guest said, and C(machines/NODE/known_hosts).
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

- name: Start two virtual machines on two networks with a router between them
  purel3.fabric.lab:
    name: routed
    backend: qemu
    release: trixie
    nodes:
      - name: node1
        interface: ens33
        address: 192.168.50.10/24
        mac: 00:0c:29:63:9f:1e
      - name: node2
        interface: ens33
        address: 192.168.51.10/24
    networks:
      - subnet: 192.168.50.0/24
        router: 192.168.50.1
      - subnet: 192.168.51.0/24
        router: 192.168.51.1
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
takes_long:
  description: What takes long before the nodes start.
  returned: when the image of virtual machines is built, also in check mode
  type: str
  sample: >-
    the image of Debian bookworm for the disks is built first, into /var/cache/purel3-lab: for a minute, or several
    where the machine or the mirror is slow, and nothing is shown
acceleration:
  description: How the virtual machines run, V(kvm) or V(tcg), which is emulation.
  returned: when a virtual machine was started
  type: str
  sample: tcg
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
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.base.backend import BackendOption
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.control import propose_lab


def _specs(options: t.Iterable[BackendOption]) -> t.Dict[str, t.Any]:
    return {option.name: option.spec for option in options if option.is_of_module}


ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "backend": {"type": "str", "choices": [each.name for each in BACKENDS], "default": BACKENDS[0].name},
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
            **_specs(option for each in BACKENDS for option in each.node_options),
        },
    },
    "networks": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"subnet": {"type": "str", "required": True}, "router": {"type": "str"}},
    },
    "workload_count": {"type": "int", "default": 0},
    **_specs(option for each in BACKENDS for option in each.options),
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
