#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enforce who may talk to whom, for all workloads of a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: policy
short_description: Enforce who may talk to whom, for all workloads of a node
version_added: 1.1.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Makes the table C(purel3_policy) of nftables, which says what the workloads of a node may send and take, in the
    terms of Calico and with their meaning.
  - Connections under way go on; what is new is asked first for what leaves its workload (egress), then for what reaches
    one (ingress). The node's own traffic to its workloads always passes.
  - Workloads with the same policies share their rules, which are found by one look-up of the interface, and one of
    protocol and port, however many there are. What differs is changed in one transaction, without a lost packet.
  - What comes from, or is for, an interface of this collection that is none of the O(workloads) is dropped and counted.
  - A table of that name that somebody else made is never changed.
options:
  workloads:
    description:
      - The names of the workloads of this node; each is one of O(endpoints).
    type: list
    elements: str
    default: []
  endpoints:
    description:
      - All workloads of the fabric, which selectors select, by their names as in M(purel3.fabric.workloads).
      - Each is a dictionary. C(address) (required) is IPv4 without prefix length, C(labels) are keys and values that
        selectors speak of, and C(ports) names of ports, each with protocol and number such as C(tcp/80).
    type: dict
    default: {}
  default:
    description:
      - What becomes of traffic in a direction in which no policy decides about a workload.
    type: str
    choices: [allow, deny]
    default: allow
  endpoint_to_host:
    description:
      - What becomes of what workloads may send, and send to the node itself. Ping always passes.
    type: str
    choices: [accept, drop]
    default: drop
  denied:
    description:
      - What becomes of what a policy or O(default) denies. With V(reject) the sender is told at once
        (ICMP, administratively prohibited).
    type: str
    choices: [drop, reject]
    default: drop
  network_sets:
    description:
      - Networks by name, each a dictionary with C(nets), a list of networks.
    type: dict
    default: {}
  tiers:
    description:
      - Policies are asked tier by tier. Without a tier C(default) here, it comes last.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Its name.
        type: str
        required: true
      order:
        description:
          - Lower ones are asked first; one without comes last. The same order is decided by the name.
        type: float
      default_action:
        description:
          - What becomes of traffic of a workload that a policy of the tier selects, on which none of them decides.
            V(pass) goes on to the next tier.
        type: str
        choices: [deny, pass]
        default: deny
  policies:
    description:
      - The policies, each for the workloads that it selects.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Its name, which no other has.
        type: str
        required: true
      tier:
        description:
          - The tier in which it is asked.
        type: str
        default: default
      order:
        description:
          - Lower ones are asked first; one without comes last. The same order is decided by the name.
        type: float
      staged:
        description:
          - Whether it decides nothing, and is only counted, by what it would do.
        type: bool
        default: false
      selector:
        description:
          - The workloads for which it is, by their labels, for example C(app == 'db').
        type: str
        default: all()
      types:
        description:
          - The directions for which it is. By default V(ingress), unless it has rules for V(egress) alone, and
            V(egress), if it has rules for that.
        type: list
        elements: str
        choices: [ingress, egress]
      ingress: &rules
        description:
          - Its rules for this direction; the first that fits decides.
        type: list
        elements: dict
        suboptions:
          action:
            description:
              - V(pass) goes on to the next tier, V(log) to the next rule.
            type: str
            choices: [allow, deny, pass, log]
            required: true
          protocol: &protocol
            description:
              - C(tcp), C(udp), C(sctp), C(udplite), C(icmp) or a number.
            type: str
          not_protocol: *protocol
          icmp:
            description:
              - A message of ICMP.
            type: dict
            suboptions:
              type:
                description:
                  - Its type.
                type: int
              code:
                description:
                  - Its code.
                type: int
          source: &side
            description:
              - Who is at this end. All that is given has to hold.
            type: dict
            suboptions:
              selector:
                description:
                  - A workload with such labels.
                type: str
              not_selector:
                description:
                  - Anybody but a workload with such labels, in the fabric or not.
                type: str
              nets:
                description:
                  - An address in one of these networks, whether a workload's or not.
                type: list
                elements: str
              not_nets:
                description:
                  - An address in none of these networks.
                type: list
                elements: str
              network_set:
                description:
                  - An address in one of the networks of this one of O(network_sets).
                type: str
              ports:
                description:
                  - One of these ports, ranges such as C(8000:8999), or names; a name is the port that the workload at
                    this end has by it.
                type: list
                elements: str
              not_ports:
                description:
                  - None of these ports.
                type: list
                elements: str
          destination: *side
      egress: *rules
  state:
    description:
      - V(absent) deletes the table, so that everybody may talk to everybody.
    type: str
    choices: [present, absent]
    default: present
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
  - Needs root, and the kernel module C(nf_tables).
  - The first time, the kernel watches for two seconds which connections are under way, so that these go on. Of one that
    is silent meanwhile, what the workload that was called sends next is taken for a new connection of its own.
  - No rule here can overrule the drop of another table, such as a firewall's.
  - At the next boot, M(purel3.fabric.restore) brings back what it is given of this.
seealso:
  - module: purel3.fabric.policy_info
  - module: purel3.fabric.workloads
"""

EXAMPLES = r"""
- name: Let web servers alone reach the database, and only on its port
  purel3.fabric.policy:
    workloads: [db1]
    endpoints:
      web1: {address: 10.244.166.128, labels: {app: web}}
      db1: {address: 10.244.166.129, labels: {app: db}, ports: {psql: tcp/5432}}
    policies:
      - name: db
        selector: app == 'db'
        ingress:
          - action: allow
            protocol: tcp
            source: {selector: app == 'web'}
            destination: {ports: [psql]}

- name: Enforce nothing any more
  purel3.fabric.policy:
    state: absent
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - + policies for 1 workload
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.policy import (
    ARGUMENT_SPEC,
    propose_from,
    to_request,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run

__all__ = ["ARGUMENT_SPEC", "to_request"]


def main() -> None:
    """Run as Ansible calls it."""
    run(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), propose_from)


if __name__ == "__main__":
    main()
