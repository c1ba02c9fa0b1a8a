#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage veth pairs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: veth
short_description: Manage veth pairs
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Makes, changes and deletes veth pairs, either end in any network namespace.
  - A pair that this collection did not make is never changed or deleted.
options:
  veths:
    description:
      - The pairs.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name of one end, at most 15 bytes.
        type: str
        required: true
      namespace:
        description:
          - The network namespace of that end, as a name in C(/run/netns), an absolute path, or the id of a process in
            it.
          - Defaults to the host's own.
        type: str
      mac:
        description:
          - The MAC address of that end; by default any.
        type: str
      mtu:
        description:
          - The MTU of both ends, in bytes; by default any.
        type: int
      addresses:
        description:
          - The addresses of that end, with prefix length.
          - Addresses that this module gave it earlier and that are no longer listed go; all others stay.
        type: list
        elements: str
        default: []
      is_up:
        description:
          - Whether both ends should be up.
        type: bool
        default: true
      peer:
        description:
          - The other end; required with O(state=present).
        type: dict
        suboptions:
          name:
            description:
              - Its name, at most 15 bytes.
            type: str
            required: true
          namespace:
            description:
              - Its network namespace, as for the first end.
            type: str
          mac:
            description:
              - Its MAC address; by default any.
            type: str
          addresses:
            description:
              - Its addresses, with prefix length, as for the first end.
            type: list
            elements: str
            default: []
  state:
    description:
      - Whether the pairs should exist.
      - With V(absent), only O(veths[].name) and O(veths[].namespace) matter, and either end may be named.
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
  - module: purel3.fabric.veth_info
  - module: purel3.fabric.workloads
"""

EXAMPLES = r"""
- name: Join a namespace to the host, as in a textbook
  purel3.fabric.veth:
    veths:
      - name: veth1
        peer:
          name: veth2
          namespace: netns1
          addresses:
            - 1.1.1.2/24

- name: Remove the pair again
  purel3.fabric.veth:
    veths:
      - name: veth1
    state: absent
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - + veth veth1 -> veth2 in netns netns1
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.network import run_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.veths import to_request as request_veths
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Request

END_SPEC: t.Dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str"},
    "mac": {"type": "str"},
    "addresses": {"type": "list", "elements": "str", "default": []},
}
ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "veths": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "mtu": {"type": "int"},
            "is_up": {"type": "bool", "default": True},
            "peer": {"type": "dict", "options": END_SPEC},
            **END_SPEC,
        },
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def to_request(params: t.Mapping[str, t.Any]) -> Request:
    """Work out which pairs should be there; raises InvalidInput."""
    return request_veths(params["veths"], params["state"] == "present")


def main() -> None:
    """Run the module."""
    run_request(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), to_request)


if __name__ == "__main__":
    main()
