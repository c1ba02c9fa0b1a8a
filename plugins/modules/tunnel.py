#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a node exchange encapsulated packets with the other nodes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnel
short_description: Let a node exchange encapsulated packets with the other nodes
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Sets the interface C(tunl0) up, with its address and MTU. The kernel makes this interface when its module C(ipip) is
    loaded; which packets go into it, and to which node, is said by routes.
  - Before that, makes the guard, the table C(purel3_tunnel) of nftables. It drops, and counts, encapsulated packets (IP
    protocol 4) that come to this node from hosts that are not listed, before they are decapsulated, and all that
    workloads send, wherever they are for. What others send each other through this node is not touched.
  - The guard is changed by what differs, all at once, so that there is no moment without it.
  - A C(tunl0) that somebody else uses, or a table of that name that somebody else made, is never changed; the module
    fails and names it. So it does where somebody else has an IPIP tunnel that is up, for the guard would drop its
    packets, as it does those of one that is opened later.
  - If an operation fails, what this call did is undone.
options:
  address:
    description:
      - The address of C(tunl0), IPv4 without prefix length, out of a block of the node. Packets that the node itself
        sends into the tunnel come from it.
      - Required if O(state=present).
    type: str
  device:
    description:
      - The interface of the tunnel, which says how packets are put into others. C(tunl0) is that of C(ipip).
    type: str
    default: tunl0
  mtu:
    description:
      - The MTU of the interface, in bytes. That of the network between the nodes less what is put around each packet.
      - By default, what Ethernet leaves, for C(tunl0) 1480.
    type: int
  endpoints:
    description:
      - The addresses of all nodes of the fabric, from which packets may be decapsulated.
    type: list
    elements: str
    default: []
  socket:
    description:
      - BIRD's control socket; nobody need listen there.
      - A BIRD that found no C(tunl0) up could not hand its routes through it to the kernel, and does not try again by
        itself. Where routes are missing for that reason, it is told to.
    type: path
    default: /run/bird/bird.ctl
  state:
    description:
      - V(absent) sets C(tunl0) down, without our address and with the kernel's MTU, and deletes the guard. The kernel
        module stays. A C(tunl0) that is not ours stays as it is.
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
  - Needs root, and the kernel modules C(ipip) and C(nf_tables).
  - Sets C(net.ipv4.conf.tunl0.rp_filter) to 2, because packets may come out of the tunnel from where the way back leads
    beside it, for example while the nodes of a fabric are switched over one by one. The same holds the other way round
    for the interface between the nodes, whose setting is not changed; there, 1 drops such packets.
  - A firewall of the host's own must let IP protocol 4 in from the other nodes; no rule here can overrule its drop.
    Whoever flushes all of nftables (C(nft flush ruleset)) flushes the guard as well, until this module runs again or
    C(systemctl restart purel3-restore) is called. C(nftables.service) of systemd does that by itself, once
    M(purel3.fabric.restore) has been told of the tunnel.
seealso:
  - module: purel3.fabric.tunnel_info
  - module: purel3.fabric.workloads
"""

EXAMPLES = r"""
- name: Decapsulate what comes from two nodes
  purel3.fabric.tunnel:
    address: 10.244.166.190
    endpoints:
      - 192.168.50.10
      - 192.168.50.11

- name: Decapsulate nothing any more
  purel3.fabric.tunnel:
    state: absent
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - + address 10.244.166.190/32 dev tunl0
    - + guard of tunnels for 2 endpoints
    - ~ sysctl net.ipv4.conf.tunl0.rp_filter = 0 => sysctl net.ipv4.conf.tunl0.rp_filter = 2
    - ~ tunnel tunl0 mtu 1480 down => tunnel tunl0  10.244.166.190/32  mtu 1480 up
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.tunnel import (
    ARGUMENT_SPEC,
    REQUIRED_IF,
    propose_from,
    to_request,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run

__all__ = ["ARGUMENT_SPEC", "to_request"]


def main() -> None:
    """Run as Ansible calls it."""
    run(AnsibleModule(ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True), propose_from)


if __name__ == "__main__":
    main()
