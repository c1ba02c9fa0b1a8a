#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the workloads attached to a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: workloads_info
short_description: Read the workloads attached to a node
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Reads the workloads that M(purel3.fabric.workloads) attached to this node, from the kernel alone.
options: {}
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.info_module
  - purel3.fabric.attributes.actiongroup_fabric
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.workloads
"""

EXAMPLES = r"""
- name: Read the workloads
  purel3.fabric.workloads_info:
  register: found
"""

RETURN = r"""
workloads:
  description: The workloads, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The workload's name.
      type: str
      returned: success
    addresses:
      description: Its addresses.
      type: list
      elements: str
      returned: success
    netns:
      description: The named network namespace that it is in; empty where it has no name.
      type: str
      returned: success
    interface_name:
      description: The name of its interface inside.
      type: str
      returned: success
    host_interface_name:
      description: The name of the host's end of its veth pair.
      type: str
      returned: success
    mac:
      description: The MAC address of its interface.
      type: str
      returned: success
    mtu:
      description: The MTU of its interface, in bytes.
      type: int
      returned: success
    is_up:
      description: Whether both ends are up.
      type: bool
      returned: success
  sample:
    - name: web1
      addresses: [10.244.166.128]
      netns: web1
      interface_name: eth0
      host_interface_name: cali977588a87e1
      mac: "02:00:00:00:00:01"
      mtu: 1500
      is_up: true
dropped:
  description:
    - How many packets of workloads this node has dropped since it made its source guard, by why. All are 0 where there
      is none.
  returned: success
  type: dict
  contains:
    foreign_sources:
      description: From an address that is not the workload's.
      type: int
      returned: success
    encapsulated:
      description: IPIP and VXLAN.
      type: int
      returned: success
    ipv6:
      description: Of IPv6.
      type: int
      returned: success
    going:
      description: From interfaces that were being deleted.
      type: int
      returned: success
  sample:
    foreign_sources: 3
    encapsulated: 0
    ipv6: 12
    going: 0
"""

import contextlib
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import MissingDependency
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.information import describe_workloads
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.source_guard import FAMILY, TABLE, dropped
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import namespaces
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.nftables import read_table
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import Scope
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux import reader

ARGUMENT_SPEC: t.Dict[str, t.Any] = {}


def read(_params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Read the workloads; raises FabricError where the kernel refuses."""
    guard = None
    with contextlib.suppress(MissingDependency):
        guard = read_table(FAMILY, TABLE)
    observed = reader.read(Scope(frozenset(namespaces.list_names())))
    return {"workloads": describe_workloads(observed), "dropped": dropped(guard)}


def main() -> None:
    """Run the module."""
    run_info(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), read)


if __name__ == "__main__":
    main()
