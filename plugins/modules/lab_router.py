#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run FRR in a node of a lab, as a router beside the fabric."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_router
short_description: Run FRR in a node of a lab, as a router beside the fabric
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Makes a node of a lab a router that belongs to somebody else, such as the router at the top of a rack (ToR), so that
    the fabric's sessions with such routers can be tried on one machine.
  - Starts FRR's zebra, bgpd, staticd and bfdd in the node where the module runs, lets FRR check the configuration
    before it is used, and reloads it on a change; sessions whose lines do not change stay.
  - Every session takes what its peer announces. That is FRR's side; what the fabric takes is the fabric's own decision.
  - To end the router, end the lab.
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Passwords are hidden.
  idempotent:
    support: full
    details:
      - What is changed by hand with C(vtysh) meanwhile is not noticed; it goes at the next change of the options.
options:
  name:
    description: Name of the router, which is also FRR's host name.
    type: str
    required: true
  address:
    description: The router's own IPv4 address with prefix length. It is the BGP identifier, too.
    type: str
    required: true
  as_number:
    description: The router's autonomous system.
    type: int
    required: true
  announces:
    description:
      - Prefixes that the router offers to all peers, for example V(0.0.0.0/0).
      - The router drops packets to them, unless it has a better route.
    type: list
    elements: str
    default: []
  peers:
    description: The nodes that the router has sessions with.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      address:
        description: Address of the node.
        type: str
        required: true
      as_number:
        description: Autonomous system of the node.
        type: int
        required: true
      is_direct:
        description: Whether the node is in the router's subnet.
        type: bool
        default: true
      password:
        description: Password of the session (TCP MD5), if it has one.
        type: str
      bfd:
        description:
          - Whether BFD watches the neighbour, every 300 ms.
          - With O(peers[].ttl_security), FRR answers the node's BFD, but does not end the BGP session when the node is
            silent. It would watch a session with TTL security by multihop BFD only.
        type: bool
        default: false
      ttl_security:
        description: Whether packets from further away than O(peers[].multihop) hops (by default 1) are dropped.
        type: bool
        default: false
      multihop:
        description: How many hops away the node is at most.
        type: int
      hold_time:
        description: Seconds of silence after which the session is dead. The smaller one of both sides counts.
        type: int
      keepalive_time:
        description: Seconds between two signs of life. The default is a third of O(peers[].hold_time).
        type: int
      port:
        description: The TCP port at which the router expects the node. It is the same for all peers.
        type: int
        default: 179
requirements:
  - root
  - FRR 8.4 or newer with its reload program (Debian's packages C(frr) and C(frr-pythontools))
notes:
  - Runs in a node that M(purel3.fabric.lab) started, through the connection plugin P(purel3.fabric.lab#connection), and
    refuses to run anywhere else.
  - FRR logs to C(/run/frr/frr.log), inside the node.
seealso:
  - module: purel3.fabric.lab
"""

EXAMPLES = r"""
- name: Run the router at the top of the rack
  purel3.fabric.lab_router:
    name: tor1
    address: 192.168.70.1/24
    as_number: 64900
    announces:
      - 0.0.0.0/0
    peers:
      - name: node1
        address: 192.168.70.11
        as_number: 64512
        password: "{{ tor_password }}"
        bfd: true
        ttl_security: true
  delegate_to: tor1
"""

RETURN = r"""
operations:
  description: What was done, or in check mode would be, one line for each object; empty if nothing changed.
  returned: success
  type: list
  elements: str
  sample:
    - + daemon bgpd
    - + file /etc/frr/frr.conf
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample: ["router tor1: peer node1: as_number 0 is not 1 to 4294967295; correct it"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.frr.daemons import propose_router

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "as_number": {"type": "int", "required": True},
    "announces": {"type": "list", "elements": "str", "default": []},
    "peers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "as_number": {"type": "int", "required": True},
            "is_direct": {"type": "bool", "default": True},
            "password": {"type": "str", "no_log": True},
            "bfd": {"type": "bool", "default": False},
            "ttl_security": {"type": "bool", "default": False},
            "multihop": {"type": "int"},
            "hold_time": {"type": "int"},
            "keepalive_time": {"type": "int"},
            "port": {"type": "int", "default": 179},
        },
    },
}


def main() -> None:
    """Run the module."""
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), propose_router)


if __name__ == "__main__":
    main()
