#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translate addresses between workloads of a node and the world outside of the fabric."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nat
short_description: Translate addresses between workloads of a node and the world outside of the fabric
version_added: 1.1.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Makes the table C(purel3_nat) of nftables, by which workloads reach the world outside of the fabric as their node
    (O(outgoing)), and are reached from anywhere by addresses besides their own (O(floating_ips)).
  - Between addresses of O(inside) nothing is translated, but for what is sent to a floating IP.
  - Floating IPs are for TCP, UDP, SCTP and ICMP. The workload sees who has called. One that BIRD announces, or the node
    itself shall reach, is one of the workload's in M(purel3.fabric.workloads) as well, which makes the route.
  - Connections to a floating IP that comes, goes or moves to another workload are ended; others go on as they began.
  - UDP leaves by ports 10000 to 51819, so that none is taken for a tunnel's (VXLAN 4789, WireGuard 51820); the ports
    of all else are drawn by the kernel.
  - Where nothing is to be translated, there is no table. One of that name that somebody else made is never changed.
options:
  inside:
    description:
      - The networks of the fabric, to which workloads send as themselves. These are the pools, and the floating IPs of
        all nodes as C(/32). The O(outgoing[].pool)s and O(floating_ips) here belong to them anyway.
    type: list
    elements: str
    default: []
  nodes:
    description:
      - The addresses of all nodes.
    type: list
    elements: str
    default: []
  outgoing:
    description:
      - The pools whose workloads appear outside by an address of the node.
    type: list
    elements: dict
    default: []
    suboptions:
      pool:
        description:
          - The pool. None overlaps another.
        type: str
        required: true
      address:
        description:
          - V(masquerade) takes the address of the interface by which a packet leaves. Otherwise the address, which has
            to lead back to this node.
        type: str
        default: masquerade
      exclusions:
        description:
          - To whom they appear as themselves even so. V(pools) is O(inside); V(pools_and_nodes), O(nodes) as well.
        type: str
        choices: [pools, pools_and_nodes]
        default: pools
  floating_ips:
    description:
      - The addresses by which workloads of this node are reached as well.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description:
          - The floating IP, an IPv4 address that nobody has.
        type: str
        required: true
      workload_address:
        description:
          - The workload's own address.
        type: str
        required: true
      snat:
        description:
          - Where the workload appears by the floating IP as well.
          - With V(hairpin) to itself alone, where it calls its own floating IP; with V(always) also outside of
            O(inside), before O(outgoing) is asked; with V(none) nowhere. Of several floating IPs, the lowest counts.
        type: str
        choices: [hairpin, always, none]
        default: hairpin
  state:
    description:
      - V(absent) deletes the table, and ends connections to floating IPs.
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
  - Needs root, and the kernel modules C(nft_chain_nat), C(nft_masq) and C(nf_conntrack_netlink), which it loads itself.
  - Connections that are under way when O(outgoing) comes go on as they are where the kernel tracks connections already.
    Where it does not, it takes them for new ones.
  - Nothing brings the table back at the next boot but another run.
seealso:
  - module: purel3.fabric.nat_info
  - module: purel3.fabric.workloads
"""

EXAMPLES = r"""
- name: Let workloads out, and one of them be reached from outside
  purel3.fabric.nat:
    inside: [10.244.0.0/16]
    outgoing:
      - pool: 10.244.0.0/16
    floating_ips:
      - {address: 198.51.100.10, workload_address: 10.244.166.128}

- name: Translate nothing any more
  purel3.fabric.nat:
    state: absent
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - + NAT for 1 floating IP
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.nat import (
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
