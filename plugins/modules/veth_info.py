#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read veth pairs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: veth_info
short_description: Read veth pairs
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Reads the veth pairs that have an end in a network namespace, and says which of them this collection made.
options: {}
extends_documentation_fragment:
  - purel3.fabric.namespace
  - purel3.fabric.attributes
  - purel3.fabric.attributes.info_module
  - purel3.fabric.attributes.actiongroup_fabric
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.veth
"""

EXAMPLES = r"""
- name: Read the pairs of the host
  purel3.fabric.veth_info:
  register: found
"""

RETURN = r"""
veths:
  description:
    - The pairs, sorted by namespace and name of their outer end.
    - The inner end is known where it is in a named namespace.
  returned: success
  type: list
  elements: dict
  contains:
    owner:
      description: V(workloads) or V(objects) where this collection made it; empty for a foreign one.
      type: str
      returned: success
  sample:
    - owner: workloads
      outer:
        name: cali977588a87e1
        namespace: ""
        mac: ee:ee:ee:ee:ee:ee
        mtu: 1500
        is_up: true
        addresses: []
      inner:
        name: eth0
        namespace: web1
        mac: 02:42:9b:11:de:05
        mtu: 1500
        is_up: true
        addresses: [10.244.166.128/32]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.information import describe_veths
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import namespaces
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import Scope
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux import reader
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.names import namespace_from

ARGUMENT_SPEC: t.Dict[str, t.Any] = {"namespace": {"type": "str"}}


def read(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Read the pairs; raises FabricError where an option is wrong, or the kernel refuses."""
    namespace = namespace_from(params["namespace"])
    references = (frozenset(namespaces.list_names()) | {namespace}) - {""}
    found = reader.read(Scope(references, viewers=frozenset((namespace, ""))))
    return {"veths": describe_veths(found, namespace)}


def main() -> None:
    """Run the module."""
    run_info(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), read)


if __name__ == "__main__":
    main()
