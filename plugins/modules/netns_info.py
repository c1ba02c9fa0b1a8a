#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List network namespaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: netns_info
short_description: List network namespaces
version_added: 1.0.0
author:
  - purel3.fabric authors (@purel3)
description:
  - Lists the named network namespaces of the host, and says which of them this collection made.
options: {}
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.info_module
  - purel3.fabric.attributes.actiongroup_fabric
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.netns
"""

EXAMPLES = r"""
- name: List the namespaces
  purel3.fabric.netns_info:
  register: found
"""

RETURN = r"""
namespaces:
  description: The named network namespaces, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name in C(/run/netns).
      type: str
      returned: success
    owner:
      description: V(workloads) or V(objects) where this collection made it; empty for a foreign one.
      type: str
      returned: success
    interfaces:
      description: The names of its interfaces, sorted.
      type: list
      elements: str
      returned: success
  sample:
    - name: web1
      owner: workloads
      interfaces: [eth0, lo]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.dataplane.information import describe_namespaces
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import namespaces
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import Scope
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux import reader

ARGUMENT_SPEC: t.Dict[str, t.Any] = {}


def read(_params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """Read the namespaces; raises FabricError where the kernel refuses."""
    return {"namespaces": describe_namespaces(reader.read(Scope(frozenset(namespaces.list_names()))))}


def main() -> None:
    """Run the module."""
    run_info(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), read)


if __name__ == "__main__":
    main()
