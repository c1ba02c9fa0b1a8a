#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the policies of a node, and what they have decided."""

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_info
short_description: Read the policies of a node, and what they have decided
version_added: 1.1.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Reads the table C(purel3_policy) of nftables. Changes nothing.
options: {}
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
  - purel3.fabric.attributes.info_module
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.policy
"""

EXAMPLES = r"""
- name: Read what the rules have decided
  purel3.fabric.policy_info:
  register: policies
"""

RETURN = r"""
is_enforced:
  description: Whether there are policies.
  returned: success
  type: bool
workloads:
  description: For how many workloads of this node.
  returned: success
  type: int
packets:
  description:
    - How many packets each rule has decided on. A rule is named by its policy, its direction and its number from 0;
      what no policy is the reason for, in words.
  returned: success
  type: dict
  sample:
    db ingress 0: 12
    db ingress end of tier default: 3
    of an unknown interface: 0
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.policy.ruleset import (
    FAMILY,
    TABLE,
    describe_policies,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.nftables import read_table

ARGUMENT_SPEC: t.Dict[str, t.Any] = {}


def read(_params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Read the table; raises FabricError where the kernel refuses."""
    return describe_policies(read_table(FAMILY, TABLE))


def main() -> None:
    """Run the module."""
    run_info(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), read)


if __name__ == "__main__":
    main()
