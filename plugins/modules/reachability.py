#!/usr/bin/python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove that workloads reach each other."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reachability
short_description: Prove that the workloads of this node reach other workloads
version_added: "1.0.0"
author:
  - purel3.fabric authors (@purel3)
description:
  - Sends packets from inside the network namespace of each workload of this node to each destination, all pairs in one
    process, and reports which are not reached, why, and how long the first packet took.
  - A destination needs no listener. It answers an ICMP echo request itself, and a TCP connection that it refuses proves
    the way there and back as well as one that it accepts.
  - Packets of full size, which nobody may cut into fragments, are sent from one workload to one of each other node.
  - A workload without a network namespace reaches nobody; the others are tested all the same.
  - Silent pairs are tried again until O(timeout), so that the module can run while routes still converge.
  - In check mode the task is skipped, because workloads that are not there yet cannot send.
extends_documentation_fragment:
  - purel3.fabric.attributes
  - purel3.fabric.attributes.actiongroup_fabric
  - purel3.fabric.workload
attributes:
  check_mode:
    support: none
    details:
      - The task is skipped.
  diff_mode:
    support: N/A
    details:
      - Nothing is changed, so there is no difference to show.
  idempotent:
    support: full
options:
  workloads:
    description:
      - The workloads of this node, from which packets start, as for M(purel3.fabric.workloads).
      - Of each only its name, address and network namespace are used.
    required: true
  destinations:
    description:
      - The workloads to be reached. A workload is not tested against its own address.
      - Also as one text, for example C(name=web1 address=10.244.166.128,name=web5 address=10.244.104.0), as the
        inventory plugin writes it. Ansible looks through every value of a list for each host, which takes its time
        where there are hundreds of both.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the workload.
        type: str
        required: true
      address:
        description: Its IPv4 address, without prefix length.
        type: str
        required: true
      node:
        description: The node that it is on; by default, each is on a node of its own.
        type: str
      mtu:
        description: How large packets to it may be, in bytes, where that is less than the sender's interface takes.
        type: int
  protocols:
    description: What to send.
    type: list
    elements: str
    choices: [icmp, tcp]
    default: [icmp, tcp]
  port:
    description: The TCP port to connect to.
    type: int
    default: 9
  timeout:
    description:
      - How long pairs that do not answer are tried again, in seconds, with all protocols together.
      - Each pair is tried once with each protocol, and has a second to answer, even if this is V(0).
    type: float
    default: 30.0
  excluded:
    description:
      - Pairs that are not tested, each with C(source) and C(destination), as RV(unreachable_pairs) has them. So after a
        change only that can be asked for which was so before it.
    type: list
    elements: dict
    default: []
  absent:
    description:
      - Names of workloads that are not tested, because their namespaces are not there, as
        RV(purel3.fabric.conformance#module:missing_workloads) has them.
    type: list
    elements: str
    default: []
  full_packets:
    description: Whether packets of full size are sent, too; not where O(protocols) lacks V(icmp).
    type: bool
    default: true
  mtu:
    description:
      - How large packets between nodes may be by the fabric file, in bytes, with what is put around them.
      - Only to say what to set instead. If not given, nothing is put around them.
    type: int
  policy:
    description:
      - What is enforced, as options of M(purel3.fabric.policy); empty where nothing is. What policies deny must not
        arrive, and is tried as well.
    type: dict
    default: {}
  is_required:
    description: Fail if a pair cannot be reached, or full packets do not pass from node to node.
    type: bool
    default: true
requirements:
  - root
seealso:
  - module: purel3.fabric.workloads
"""

EXAMPLES = r"""
- name: Prove that the workloads of this node reach all others
  purel3.fabric.reachability:
    workloads:
      - name: web1
        address: 10.244.166.128
    destinations:
      - name: web1
        address: 10.244.166.128
      - name: web5
        address: 10.244.104.0
  become: true
"""

RETURN = r"""
summary:
  description: The result in one line.
  returned: when the packets were sent, also if a pair is unreachable
  type: str
  sample: 10/10 workload pairs reachable (ICMP and TCP)
pair_count:
  description: How many pairs of a source and a destination were tested.
  returned: when the packets were sent, also if a pair is unreachable
  type: int
  sample: 10
reachable_count:
  description: How many of them answered with every protocol.
  returned: when the packets were sent, also if a pair is unreachable
  type: int
  sample: 10
unreachable_pairs:
  description: The pairs that did not, sorted.
  returned: when the packets were sent, also if a pair is unreachable
  type: list
  elements: dict
  sample:
    - source: web1
      destination: web5
      address: 10.244.104.0
      protocol: icmp
      reason: no ICMP echo reply (10 tries)
narrow_paths:
  description:
    - The paths from this node to others on which packets of full size do not arrive, though small ones do.
    - Where nothing says what they carry, it takes some seconds to find out.
  returned: when the packets were sent, also if a pair is unreachable
  type: list
  elements: dict
  contains:
    source:
      description: Name of the workload that sent.
      type: str
    destination:
      description: Name of the one that should have answered.
      type: str
    from_node:
      description: Name of this node, empty where no destination has it.
      type: str
    to_node:
      description: Name of the other.
      type: str
    size:
      description: Of the packets that do not arrive, in bytes.
      type: int
    passing:
      description: Size of the largest that do.
      type: int
    mtu:
      description: What O(mtu) should be.
      type: int
    reason:
      description: What is known of the packets that do not arrive.
      type: str
  sample:
    - source: web1
      destination: web5
      from_node: node1
      to_node: node3
      size: 1500
      passing: 1400
      mtu: 1400
      reason: no ICMP echo reply
open_pairs:
  description: The pairs that answered although policies deny it, sorted.
  returned: when the packets were sent, also if a pair is unreachable
  type: list
  elements: dict
  sample: []
denied_count:
  description: For how many pairs policies deny all protocols; these are not among RV(pair_count).
  returned: when the packets were sent, also if a pair is unreachable
  type: int
  sample: 0
denied_pairs:
  description: The destinations of these pairs by their source, unless there are more than 40 destinations.
  returned: when the packets were sent, also if a pair is unreachable
  type: dict
  sample: {}
first_packet_ms:
  description:
    - For each protocol, how long the first packet of a pair took to be answered, over all pairs, in milliseconds.
    - Null where no pair answered.
  returned: when the packets were sent, also if a pair is unreachable
  type: dict
  sample:
    icmp: {min: 0.041, median: 0.063, max: 0.218}
    tcp: {min: 0.052, median: 0.071, max: 0.144}
retried_count:
  description: How many pairs did not answer the first packet.
  returned: when the packets were sent, also if a pair is unreachable
  type: int
  sample: 0
sources:
  description: Names of the workloads that packets were sent from, sorted.
  returned: when the packets were sent, also if a pair is unreachable
  type: list
  elements: str
  sample: [web1]
destinations:
  description: Names of the workloads that packets were sent to, sorted.
  returned: when the packets were sent, also if a pair is unreachable
  type: list
  elements: str
  sample: [web1, web5]
protocols:
  description: What was sent.
  returned: when the packets were sent, also if a pair is unreachable
  type: list
  elements: str
  sample: [icmp, tcp]
faults:
  description: What is wrong, one sentence each.
  returned: failure
  type: list
  elements: str
  sample: ["port: 65536 is not between 1 and 65535"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.policy import enforced
from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.runner import run_info
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.workload import WORKLOAD_SPEC
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.check import check_reachability

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "workloads": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": WORKLOAD_SPEC,
    },
    "destinations": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "node": {"type": "str"},
            "mtu": {"type": "int"},
        },
    },
    "protocols": {"type": "list", "elements": "str", "choices": ["icmp", "tcp"], "default": ["icmp", "tcp"]},
    "port": {"type": "int", "default": 9},
    "timeout": {"type": "float", "default": 30.0},
    "excluded": {"type": "list", "elements": "dict", "default": []},
    "absent": {"type": "list", "elements": "str", "default": []},
    "full_packets": {"type": "bool", "default": True},
    "mtu": {"type": "int"},
    "policy": {"type": "dict", "default": {}},
    "is_required": {"type": "bool", "default": True},
}


def _check(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    return check_reachability({**params, "policy": enforced(params["policy"] or {})})


def main() -> None:
    """Run the module."""
    run_info(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=False), _check)


if __name__ == "__main__":
    main()
