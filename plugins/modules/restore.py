#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: restore
short_description: Lets a node restore its workloads and tunnel at boot, without a controller
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Puts the command C(purel3) on the node, one file that needs nothing but Python 3.9; saves the parameters of what has
    been put in place; and, where systemd runs the host, adds the service C(purel3-restore), which runs
    C(purel3 restore) at boot before the network is configured and before BIRD starts.
  - The program is built on the controller, always with the same bytes for the same collection, and sent to a node only
    if it has another one.
  - Where there is a tunnel, C(nftables.service) gets a drop-in that runs this service again whenever the former starts,
    reloads or stops, for it then flushes all rules, and the guard of the tunnel with them.
  - The saved state holds a format number and a digest. C(purel3 restore) refuses one that is damaged, of a newer
    format, or that others than root may change, and then touches nothing; one of an older format it reads as it was
    meant. It holds no secrets, and anybody on the node may read it.
  - Each file is replaced at once, and what was written survives a power cut. If a step fails, all are put back as they
    were. A file in the way that is not of this collection is an error.
options:
  state:
    description: Whether the node should restore itself. V(absent) removes program, saved state and service.
    type: str
    choices: [present, absent]
    default: present
  node:
    description: The node's name, to be shown. Required with O(state=present).
    type: str
  workloads:
    description:
      - All workloads of the node, each as M(purel3.fabric.workloads) takes it.
      - One in a namespace of a container (a path, or the id of a process) is left out at boot as long as the container
        does not run. A process id means nothing after a reboot.
    type: list
    elements: dict
    default: []
  mtu:
    description: The MTU of all workloads that have none of their own, in bytes.
    type: int
  transit:
    description: Whether the node also forwards between other nodes.
    type: bool
    default: false
  tunnel:
    description: The C(address) and C(mtu) of the tunnel, as M(purel3.fabric.tunnel) takes them; empty for none.
    type: dict
    default: {}
  tunnel_endpoints:
    description: The addresses from which packets may come out of the tunnel.
    type: list
    elements: str
    default: []
  modules:
    description: Kernel modules to load. What a tunnel needs is loaded with it.
    type: list
    elements: str
    default: []
  settings:
    description: Kernel settings by name; those that the node's kernel lacks are left out.
    type: dict
    default: {}
  blocks:
    description: The node's own blocks, for C(purel3 show).
    type: list
    elements: str
    default: []
  policy:
    description: The options of M(purel3.fabric.policy); empty where nothing is enforced.
    type: dict
    default: {}
  enabled:
    description: Whether systemd runs C(purel3 restore) at boot. Has no meaning where systemd does not run the host.
    type: bool
    default: true
  program_path:
    description: Where the command is. Its folder is made if it does not exist.
    type: path
    default: /usr/local/sbin/purel3
  state_path:
    description: Where the saved state is. Its folder is made if it does not exist.
    type: path
    default: /var/lib/purel3/node.json
  python:
    description: The interpreter of the command, on the node; 3.9 or newer.
    type: path
    default: /usr/bin/python3
  digest:
    description: SHA-256 of the command. Set by the part of this module that runs on the controller.
    type: str
    default: ""
  program:
    description: Where on the node the command was sent to. Set by the part of this module that runs on the controller.
    type: path
  phase:
    description:
      - V(look) does nothing as long as the node lacks the command, and returns RV(wants_program).
      - Set by the part of this module that runs on the controller.
    type: str
    choices: [all, look]
    default: all
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
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.workloads
  - module: purel3.fabric.tunnel
"""

EXAMPLES = r"""
- name: Have these workloads back after a reboot
  purel3.fabric.restore:
    node: node1
    workloads:
      - name: web1
        address: 10.244.166.128
      - name: web2
        address: 10.244.166.129
    blocks:
      - 10.244.166.128/26

- name: Restore nothing any more
  purel3.fabric.restore:
    state: absent
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line a file.
  returned: success
  type: list
  elements: str
  sample:
    - + file /usr/local/sbin/purel3
    - + file /var/lib/purel3/node.json
    - + file /etc/systemd/system/purel3-restore.service
    - + start of purel3-restore.service at boot
    - + service purel3-restore.service
wants_program:
  description: Whether the command must be sent to the node first.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.restore import (
    ARGUMENT_SPEC,
    REQUIRED_IF,
    propose_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run


def main() -> None:
    """Run as Ansible calls it."""
    run(AnsibleModule(ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True), propose_from)


if __name__ == "__main__":
    main()
