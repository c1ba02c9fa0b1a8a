#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage routes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route
short_description: Manage routes
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Adds, replaces and deletes routes, all in one call. A route is replaced without a gap.
  - A route is known by its destination, metric and table. One whose protocol is another is foreign.
options:
  routes:
    description:
      - The routes.
    type: list
    elements: dict
    required: true
    suboptions:
      destination:
        description:
          - The network in CIDR form, an address, or V(default).
        type: str
        required: true
      type:
        description:
          - What becomes of its packets.
        type: str
        choices: [unicast, blackhole, unreachable, prohibit]
        default: unicast
      gateway:
        description:
          - The next hop.
        type: str
      device:
        description:
          - The interface; required for V(unicast).
        type: str
      onlink:
        description:
          - The next hop counts as directly connected, whatever the addresses of the interface are.
        type: bool
        default: false
      scope:
        description:
          - V(global), V(site), V(link), V(host) or a number.
          - Defaults to V(link) for a unicast route without a next hop, else to V(global).
        type: str
      metric:
        description:
          - The priority; V(0) for none.
        type: int
        default: 0
      table:
        description:
          - V(main), V(default), V(local) or the number of the table.
        type: str
        default: main
      protocol:
        description:
          - V(boot), V(static), V(kernel), V(zebra), V(bird), V(dhcp) or a number.
          - A route of another protocol at the same destination, metric and table is foreign and never changed.
          - The default is this collection's own number.
        type: str
        default: "112"
  state:
    description:
      - Whether the routes should exist.
      - With V(absent), only O(routes[].destination), O(routes[].metric), O(routes[].table) and O(routes[].protocol)
        matter.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - purel3.fabric.namespace
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
  - module: purel3.fabric.route_info
"""

EXAMPLES = r"""
- name: Eat what nothing else takes of a block
  purel3.fabric.route:
    routes:
      - destination: 10.244.166.128/26
        type: blackhole

- name: Reach a block through a node that is not in this subnet
  purel3.fabric.route:
    routes:
      - destination: 10.244.104.0/26
        gateway: 192.168.51.11
        device: tunl0
        onlink: true

- name: Remove a static route from a namespace
  purel3.fabric.route:
    namespace: web1
    state: absent
    routes:
      - destination: default
        protocol: static
"""

RETURN = r"""
operations:
  description: What was done, or would be done in check mode, one line an object.
  returned: success
  type: list
  elements: str
  sample:
    - + route blackhole 10.244.166.128/26 proto 112
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.network import run_request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.routes import to_request as request_routes
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.plan import Request
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.names import namespace_from

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "routes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "destination": {"type": "str", "required": True},
            "type": {
                "type": "str",
                "choices": ["unicast", "blackhole", "unreachable", "prohibit"],
                "default": "unicast",
            },
            "gateway": {"type": "str"},
            "device": {"type": "str"},
            "onlink": {"type": "bool", "default": False},
            "scope": {"type": "str"},
            "metric": {"type": "int", "default": 0},
            "table": {"type": "str", "default": "main"},
            "protocol": {"type": "str", "default": "112"},
        },
    },
    "namespace": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def to_request(params: t.Mapping[str, t.Any]) -> Request:
    """Work out which routes should be there; raises InvalidInput."""
    return request_routes(params["routes"], namespace_from(params["namespace"]), params["state"] == "present")


def main() -> None:
    """Run the module."""
    run_request(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), to_request)


if __name__ == "__main__":
    main()
