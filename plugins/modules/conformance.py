#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove that a node is what it should be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: conformance
short_description: Prove that a node is what the fabric says
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Compares this node with what it should be, and names each difference. Its BGP sessions; a route to each block that a
    peer should announce, in BIRD and in the kernel, with the right next hop, through the tunnel or beside it; the
    blackholes of its own blocks; its workloads with their veth pairs, addresses and routes; its tunnel with its
    address, MTU and guard; and who announces what it may not, nodes and routers alike.
  - Waits while a difference can still go by itself, because BIRD may still be converging.
  - In check mode, reads once, waits for nothing and never fails.
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.info_module
  - purel3.fabric.attributes.actiongroup_fabric
  - purel3.fabric.workload
attributes:
  check_mode:
    support: full
    details:
      - Reads once, waits for nothing and never fails.
options:
  node:
    description: Name of this node in the fabric.
    type: str
    required: true
  peers:
    description:
      - The peers that BIRD should have sessions with, as in C(bird_peers). Each has at least C(name) and C(address).
      - If empty, whatever BIRD is configured with.
    type: list
    elements: dict
    default: []
  blocks:
    description:
      - The blocks of the whole fabric, as in C(fabric_blocks). If empty, those of the O(peers) are known.
      - Also as one text, for example C(block=10.244.104.0/26 node=node2,block=10.244.135.0/26 node=node3), as the
        inventory plugin writes it. Ansible looks through every value of a list for each host, which takes its time
        where there are hundreds of both.
    type: list
    elements: dict
    default: []
    suboptions:
      block:
        description: The block, with prefix length.
        type: str
        required: true
      node:
        description: Name of the node that owns it.
        type: str
        required: true
  own_blocks:
    description: The blocks of this node, as in C(bird_blocks). By default, those of O(blocks) that are O(node)'s.
    type: list
    elements: str
  is_transit:
    description: Whether nodes pass on the routes of others, as in C(bird_transit).
    type: bool
    default: false
  pools:
    description:
      - The pools, as in C(fabric_pools). Whoever is no node and announces a part of them is named, and routes of others
        that lead into them are remarked. Where there are none, the same of the blocks.
    type: list
    elements: str
  owners:
    description:
      - Who may be the origin of which block, as in C(bird_owners); what routers pass on is judged by it.
    type: list
    elements: dict
    suboptions:
      block:
        description: The block, with prefix length.
        type: str
        required: true
      as_number:
        description: The AS of the node that owns it.
        type: int
        required: true
      router_id:
        description: The node's identity in BGP.
        type: str
  allows_other_sessions:
    description:
      - Whether our own sessions with others than O(peers) are no difference, as in the middle of a change that keeps
        the old sessions until the new ones are up.
    type: bool
    default: false
  workloads:
    description:
      - All workloads of this node, as for M(purel3.fabric.workloads). Others that bear our mark are differences.
      - If not given, workloads are not compared. What a workload does not give, such as its MTU, may be anything.
  missing_namespace:
    description:
      - Whether a workload whose namespace is not there is a difference, V(fail), or left out with a warning, V(warn).
    type: str
    choices: [fail, warn]
    default: fail
  encapsulation:
    description:
      - The pools to which routes should lead into C(tunl0), as in C(bird_encapsulation); all others should not.
      - If not given, the interfaces of routes are not compared.
    type: list
    elements: dict
    suboptions:
      prefix:
        description: The pool.
        type: str
        required: true
      mode:
        description:
          - As O(purel3.fabric.fabric#inventory:pools[].encapsulation), for example V(ipip), or V(ipip_cross_subnet) for
            nodes that are in none of O(subnets) only.
        type: str
        required: true
  subnets:
    description: The subnets that this node is in, as in C(bird_subnets).
    type: list
    elements: str
  tunnel:
    description:
      - This node's end of the tunnels, as in C(node_tunnel), with the guard that M(purel3.fabric.tunnel) makes; an
        empty one where it should have none.
      - If not given, it is not compared.
    type: dict
    suboptions:
      address:
        description: Its address, without prefix length.
        type: str
      device:
        description: Its interface, as M(purel3.fabric.tunnel) takes it.
        type: str
        default: tunl0
      mtu:
        description: Its MTU, in bytes. By default, what Ethernet leaves, for C(tunl0) 1480.
        type: int
  tunnel_endpoints:
    description: The addresses from which packets may come out of the tunnel, as in C(node_tunnel_endpoints).
    type: list
    elements: str
  interfaces:
    description: The interfaces that lead to other nodes, as in C(node_interfaces).
    type: dict
    default: {}
  mtu:
    description:
      - How large packets between nodes are, in bytes. That one of O(interfaces) takes less is remarked.
      - If not given, they may take any size.
    type: int
  policy:
    description:
      - What is enforced, as options of M(purel3.fabric.policy); empty where nothing is.
      - If not given, it is not looked at.
    type: dict
  socket:
    description: BIRD's control socket.
    type: path
    default: /run/bird/bird.ctl
  config_path:
    description:
      - The file that BIRD reads; one of ours that somebody changed, or that others may change, is a difference.
      - By default, the one that this host's BIRD reads.
    type: path
  state_path:
    description:
      - Where the node keeps what the next boot restores. One that is not there or damaged is a difference.
      - If not given, it is not looked at.
    type: path
  timeout:
    description:
      - How many seconds to wait at most for the node to become what it should be.
      - For what is not expected to go by itself, such as the announcement of a foreign block, less is waited.
    type: float
    default: 120
  is_required:
    description: Fail if there is a difference.
    type: bool
    default: true
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.bird_info
  - module: purel3.fabric.reachability
"""

EXAMPLES = r"""
- name: Compare the node with the fabric
  purel3.fabric.conformance:
    node: "{{ inventory_hostname }}"
    peers: "{{ bird_peers }}"
    blocks: "{{ fabric_blocks }}"
    workloads: "{{ node_workloads }}"
  become: true
"""

RETURN = r"""
summary:
  description: The result in one sentence.
  returned: when the node was read, also if there are differences
  type: str
  sample: "2/3 sessions up; node3 192.168.50.12: Active, Connection refused"
differences:
  description: What is not as it should be, the cause first; what only follows from another difference is left out.
  returned: when the node was read, also if there are differences
  type: list
  elements: dict
  contains:
    node:
      description: Name of the node.
      type: str
    kind:
      description: One of bird, session, route, announcement, kernel_route, blackhole, workload,
          tunnel, policy and file.
      type: str
    object:
      description: What differs.
      type: str
    expected:
      description: How it should be.
      type: str
    actual:
      description: How it is.
      type: str
    text:
      description: All of that but the node, in words.
      type: str
  sample:
    - node: node1
      kind: session
      object: node3 192.168.50.12
      expected: Established
      actual: Active, Connection refused
      text: "session with node3 192.168.50.12: Active, Connection refused"
    - node: node1
      kind: announcement
      object: 10.244.104.0/26
      expected: not from node3
      actual: from node3
      text: "node3 announces 10.244.104.0/26, which is node2's: ignored"
remarks:
  description:
    - What is no difference, but should be known. A firewall that drops what no rule of it accepts; an interface
      that takes less than the fabric sends; a route of others that leads into a pool; an address or a route of others
      on a workload's interface.
  returned: when the node was read, also if there are differences
  type: list
  elements: dict
  contains:
    node:
      description: Name of the node.
      type: str
    kind:
      description: V(firewall), V(uplink), or V(foreign) for routes and addresses of others.
      type: str
    object:
      description: What it is about.
      type: str
    text:
      description: All of that but the node, in words.
      type: str
  sample:
    - node: node1
      kind: firewall
      object: ip filter FORWARD
      text: >-
        table ip filter, chain FORWARD, drops what no rule of it accepts (policy drop), so also what workloads send and
        get; accept that: iptables -I DOCKER-USER -i cali+ -j ACCEPT, iptables -I DOCKER-USER -o cali+ -j ACCEPT
node:
  description: Name of the node.
  returned: when the node was read, also if there are differences
  type: str
  sample: node1
is_running:
  description: Whether BIRD answers.
  returned: when the node was read, also if there are differences
  type: bool
  sample: true
version:
  description: BIRD's version; null where it does not answer.
  returned: when the node was read, also if there are differences
  type: str
  sample: 2.0.12
router_id:
  description: BIRD's identity; null where it does not answer.
  returned: when the node was read, also if there are differences
  type: str
  sample: 192.168.50.10
missing_workloads:
  description: The names of the workloads whose namespaces are not there.
  returned: when the node was read, also if there are differences
  type: list
  elements: str
  sample: []
is_recovering:
  description: Whether BIRD still waits for its peers after a restart.
  returned: when the node was read, also if there are differences
  type: bool
  sample: false
sessions:
  description: The BGP sessions, as M(purel3.fabric.bird_info) returns them.
  returned: when the node was read, also if there are differences
  type: list
  elements: dict
  sample: []
session_count:
  description: How many sessions the node should have.
  returned: when the node was read, also if there are differences
  type: int
  sample: 3
established_count:
  description: How many of them are established.
  returned: when the node was read, also if there are differences
  type: int
  sample: 2
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample: ["after 30 s: 2/3 sessions up; node3 192.168.50.12: Active, Connection refused"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.policy import enforced
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_waiting_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import (
    FAIL,
    MISSING_NAMESPACE,
    WORKLOAD_SPEC,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.conformance import check_conformance

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "node": {"type": "str", "required": True},
    "peers": {"type": "list", "elements": "dict", "default": []},
    "blocks": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "block": {"type": "str", "required": True},
            "node": {"type": "str", "required": True},
        },
    },
    "own_blocks": {"type": "list", "elements": "str"},
    "is_transit": {"type": "bool", "default": False},
    "pools": {"type": "list", "elements": "str"},
    "owners": {
        "type": "list",
        "elements": "dict",
        "options": {
            "block": {"type": "str", "required": True},
            "as_number": {"type": "int", "required": True},
            "router_id": {"type": "str"},
        },
    },
    "allows_other_sessions": {"type": "bool", "default": False},
    "workloads": {
        "type": "list",
        "elements": "dict",
        "options": WORKLOAD_SPEC,
    },
    "missing_namespace": {"type": "str", "choices": list(MISSING_NAMESPACE), "default": FAIL},
    "encapsulation": {
        "type": "list",
        "elements": "dict",
        "options": {
            "prefix": {"type": "str", "required": True},
            "mode": {"type": "str", "required": True},
        },
    },
    "subnets": {"type": "list", "elements": "str"},
    "tunnel": {
        "type": "dict",
        "options": {
            "address": {"type": "str"},
            "device": {"type": "str", "default": "tunl0"},
            "mtu": {"type": "int"},
        },
    },
    "tunnel_endpoints": {"type": "list", "elements": "str"},
    "interfaces": {"type": "dict", "default": {}},
    "mtu": {"type": "int"},
    "policy": {"type": "dict"},
    "socket": {"type": "path", "default": "/run/bird/bird.ctl"},
    "config_path": {"type": "path"},
    "state_path": {"type": "path"},
    "timeout": {"type": "float", "default": 120},
    "is_required": {"type": "bool", "default": True},
}


def main() -> None:
    """Run as Ansible calls it."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run_waiting_info(module, _check)


def _check(params: t.Mapping[str, t.Any], *, may_wait: bool) -> t.Dict[str, t.Any]:
    policy = None if params["policy"] is None else enforced(params["policy"])
    return check_conformance({**params, "policy": policy}, may_wait=may_wait)


if __name__ == "__main__":
    main()
