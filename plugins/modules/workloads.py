#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attach all workloads of a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: workloads
short_description: Attach all workloads of a node
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Gives every workload of the node its network namespace, its veth pair, its C(/32) address, its two routes, the host
    route to it, and proxy ARP for C(169.254.1.1), all in one call.
  - Workloads that this module made and that are no longer listed go. What this collection did not make is never changed
    or deleted; where it stands in the way, the module fails and names it.
  - If an operation fails, what this call did is undone.
  - For workloads, also switches on C(net.ipv4.ip_forward), and keeps a route to C(169.254.1.1/32) in the table
    C(default), because the kernel answers proxy ARP only for addresses to which it has a route.
options:
  workloads:
    description:
      - All workloads of the node.
      - An empty list removes all workloads that this module made.
    required: true
  mtu:
    description:
      - The MTU of both ends of each veth pair whose workload gives none, in bytes.
      - If not given, new pairs get the kernel's default and the others keep theirs.
    type: int
  transit:
    description:
      - Whether the node also forwards between other nodes; then C(net.ipv4.ip_forward) is switched on even if it has no
        workloads.
    type: bool
    default: false
  missing_namespace:
    description:
      - What to do if the namespace of a workload is not there, as where a container does not run, or is this host's
        own. All other workloads are attached, and what is left of this one stays as it is.
      - V(fail) ends as failed then, V(warn) with a warning. In check mode there is always a warning.
    type: str
    choices: [fail, warn]
    default: fail
  adopt:
    description:
      - Whether a workload that somebody else built is taken over where it stands, if it is the same thing, that is,
        if a veth pair leads from the host into its namespace to its address. The pair gets names and marks of ours and
        keeps its MAC addresses, so that no packet is lost. The namespace stays its maker's.
      - What is not the same thing, such as a route to the address by another interface, is named, and nothing changes.
      - Before Linux 6.2, an interface that gets another name is down for a moment.
    type: bool
    default: false
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
  - purel3.fabric.workload
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
notes:
  - Needs root, and Linux 4.20 or later (C(NETLINK_GET_STRICT_CHK)).
seealso:
  - module: purel3.fabric.workloads_info
"""

EXAMPLES = r"""
- name: Attach two workloads, and remove all others that were attached before
  purel3.fabric.workloads:
    workloads:
      - name: web1
        address: 10.244.166.128
      - name: web2
        address: 10.244.166.129

- name: Attach a container whose runtime makes its namespace, by a path that leads to it after each start
  purel3.fabric.workloads:
    workloads:
      - name: cache
        address: 10.244.166.130
        netns: /run/containers/cache
        interface_name: fabric0

- name: Take over what was built by hand, a namespace netns1 with veth2 and 1.1.1.2
  purel3.fabric.workloads:
    workloads:
      - name: netns1
        address: 1.1.1.2
        interface_name: veth2
    adopt: true

- name: Remove all workloads
  purel3.fabric.workloads:
    workloads: []
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - + workload web1  10.244.166.128/32  cali977588a87e1 -> eth0
missing_workloads:
  description: The names of the workloads whose namespaces are not there.
  returned: when all others are attached
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.workloads import (
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
