#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read routes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route_info
short_description: Read routes
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Reads the routes of one table, and says which of them this collection made.
options:
  table:
    description:
      - V(main), V(default), V(local) or the number of the table.
    type: str
    default: main
extends_documentation_fragment:
  - purel3.fabric.namespace
  - purel3.fabric.attributes
  - purel3.fabric.attributes.info_module
  - purel3.fabric.attributes.actiongroup_fabric
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.route
"""

EXAMPLES = r"""
- name: Read the routes of a workload
  purel3.fabric.route_info:
    namespace: web1
  register: found
"""

RETURN = r"""
routes:
  description: The routes, sorted by destination and metric; options as in M(purel3.fabric.route).
  returned: success
  type: list
  elements: dict
  contains:
    owner:
      description: V(workloads) or V(objects) where this collection made it; empty for a foreign one.
      type: str
      returned: success
  sample:
    - destination: 10.244.104.0/26
      type: unicast
      gateway: 192.168.50.11
      device: ens33
      onlink: false
      scope: global
      metric: 0
      table: main
      protocol: bird
      owner: ""
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.information import describe_routes
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.routes import table_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import Scope
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux import reader
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.names import namespace_from

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "table": {"type": "str", "default": "main"},
    "namespace": {"type": "str"},
}


def read(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Read the routes; raises FabricError where an option is wrong, or the kernel refuses."""
    namespace, table = namespace_from(params["namespace"]), table_from(params["table"])
    references = frozenset((namespace,)) - {""}
    found = reader.read(Scope(references, viewers=frozenset((namespace,)), tables=frozenset((table,))))
    return {"routes": describe_routes(found, namespace, table)}


def main() -> None:
    """Run the module."""
    run_info(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), read)


if __name__ == "__main__":
    main()
