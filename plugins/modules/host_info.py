#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look what a host has and lacks to be a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Looks what a host has and lacks to be a node
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Finds the programs that a node runs, and names the packages of its distribution that bring the missing ones.
  - Looks whether the node's interfaces are there, carry its addresses, and take packets as large as the fabric sends.
  - Fails where BIRD is older than 2.0.12. Debian's package C(bird) is BIRD 1.6, and C(bird2) would take its place.
options:
  programs:
    description:
      - The programs to look for.
    type: list
    elements: str
    choices: [bird, ip, nft]
    default: [bird, ip]
  interfaces:
    description:
      - The interfaces that the host should have, each with the address that it should carry, as in C(node_interfaces).
    type: dict
    default: {}
  mtu:
    description:
      - How large packets between nodes are at most, in bytes. If not given, the interfaces may take any size.
    type: int
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.info_module
  - purel3.fabric.attributes.actiongroup_fabric
seealso:
  - module: purel3.fabric.host
"""

EXAMPLES = r"""
- name: Look what is missing
  purel3.fabric.host_info:
  register: node_host

- name: Install it
  ansible.builtin.package:
    name: "{{ node_host.missing_packages }}"
  when: node_host.missing_packages | length > 0
"""

RETURN = r"""
distribution:
  description: What the distribution calls itself; null where it does not say.
  returned: success
  type: str
  sample: debian
missing_programs:
  description: Those of O(programs) that are not there.
  returned: success
  type: list
  elements: str
  sample: [bird]
missing_packages:
  description: The packages that bring them.
  returned: success
  type: list
  elements: str
  sample: [bird2]
interface_faults:
  description: Which of O(interfaces) are not as they should be, one sentence each.
  returned: success
  type: list
  elements: str
  sample:
    - there is no interface eth0 to carry 192.168.50.10/24; this host has ens33
interface_remarks:
  description: Which of O(interfaces) take packets of less than O(mtu), one sentence each.
  returned: success
  type: list
  elements: str
  sample: []
bird_version:
  description: The version of the installed BIRD; null where it is not installed.
  returned: success
  type: str
  sample: 2.0.12
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample:
    - >-
      /usr/sbin/bird: BIRD 1.6.8 is too old; install BIRD 2.0.12 or newer (package bird2), after what it does has found
      another place
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.host_info import (
    ARGUMENT_SPEC,
    read,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info


def main() -> None:
    """Run as Ansible calls it."""
    run_info(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), read)


if __name__ == "__main__":
    main()
