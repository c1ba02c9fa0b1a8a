#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: allocations
short_description: Remembers which block and address was allocated to whom
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Writes the allocation store of a fabric, a small sorted text file beside the fabric file. The inventory plugin
    P(purel3.fabric.fabric#inventory) reads it, so that adding a node or a workload never moves an old one.
  - The store then holds exactly the given allocations; all others are released.
  - The file changes in one step. A file that this module did not write is never changed, nor one that another run
    changes meanwhile.
options:
  path:
    description:
      - The store. Its folder must exist.
      - A new file belongs to the owner of its folder, also when the module runs as root.
    type: path
    required: true
  blocks:
    description:
      - The name of the node by block.
    type: dict
    required: true
  addresses:
    description:
      - The name of the workload by address. Each must be in one of O(blocks).
    type: dict
    required: true
  tunnels:
    description:
      - The name of the node by the address of its tunnel. Each must be in one of O(blocks), and no workload's.
    type: dict
    default: {}
  freed:
    description:
      - Blocks and addresses that somebody had and nobody has, so that they are given again last.
    type: list
    elements: str
    default: []
  based_on:
    description:
      - The digest of the store that these allocations were made over, as P(purel3.fabric.fabric#inventory) gives it.
      - When the store holds other allocations now, another run has stored some meanwhile, and this one is refused.
    type: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
seealso:
  - plugin: purel3.fabric.fabric
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Store what the inventory plugin has allocated
  purel3.fabric.allocations:
    path: "{{ fabric_allocation_store.path }}"
    blocks: "{{ fabric_allocation_store.blocks }}"
    addresses: "{{ fabric_allocation_store.addresses }}"
    tunnels: "{{ fabric_allocation_store.tunnels | default({}) }}"
    freed: "{{ fabric_allocation_store.freed | default([]) }}"
    based_on: "{{ fabric_allocation_store.based_on }}"
  delegate_to: localhost
  run_once: true

- name: Store two allocations
  purel3.fabric.allocations:
    path: "{{ playbook_dir }}/site.allocations.txt"
    blocks:
      10.244.104.0/26: node2
    addresses:
      10.244.104.0: web3
  delegate_to: localhost
"""

RETURN = r"""
operations:
  description: The allocations that were added and removed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["- address 10.244.104.1 web4", "+ address 10.244.104.2 web7"]
path:
  description: The file, without symbolic links.
  returned: success
  type: str
  sample: /home/me/site/inventories/lab/lab.allocations.txt
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample: ["allocations:3: web1: address 10.9.0.1 is in none of the store's blocks"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.allocation.store_file import (
    StoreOptions,
    propose,
)

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "blocks": {"type": "dict", "required": True},
    "addresses": {"type": "dict", "required": True},
    "tunnels": {"type": "dict", "default": {}},
    "freed": {"type": "list", "elements": "str", "default": []},
    "based_on": {"type": "str"},
}


def propose_from(params: t.Mapping[str, t.Any]) -> Proposal:
    """Plan what the options ask for."""
    return propose(StoreOptions(**{name: params[name] for name in ARGUMENT_SPEC}))


def main() -> None:
    """Run as Ansible calls it."""
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), propose_from)


if __name__ == "__main__":
    main()
