#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out which tasks of a run have nothing to do on a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: survey
short_description: Finds out which tasks of a run have nothing to do on a node
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Plans, in one process, what several modules would do on this node, each with the options that it is given here, and
    says which of them have nothing to do. The roles leave out the tasks that are named.
  - Whatever is in doubt is not named, so that its own task runs and says what differs or is wrong. A module that would
    do something is not named, nor is one whose work might be made necessary by that.
  - Where a program is missing, nothing that comes after its package is installed is named.
  - Changes nothing, and does not fail where a module would.
options:
  tunnel_info:
    description: The options of M(purel3.fabric.tunnel_info), as a preflight.
    type: dict
  host_info:
    description: The options of M(purel3.fabric.host_info), as a preflight.
    type: dict
  host:
    description: The options of M(purel3.fabric.host).
    type: dict
  policy:
    description: The options of M(purel3.fabric.policy).
    type: dict
  workloads:
    description: The options of M(purel3.fabric.workloads).
    type: dict
  tunnel:
    description: The options of M(purel3.fabric.tunnel), which has nothing to do where there is no address.
    type: dict
  bird_config:
    description: The options of M(purel3.fabric.bird_config) but for O(bird_passwords).
    type: dict
  bird_passwords:
    description: The option O(purel3.fabric.bird_config#module:passwords).
    type: str
  bird_variables:
    description:
      - The variables of the role P(purel3.fabric.bird#role), by name. From these, the content and the passwords are
        rendered, and given to O(bird_config) and O(bird_passwords).
    type: dict
  bird_service:
    description: The options of M(purel3.fabric.bird_service).
    type: dict
  restore:
    description: The options of M(purel3.fabric.restore).
    type: dict
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.info_module
  - purel3.fabric.attributes.actiongroup_fabric
notes:
  - Needs root, as the modules do.
seealso:
  - module: purel3.fabric.conformance
    description: Proves that a node is as it should be.
"""

EXAMPLES = r"""
- name: Find out whether anything is to be done
  purel3.fabric.survey:
    host:
      modules: [ipip]
    workloads:
      workloads: "{{ node_workloads }}"
  register: fabric_survey

- name: Attach the workloads
  purel3.fabric.workloads:
    workloads: "{{ node_workloads }}"
  when: "'workloads' not in fabric_survey.settled"
"""

RETURN = r"""
settled:
  description:
    - The options whose modules have nothing to do or to say, and V(restore_preflight) where nothing stands in the way
      of O(restore).
  returned: success
  type: list
  elements: str
  sample: [host, bird_config, bird_service, restore_preflight]
is_settled:
  description: Whether that holds for all of them.
  returned: success
  type: bool
  sample: false
differences:
  description: What the modules would do or say, by option, one line each.
  returned: success
  type: dict
  sample:
    workloads:
      - + workload web1  10.244.166.128/32  cali977588a87e1 -> eth0
faults_found:
  description: What is wrong, by option, one sentence each.
  returned: success
  type: dict
  sample:
    restore:
      - "/usr/local/sbin/purel3 stands in the way: it is not ours; move it away, or choose another path"
in_the_way:
  description: What no task could mend, one sentence each - what is not ours, and what the kernel lacks for a tunnel.
  returned: success
  type: list
  elements: str
  sample:
    - "/usr/local/sbin/purel3 stands in the way: it is not ours; move it away, or choose another path"
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.survey import survey
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "tunnel_info": {"type": "dict"},
    "host_info": {"type": "dict"},
    "host": {"type": "dict"},
    "policy": {"type": "dict"},
    "workloads": {"type": "dict"},
    "tunnel": {"type": "dict"},
    "bird_config": {"type": "dict"},
    "bird_passwords": {"type": "str", "no_log": True},
    "bird_variables": {"type": "dict", "no_log": True},
    "bird_service": {"type": "dict"},
    "restore": {"type": "dict"},
}


def main() -> None:
    """Run as Ansible calls it."""
    run_info(AnsibleModule(ARGUMENT_SPEC, supports_check_mode=True), survey)


if __name__ == "__main__":
    main()
