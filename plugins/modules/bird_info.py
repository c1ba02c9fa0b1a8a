#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bird_info
short_description: Reads the protocols, sessions and routes of BIRD, at once or when its sessions are up
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Asks a running BIRD over its control socket, and returns its answers as data.
  - Can wait until BGP sessions are established. If they are not in time, the message says which are missing and why,
    in BIRD's own words.
options:
  socket:
    description:
      - BIRD's control socket.
    type: path
    default: /run/bird/bird.ctl
  peers:
    description:
      - The peers that BIRD should have sessions with, as in C(bird_peers). Each has at least C(name) and C(address).
        Of the other keys, C(type) and C(blocks) matter, and what keeps blocks back (filters and aggregates).
      - If empty, whatever BIRD is configured with. Names and types then come from the descriptions there.
    type: list
    elements: dict
    default: []
  wait_for:
    description:
      - V(established) waits until the session with each of O(peers) is established.
      - V(routes) waits in addition until the blocks of all O(peers) have arrived and are in the kernel, which BIRD
        leaves alone for a while after a restart.
      - If not given, BIRD is read at once. In check mode nothing is waited for.
    type: str
    choices: [established, routes]
  with_routes:
    description:
      - Whether to return the routes, which may be many.
    type: bool
    default: true
  timeout:
    description:
      - How many seconds to wait at most.
    type: float
    default: 120
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.info_module
  - purel3.fabric.attributes.actiongroup_fabric
notes:
  - Needs root.
seealso:
  - module: purel3.fabric.bird_config
  - module: purel3.fabric.bird_service
"""

EXAMPLES = r"""
- name: Wait until all sessions are up
  purel3.fabric.bird_info:
    peers: "{{ bird_peers }}"
    wait_for: established
    timeout: 20
  register: bird

- name: Show them
  ansible.builtin.debug:
    var: bird.status_table
"""

RETURN = r"""
is_running:
  description: Whether a BIRD listens at the control socket. If not, the lists are empty.
  returned: success
  type: bool
  sample: true
version:
  description: BIRD's version.
  returned: success
  type: str
  sample: 2.0.12
router_id:
  description: BIRD's identity.
  returned: success
  type: str
  sample: 192.168.50.10
is_recovering:
  description: Whether BIRD still waits for its peers after a restart, and leaves the kernel's routes alone until then.
  returned: success
  type: bool
  sample: false
protocols:
  description: All protocols, sorted by name.
  returned: success
  type: list
  elements: dict
  sample:
    - name: fabric_kernel
      kind: Kernel
      table: master4
      state: up
      since: "09:22:08.827"
      info: ""
      description: ""
      channels:
        - name: ipv4
          state: UP
          imported: 0
          exported: 3
          filtered: 0
sessions:
  description: The BGP sessions, sorted by address.
  returned: success
  type: list
  elements: dict
  sample:
    - peer_name: node2
      peer_type: node-to-node mesh
      address: 192.168.50.11
      ip_version: 4
      protocol: peer_192_168_50_11
      state: up
      since: "09:22:08.827"
      bgp_state: Established
      is_established: true
      info: Established
      last_error: ""
      as_number: 64512
      local_as_number: 64512
      imported: 1
      filtered: 0
      exported: 1
routes:
  description: The routes in BIRD's tables; empty without O(with_routes).
  returned: success
  type: list
  elements: dict
  sample:
    - table: master4
      network: 10.244.104.0/26
      kind: unicast
      protocol: peer_192_168_50_11
      since: "09:22:08.827"
      is_best: true
      preference: 100
      next_hops:
        - gateway: 192.168.50.11
          interface: eth0
      as_path: ""
      bgp_next_hop: 192.168.50.11
status_table:
  description: The sessions as C(calicoctl node status) shows them.
  returned: success
  type: list
  elements: str
  sample:
    - IPv4 BGP status
    - +---------------+-------------------+-------+----------+-------------+
    - "| PEER ADDRESS  |     PEER TYPE     | STATE |  SINCE   |    INFO     |"
    - +---------------+-------------------+-------+----------+-------------+
    - "| 192.168.50.11 | node-to-node mesh | up    | 09:22:08 | Established |"
    - +---------------+-------------------+-------+----------+-------------+
    - ""
    - IPv6 BGP status
    - No IPv6 peers found.
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample:
    - >-
      /run/bird/bird.ctl: after 30 s: 2/3 sessions up; node3 192.168.50.12: Active, Connection refused;
      check that BIRD runs there, that TCP port 179 is open, and that both sides name each other's AS
"""

import typing as t
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_waiting_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.expected import expected_peers
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.observation import Wait, read
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk.sessions import report, status_table

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "socket": {"type": "path", "default": "/run/bird/bird.ctl"},
    "peers": {"type": "list", "elements": "dict", "default": []},
    "wait_for": {"type": "str", "choices": ["established", "routes"]},
    "with_routes": {"type": "bool", "default": True},
    "timeout": {"type": "float", "default": 120},
}


def read_for(params: t.Mapping[str, t.Any], *, may_wait: bool) -> t.Mapping[str, t.Any]:
    """Read what the options ask for."""
    peers = expected_peers(params["peers"])
    waits_for = params["wait_for"] if may_wait else None
    snapshot = read(
        params["socket"],
        None if waits_for is None else Wait(peers, waits_for == "routes", params["timeout"]),
        with_routes=params["with_routes"],
    )
    protocols = snapshot.protocols if snapshot else ()
    return {
        "is_running": snapshot is not None,
        "version": snapshot.daemon.version if snapshot else None,
        "router_id": snapshot.daemon.router_id if snapshot else None,
        "is_recovering": snapshot is not None and snapshot.daemon.is_recovering,
        "protocols": [
            {key: value for key, value in asdict(protocol).items() if key != "session"} for protocol in protocols
        ],
        "sessions": report(protocols, peers),
        "routes": [asdict(route) for route in snapshot.routes] if snapshot else [],
        "status_table": list(status_table(protocols, peers)),
    }


def main() -> None:
    """Run as Ansible calls it."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    run_waiting_info(module, read_for)


if __name__ == "__main__":
    main()
