#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bird_hold
short_description: Holds the routes that BIRD has learnt while its sessions restart
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Writes the routes that BIRD has learnt from its peers and given to the kernel into C(fabric_held.conf) as static
    routes that BIRD prefers less, and loads that.
  - When a session ends, the kernel's routes stay as they are, and when it comes back, they stay as they are too. With
    the routes held on both nodes of a session, no packet between them is lost while it restarts.
  - Held routes are not announced to anyone.
  - A node whose routes are held does not notice that a way is dead. So hold them during a change only.
options:
  state:
    description:
      - With V(present), what is learnt now is held. What is held already and not learnt at the moment is held on.
      - With V(absent), the task waits until everything that is held is learnt again, and then lets go.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description:
      - How many seconds to wait with O(state=absent). If a held network is then still not learnt, all stay held, and
        the error names it.
      - With V(0), everything is let go at once; the kernel loses the routes that are not learnt.
    type: int
    default: 60
  path:
    description:
      - The configuration of BIRD. It must include C(fabric_held*.conf), as that of the filter
        P(purel3.fabric.bird_config#filter) does; the file with the routes stands beside it.
      - If not given, the one that the installed BIRD reads.
    type: path
  socket:
    description:
      - BIRD's control socket. If no BIRD listens there, there is nothing to hold.
    type: path
    default: /run/bird/bird.ctl
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
notes:
  - Needs root, and BIRD 2.0.12 or newer.
seealso:
  - module: purel3.fabric.bird_config
"""

EXAMPLES = r"""
- name: Hold all learnt routes
  purel3.fabric.bird_hold:
    state: present

- name: Restart all sessions
  purel3.fabric.bird_config:
    content: "{{ node_bird | purel3.fabric.bird_config }}"
    max_session_restarts: -1

- name: Let go of the routes when they are learnt again
  purel3.fabric.bird_hold:
    state: absent
    wait_timeout: 60
"""

RETURN = r"""
operations:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["+ held route 10.244.104.0/26"]
held:
  description: The networks that are held now, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["10.244.104.0/26"]
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample:
    - >-
      /run/bird/bird.ctl: after 30 s no session has brought 10.244.104.0/26, so all routes are still held; see why,
      or let go of them with wait_timeout 0
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.hold import HoldOptions, propose
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.daemon import find_config

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait_timeout": {"type": "int", "default": 60},
    "path": {"type": "path"},
    "socket": {"type": "path", "default": "/run/bird/bird.ctl"},
}


def propose_from(params: t.Mapping[str, t.Any]) -> Proposal:
    """Plan what the options ask for."""
    return propose(
        HoldOptions(
            is_held=params["state"] == "present",
            path=params["path"] or find_config(),
            socket=params["socket"],
            patience=float(params["wait_timeout"]),
        )
    )


def main() -> None:
    """Run as Ansible calls it."""
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), propose_from)


if __name__ == "__main__":
    main()
