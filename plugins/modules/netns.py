#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make and delete network namespaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: netns
short_description: Make and delete network namespaces
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Makes named network namespaces, their loopback up, and deletes those that this collection made.
  - A namespace that exists already is left as it is, and never deleted unless this collection made it.
options:
  names:
    description:
      - The namespaces, as names in C(/run/netns).
    type: list
    elements: str
    required: true
    aliases: [name]
  state:
    description:
      - Whether they should exist.
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
  - Needs root.
seealso:
  - module: purel3.fabric.netns_info
  - module: purel3.fabric.veth
"""

EXAMPLES = r"""
- name: Make two namespaces
  purel3.fabric.netns:
    names:
      - blue
      - green

- name: Delete one of them
  purel3.fabric.netns:
    name: green
    state: absent
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - + netns blue
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.network import run_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.kind import Key
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.namespace import NAMESPACE, Namespace
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.ownership import OBJECTS
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.names import fault_of_namespace

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "names": {"type": "list", "elements": "str", "required": True, "aliases": ["name"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def to_request(params: t.Mapping[str, t.Any]) -> Request:
    """Work out which namespaces should be there; raises InvalidInput."""
    faults = [
        fault_of_namespace(name) or f"netns {name} is a path; give a name" * name.startswith("/")
        for name in params["names"]
    ]
    if any(faults):
        raise InvalidInput([fault for fault in faults if fault])
    if params["state"] == "absent":
        return Request({}, absent=frozenset((NAMESPACE, name) for name in params["names"]))
    present: t.Dict[Key, Namespace] = {(NAMESPACE, name): Namespace(name, OBJECTS) for name in params["names"]}
    return Request(present)


def main() -> None:
    """Run the module."""
    run_request(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), to_request)


if __name__ == "__main__":
    main()
