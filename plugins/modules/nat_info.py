#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read how a node translates addresses."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nat_info
short_description: Read how a node translates addresses
version_added: 1.1.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Reads the table C(purel3_nat) of nftables. Changes nothing.
options: {}
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
  - purel3.fabric.attributes.info_module
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.nat
"""

EXAMPLES = r"""
- name: Read how many connections have left the fabric
  purel3.fabric.nat_info:
  register: nat
"""

RETURN = r"""
is_translating:
  description: Whether anything is translated.
  returned: success
  type: bool
outgoing:
  description: The ranges of addresses that are translated on their way out, by what they become.
  returned: success
  type: dict
  sample:
    masquerade: [10.244.0.0-10.244.255.255]
floating_ips:
  description: The workload's address for each floating IP.
  returned: success
  type: dict
  sample:
    198.51.100.10: 10.244.166.128
connections:
  description: How many connections were translated on their way out, by what they became.
  returned: success
  type: dict
  sample:
    masquerade: 12
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.nat.ruleset import (
    FAMILY,
    TABLE,
    describe_nat,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.nftables import read_table

ARGUMENT_SPEC: t.Dict[str, t.Any] = {}


def read(_params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Read the table; raises FabricError where the kernel refuses."""
    return describe_nat(read_table(FAMILY, TABLE))


def main() -> None:
    """Run the module."""
    run_info(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), read)


if __name__ == "__main__":
    main()
